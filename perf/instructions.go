package main

import (
	"fmt"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"cleat/cgo/eal"

	"cleat/perf/instructions"
	"cleat/perf/result"
)

func instructionsCommand() *cobra.Command {
	var tests string
	cmd := &cobra.Command{
		Use:   "instructions --tests FILE",
		Short: "Count the instructions that a packet takes",
		Long: `instructions runs benchmarks of the data path under valgrind and prints a report of how many instructions a packet takes a worker, the test's
ports taken off. Counts can be compared across machines and days. Needs no root. The file is made by

    CGO_ENABLED=0 go test -c -o lcore.test ./lcore`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, err := filepath.Abs(tests) // without a slash it would be looked for in PATH
			if err != nil {
				return failed(err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			r := &result.Report{Host: result.NewHost(version, eal.Version())}
			r.Figures, err = instructions.Measure(ctx, file, func(name string) { fmt.Fprintln(cmd.ErrOrStderr(), "counting", name) })
			if err != nil {
				return failed(err)
			}
			return failed(r.JSON(cmd.OutOrStdout()))
		},
	}
	cmd.Flags().StringVar(&tests, "tests", "", "the compiled tests of lcore, a `file`")
	if err := cmd.MarkFlagRequired("tests"); err != nil {
		panic(err) // it is defined above
	}
	return cmd
}
