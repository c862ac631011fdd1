// Package ipvsadm speaks ipvsadm 1.31, byte for byte (docs/spec/ipvsadm.md), to a cleatd instead of a kernel.
//
// The way of a command line:
//
//  1. words takes options out of it, as popt does.
//  2. parse reads their values into a request and stops at the first that is wrong.
//  3. request.check says which options do not belong together.
//  4. Tool.do asks cleatd: do.go for changes, list.go, entries.go and save.go for what is printed.
//
// proc.go has the texts of /proc/net/ip_vs*, which scripts read beside the tool's own output.
package ipvsadm

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"cleat/appliance/api"
)

// Exit codes (I3). Others are what a command of -R or the kernel's answer ended with.
const (
	exitOK      = 0
	exitListing = 1   // a listing failed
	exitUsage   = 2   // the tool refuses
	exitRefused = 255 // the kernel refuses; also: no command, unknown option
)

const version = "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n"

// Cleatd is what the tool asks. A refusal is an *api.Problem; other errors mean that cleatd is not there or not well.
type Cleatd interface {
	IPVS() (api.IPVS, error)
	Services() ([]api.Service, error) // servers in the order of adding
	Ports() ([]api.Port, error)
	Do(api.Command) error
	Templates(yield func(*api.Template) error) error
	Connections(yield func(*api.Connection) error) error
}

// Tool is one run of ipvsadm.
type Tool struct {
	Name   string // argv[0], for messages
	Cleatd Cleatd
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
}

// failure is a message that ends the run, -R included unless it goes on.
type failure struct {
	code   int
	text   string
	goesOn bool // with the next line of -R
}

func (f *failure) Error() string { return f.text }

// usage is what the tool itself finds wrong.
func usage(format string, a ...any) error {
	return &failure{code: exitUsage, text: fmt.Sprintf(format, a...)}
}

// finished ends a run without a message: after --help and --version, also within -R.
var finished = errors.New("")

// Run does what the arguments say, argv[0] not among them, and returns the exit code.
func (t *Tool) Run(args []string) int {
	if len(args) == 0 { // I1: as -L
		args = []string{"-L"}
	}
	code, err := t.line(args, false)
	return t.end(code, err)
}

// Save is ipvsadm-save: -S, with -n if the first argument says so (I5.4).
func (t *Tool) Save(args []string) int {
	save := []string{"-S"}
	for _, arg := range args {
		switch {
		case arg == "-n":
			save = []string{"-S", "-n"}
		case strings.HasPrefix(arg, "-"):
			fmt.Fprintf(t.Stderr, "%s: Script to save the IPVS table to stdout.\n   With the -n option, prints out the table in numeric format.\n", t.Name)
			return exitListing
		}
	}
	t.Name = "ipvsadm"
	return t.Run(save)
}

// Restore is ipvsadm-restore: lines that begin with # are left out, the table is cleared, the rest goes to -R (I5.4).
func (t *Tool) Restore() int {
	all, err := io.ReadAll(t.Stdin)
	if err != nil {
		return t.end(exitUsage, err)
	}
	var rules strings.Builder
	for line := range strings.Lines(string(all)) {
		if !strings.HasPrefix(line, "#") {
			rules.WriteString(line)
		}
	}
	t.Name, t.Stdin = "ipvsadm", strings.NewReader(rules.String())
	t.Run([]string{"-C"})
	return t.Run([]string{"-R"})
}

// end writes the message of an error, if it has one, and returns the exit code for it.
func (t *Tool) end(code int, err error) int {
	if err == nil {
		return code
	}
	if f, ok := errors.AsType[*failure](err); ok {
		code = f.code
	} else if err != finished {
		code = exitUsage
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(t.Stderr, text)
	}
	return code
}

// line runs one command line. An error ends the run; a refusal of the kernel is told here and is a code only, so that -R goes on.
func (t *Tool) line(args []string, restoring bool) (code int, err error) {
	r, err := parse(args)
	switch {
	case errors.Is(err, errNoCommand) || err == nil && restoring && r.command == restore:
		return 0, &failure{code: exitRefused, text: fmt.Sprintf("Try `%s -h' or '%[1]s --help' for more information.", t.Name)}
	case err != nil:
		if f, ok := errors.AsType[*failure](err); ok && f.goesOn {
			return t.end(0, f), nil
		}
		return 0, err
	}
	switch r.command {
	case help:
		io.WriteString(t.Stdout, version+strings.ReplaceAll(usageText, "PROG", t.Name))
		return 0, finished
	case showVersion:
		io.WriteString(t.Stdout, version)
		return 0, finished
	}
	if err := r.check(); err != nil {
		return 0, err
	}
	if r.command == restore {
		return t.restore()
	}
	return t.do(r)
}

// restore runs the lines of standard input (I5.2, I5.3). Its code is the last command's.
func (t *Tool) restore() (code int, err error) {
	lines := bufio.NewReader(t.Stdin)
	for {
		text, readErr := lines.ReadString('\n')
		if readErr != nil && readErr != io.EOF {
			return 0, readErr
		}
		var args []string
		for _, word := range strings.FieldsFunc(text, isBlank) {
			if word != "ipvsadm" {
				args = append(args, word)
			}
		}
		if len(args) > 0 {
			if code, err = t.line(args, true); err != nil {
				return code, err
			}
		}
		if readErr == io.EOF {
			return code, nil
		}
	}
}

func isBlank(c rune) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
