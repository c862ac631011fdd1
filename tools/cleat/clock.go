package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"cleat/appliance/api"
)

func (o *operator) clockCommand() *cobra.Command {
	clock := &cobra.Command{
		Use:   "clock",
		Short: "The clock of a cleatd in a lab",
		Args:  cobra.NoArgs,
	}
	clock.AddCommand(&cobra.Command{
		Use:   "advance SECONDS",
		Short: "Set the clock ahead (cleatd --lab-clock): whatever that makes due happens, in order, before the command ends",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			seconds, err := strconv.ParseFloat(args[0], 64)
			if err != nil || !(seconds >= 0 && seconds <= api.MaxAdvance) {
				return fmt.Errorf("%q is no number of seconds from 0 to %d", args[0], api.MaxAdvance)
			}
			return ask(cmd.Context(), o, http.MethodPost, "/v1/clock", api.Advance{Seconds: seconds}, printClock)
		},
	})
	return clock
}

func printClock(w io.Writer, c api.Clock) error {
	_, err := fmt.Fprintf(w, "the clock is %gs ahead\n", c.Ahead)
	return err
}
