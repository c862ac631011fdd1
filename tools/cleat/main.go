// Command cleat is the operator's command: it asks cleatd over the control socket and prints the answer.
//
// Exit codes: 0 done, 1 cleatd refused or failed, 2 wrong usage, 3 cleatd is not reachable.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"cleat/appliance/api"
)

const (
	exitOK = iota
	exitFailed
	exitUsage
	exitUnreachable
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a reader that stops early (head) then gives EPIPE, which is no error
	os.Exit(run(byName(os.Args), os.Stdout, os.Stderr))
}

// byName is the command line after the program's name, which is a command too if it is that of a tool of the kernel's: a
// symbolic link named ipvsadm is cleat ipvsadm.
func byName(args []string) []string {
	name := filepath.Base(args[0])
	if kernelTools[name] == nil {
		return args[1:]
	}
	return append([]string{name}, args[1:]...)
}

// run does what args say and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	out := bufio.NewWriterSize(stdout, 64<<10)
	root := newRoot(out)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.Execute()
	if flushErr := out.Flush(); err == nil && flushErr != nil {
		err = &failure{flushErr}
	}
	return report(err, stderr)
}

// report says what went wrong and returns the exit code for it.
func report(err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return exitOK
	}
	if ended, ok := errors.AsType[exitCode](err); ok {
		return int(ended)
	}
	prefix := "cleat: "
	for line := range strings.Lines(strings.ReplaceAll(err.Error(), "\t", "  ")) {
		if line = strings.TrimRight(line, "\n"); line != "" {
			fmt.Fprintln(stderr, prefix+printable(line))
			prefix = "       "
		}
	}
	if _, ok := errors.AsType[*unreachable](err); ok {
		return exitUnreachable
	}
	if _, ok := errors.AsType[*failure](err); ok {
		return exitFailed
	}
	return exitUsage // the command line is all that can be wrong before a command runs
}

// exitCode ends a command that has said itself what there was to say.
type exitCode int

func (e exitCode) Error() string { return "exit code " + strconv.Itoa(int(e)) }

// failure is what went wrong after the command line was found right.
type failure struct{ error }

func (f *failure) Unwrap() error { return f.error }

// problem is the answer of a cleatd that refuses.
func problem(p *api.Problem, status string) error {
	if p.Title == "" {
		p.Title = "cleatd answered " + status
	}
	return &failure{p}
}
