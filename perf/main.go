// Command cleat-perf measures the data path: what a packet costs, above the floor of the port that it came from.
//
// Exit codes: 0 done, 1 the measurement failed or compare found something worse, 2 wrong usage.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "unknown"

const (
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run does what args say and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:   "cleat-perf",
		Short: "Measure the data path",
		Long: `cleat-perf measures what a packet costs one worker of cleat: nanoseconds of CPU time, above the floor of the port that it came from.

Exit codes: 0 done, 1 the measurement failed or compare found something worse, 2 wrong usage.`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(measurements()...)
	root.AddCommand(programs()...)
	root.AddCommand(runCommand(), compareCommand(), instructionsCommand(), pcapCommand())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "cleat-perf:", err)
	if _, ok := errors.AsType[*failure](err); ok {
		return exitFailed
	}
	return exitUsage // the command line is all that can be wrong before a command runs
}

// measurements are the commands that print a report, and so may be steps of a suite.
func measurements() []*cobra.Command {
	all := []*cobra.Command{floorCommand(), pathCommand(), genCommand(), searchCommand(), sampleCommand()}
	for i := range specials {
		all = append(all, specialCommand(&specials[i]))
	}
	return all
}

// programs are the commands that may be up beside a suite's steps.
func programs() []*cobra.Command { return []*cobra.Command{reflectCommand()} }

// failure is what went wrong after the command line was found right.
type failure struct{ error }

func (f *failure) Unwrap() error { return f.error }

// failed makes a failure of err, if there is one.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return &failure{err}
}
