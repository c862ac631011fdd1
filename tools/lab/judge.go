package main

import (
	"errors"
	"os"

	"cleat/tools/lab/play/judge"

	"github.com/spf13/cobra"
)

func judgeCommand() *cobra.Command {
	var accept string
	cmd := &cobra.Command{
		Use:   "judge GOLDEN RESULT",
		Short: "Compare what plays came to with what the kernel did",
		Long: "Compares a result of cleat-lab play with the recording of the kernel's, or all of a folder's with those of another,\n" +
			"and prints every difference. What agreement means: docs/lab.md.\n" +
			"The last line is AGREE n, or DIFFER n of m scenarios; then the exit status is 1.",
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			var rules judge.Rules
			if accept != "" {
				var err error
				if rules, err = judge.ReadRules(accept); err != nil {
					return err
				}
			}
			err := judge.Folders(os.Stdout, args[0], args[1], rules)
			if errors.Is(err, judge.ErrDiffer) {
				return errTold
			}
			return err
		},
	}
	cmd.Flags().StringVar(&accept, "accept", "", "accept the differences that this `FILE` lists: \"scenario step what: reason\"")
	return cmd
}
