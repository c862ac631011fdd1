package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cleat/appliance/api"
)

func (o *operator) statusCommand() *cobra.Command {
	return showCommand(o, "status", "cleatd at a glance", "/v1/status", printStatus)
}

func printStatus(w io.Writer, s api.Status) error {
	hugepages := "no hugepages"
	if s.Hugepages {
		hugepages = "hugepages"
	}
	rows := [][]string{
		{"cleatd", fmt.Sprintf("%s, pid %d, up %s", s.Version, s.PID, span(s.UptimeSeconds, time.Second))},
		{"DPDK", fmt.Sprintf("%s, %s", s.DPDK, hugepages)},
		{"configuration", fmt.Sprintf("%s, loaded %s", s.ConfigFile, s.ConfigLoaded)},
	}
	if s.ReloadError != "" {
		rows = append(rows, []string{"last reload", "refused: the configuration above is still in force"})
		for line := range strings.Lines(s.ReloadError) {
			rows = append(rows, []string{"", "  " + strings.TrimSpace(line)})
		}
	}
	rows = append(rows,
		[]string{"generation", number(s.Generation)},
		[]string{"workers", number(s.Workers)},
		[]string{"services", fmt.Sprintf("%d with %d real servers", s.Services, s.RealServers)},
		[]string{"templates", usage(s.Templates)},
		[]string{"connections", usage(s.Connections)},
		[]string{"fallbacks", fmt.Sprintf("%d connections without a template", s.Fallbacks)},
		[]string{"unaccounted", fmt.Sprintf("%d packets", s.Unaccounted)},
	)
	for _, p := range s.Ports {
		rows = append(rows, []string{"port " + p.Name, fmt.Sprintf("%s, steering: %s, %s handed over", p.Link, p.Steering, handedOver(&p))})
	}
	table := columns{left("", 0), left("", 0)}.fit(rows)
	for _, row := range rows {
		if err := table.row(w, row...); err != nil {
			return err
		}
	}
	return nil
}

func (o *operator) reloadCommand() *cobra.Command {
	var replace bool
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Read the configuration file again; a wrong one changes nothing",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := "/v1/reload"
			if replace {
				path += "?replace=true"
			}
			return ask(cmd.Context(), o, http.MethodPost, path, nil, printReloaded)
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "forget what commands have changed: the file alone is in force")
	return cmd
}

func printReloaded(w io.Writer, r api.Reloaded) error {
	if len(r.Changes) == 0 {
		_, err := fmt.Fprintf(w, "generation %d: nothing has changed\n", r.Generation)
		return err
	}
	lines := columns{left("", 0)}
	if _, err := fmt.Fprintf(w, "generation %d\n", r.Generation); err != nil {
		return err
	}
	for _, change := range r.Changes {
		if err := lines.row(w, "  "+change); err != nil {
			return err
		}
	}
	return nil
}

// version is set when the program is linked (Makefile).
var version = "unversioned"

// versions are what runs: this command, and cleatd if it is reachable.
type versions struct {
	Cleat  string `json:"cleat"`
	Cleatd string `json:"cleatd,omitempty"`
	DPDK   string `json:"dpdk,omitempty"`
}

func (o *operator) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "The versions of cleat and, if it is reachable, of cleatd",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := versions{Cleat: version}
			var s api.Status
			if _, err := o.client().object(cmd.Context(), http.MethodGet, "/v1/status", nil, &s); err == nil {
				v.Cleatd, v.DPDK = s.Version, s.DPDK
			}
			if err := o.printVersions(v); err != nil {
				return &failure{err}
			}
			return nil
		},
	}
}

func (o *operator) printVersions(v versions) error {
	if o.output == "json" {
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		return o.indent(raw)
	}
	rows := [][]string{{"cleat", v.Cleat}, {"cleatd", "not reachable"}}
	if v.Cleatd != "" {
		rows[1][1] = v.Cleatd + ", DPDK " + v.DPDK
	}
	table := columns{left("", 0), left("", 0)}.fit(rows)
	for _, row := range rows {
		if err := table.row(o.out, row...); err != nil {
			return err
		}
	}
	return nil
}
