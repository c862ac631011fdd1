package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"cleat/conf"

	"cleat/perf/lab"
	"cleat/perf/page"
	"cleat/perf/result"
)

func runCommand() *cobra.Command {
	var out, role string
	cmd := &cobra.Command{
		Use:   "run LAB.toml",
		Short: "Run a suite of measurements and write a report with plots",
		Long: `run starts the programs that a suite has beside its measurements, makes the measurements one after the other, each in a process of its
own, and writes report.html, report.md with its plots, report.json and histograms (.hlog) into a directory.

Suites for several machines say who does what by roles: each machine runs the same file with its own --role. One whose role
measures nothing keeps its programs up until it is ended.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			suite, err := lab.Read(args[0], checkOptions)
			if err != nil {
				return failed(err)
			}
			if suite, err = suite.For(role); err != nil {
				return err
			}
			return failed(runSuite(cmd, suite, out))
		},
	}
	cmd.Flags().StringVar(&out, "out", "report", "write the report into this `directory`")
	cmd.Flags().StringVar(&role, "role", "", "do only what this `role` does; as it is, everything")
	return cmd
}

func runSuite(cmd *cobra.Command, suite *lab.Lab, out string) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	report, err := measured(ctx, cmd.ErrOrStderr(), self, suite)
	if err != nil || report == nil {
		return err
	}
	if err := page.Write(out, suite.Title, report); err != nil {
		return err
	}
	return summary(cmd.OutOrStdout(), filepath.Join(out, "report.html"), report)
}

func measured(ctx context.Context, w io.Writer, self string, suite *lab.Lab) (*result.Report, error) {
	r := &lab.Runner{Self: self, Progress: &lab.Plain{W: w}}
	if f, ok := w.(*os.File); ok && terminal(f) && len(suite.Steps) > 0 {
		bars := lab.NewBars(w, len(suite.Steps))
		defer bars.Close()
		r.Progress = bars
	}
	return r.Run(ctx, suite)
}

func terminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// summary is what is printed in the end: what the report says in short, and where it is.
func summary(w io.Writer, file string, r *result.Report) error {
	tables := []func(io.Writer) error{r.Table, r.TargetTable}
	if len(r.Searches)+len(r.Soaks) > 0 {
		tables = append(tables, r.SearchTable)
	}
	for _, table := range tables {
		if err := table(w); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "report with plots: %s\n", file)
	var errs []error
	for _, f := range r.Failures {
		errs = append(errs, fmt.Errorf("%s could not be measured: %s", f.Case, f.Why))
	}
	return errors.Join(errs...)
}

// checkOptions implements lab.Check over the commands of this program.
func checkOptions(command string, options map[string]any, measures bool) (option, hint string, err error) {
	commands, names := measurements(), []string(nil)
	if !measures {
		commands, names = programs(), []string{lab.Director}
	}
	for _, cmd := range commands {
		names = append(names, cmd.Name())
		if cmd.Name() == command {
			return checkFlags(cmd, options)
		}
	}
	if !slices.Contains(names, command) {
		return "", conf.DidYouMean(command, names), fmt.Errorf("%q is not one that can stand here", command)
	}
	return "", "", nil // cleatd looks at its options itself
}

func checkFlags(cmd *cobra.Command, options map[string]any) (option, hint string, err error) {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	for _, key := range slices.Sorted(maps.Keys(options)) {
		if !slices.Contains(names, key) {
			return key, conf.DidYouMean(key, names), fmt.Errorf("cleat-perf %s has no such option", cmd.Name())
		}
		for _, v := range lab.Values(options[key]) {
			if err := cmd.Flags().Set(key, v); err != nil {
				return key, "", err
			}
		}
	}
	return "", "", nil
}
