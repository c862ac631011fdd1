package main

import (
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"cleat/appliance/api"
)

func (o *operator) configCommand() *cobra.Command {
	config := &cobra.Command{
		Use:   "config",
		Short: "The configuration",
		Args:  cobra.NoArgs,
	}
	var running bool
	show := &cobra.Command{
		Use:   "show",
		Short: "Print the configuration file as it was read, every default filled in, in a form that cleatd reads",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := "/v1/config"
			if running {
				path += "?running=true"
			}
			return ask(cmd.Context(), o, http.MethodGet, path, nil, printConfig)
		},
	}
	show.Flags().BoolVar(&running, "running", false, "what is in force: with what commands have changed")
	config.AddCommand(show)
	return config
}

func printConfig(w io.Writer, c api.Config) error {
	_, err := io.WriteString(w, c.TOML)
	return err
}
