package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"cleat/perf/compare"
	"cleat/perf/result"
)

func compareCommand() *cobra.Command {
	var o compare.Options
	var threshold, output string
	cmd := &cobra.Command{
		Use:   "compare OLD.json NEW.json",
		Short: "Tell whether one report is worse than another",
		Long: `compare sets the cases that two reports share side by side: medians over the repetitions, their change, and the probability that chance
made it (Mann-Whitney U test). It ends with exit code 1 if anything became worse by the threshold or more.

Times are compared only if both reports are of one machine and not an hour apart. With --across they are not: then own costs as
multiples of the floor that was measured in turns with them, counts of instructions, bytes and shares are.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.Threshold, err = percent(threshold); err != nil {
				return err
			}
			if output != "table" && output != "json" {
				return fmt.Errorf("--output %q: must be table or json", output)
			}
			return failed(compareFiles(cmd, args[0], args[1], o, output))
		},
	}
	f := cmd.Flags()
	f.StringVar(&threshold, "threshold", "5%", "least change that is called better or worse, in `percent`")
	f.BoolVar(&o.Across, "across", false, "compare only what other machines and other hours leave as it is")
	f.StringVarP(&output, "output", "o", "table", "`format`: table or json")
	return cmd
}

// percent reads "5%".
func percent(text string) (float64, error) {
	number, sign := strings.CutSuffix(text, "%")
	p, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !sign || err != nil || !(p >= 0 && p <= 100) {
		return 0, fmt.Errorf("--threshold %q: must be a percentage from 0%% to 100%%, like 5%%", text)
	}
	return p / 100, nil
}

var errWorse = errors.New("something became worse")

func compareFiles(cmd *cobra.Command, old, new string, o compare.Options, output string) error {
	before, err := result.Read(old)
	if err != nil {
		return err
	}
	after, err := result.Read(new)
	if err != nil {
		return err
	}
	changes, missing, err := compare.Reports(before, after, o)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "cleat-perf: only in one of the reports: %s\n", strings.Join(missing, ", "))
	}
	if err := writeChanges(cmd.OutOrStdout(), changes, output); err != nil {
		return err
	}
	if compare.Fails(changes) {
		return errWorse
	}
	return nil
}

func writeChanges(w io.Writer, changes []compare.Change, output string) error {
	if output == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(changes)
	}
	return compare.Table(w, changes)
}
