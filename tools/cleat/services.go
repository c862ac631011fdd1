package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"cleat/appliance/api"
)

func (o *operator) servicesCommand() *cobra.Command {
	var stats bool
	cmd := showCommand(o, "services", "Virtual services and their real servers",
		"/v1/services", func(w io.Writer, services []api.Service) error { return printServices(w, services, stats) })
	cmd.Flags().BoolVar(&stats, "stats", false, "counters too: connections, packets and bytes, in from and out to clients")
	return cmd
}

var (
	serverColumns = columns{
		left("  -> SERVER", 0), left("FORWARD", 0), right("WEIGHT", 0),
		right("ACTIVECONN", 0), right("INACTCONN", 0), right("PERSISTCONN", 0),
	}
	counterColumns = columns{
		right("CONNS", 0), right("INPKTS", 0), right("OUTPKTS", 0), right("INBYTES", 0), right("OUTBYTES", 0),
	}
	stateColumn = left("STATE", 0)
)

// printServices prints a line a service with its scheduler and flags, and below it a line a real server.
func printServices(w io.Writer, services []api.Service, stats bool) error {
	table := append(columns{}, serverColumns...)
	if stats {
		table = append(table, counterColumns...)
	}
	table = append(table, stateColumn)
	var rows [][]string
	add := func(cells []string, counters api.Counters, state string) {
		if stats {
			cells = append(cells, counterCells(counters)...)
		}
		rows = append(rows, append(cells, state))
	}
	for _, s := range services {
		add([]string{serviceLine(s), "", "", "", "", ""}, s.Counters, "")
		for _, rs := range s.Servers {
			add([]string{
				"  -> " + rs.Address, rs.Forward, number(rs.Weight),
				number(rs.Active), number(rs.Inactive), number(rs.Persistent),
			}, rs.Counters, serverState(rs))
		}
	}
	if _, err := io.WriteString(w, "SERVICE SCHEDULER FLAGS\n"); err != nil {
		return err
	}
	return table.print(w, rows)
}

// serviceLine is "tcp 10.0.0.1:80 wlc persistent 360 netmask 24", in the order of ipvsadm -Ln, and what ipvsadm has no word for behind it.
func serviceLine(s api.Service) string {
	name := s.Protocol + " " + s.Address
	if s.Address == "" {
		name = fmt.Sprintf("mark %d", s.Mark)
	}
	line := name + " " + s.Scheduler
	if len(s.Flags) > 0 {
		line += " (" + strings.Join(s.Flags, ",") + ")"
	}
	if s.Persistent == 0 {
		return line
	}
	line += fmt.Sprintf(" persistent %d", s.Persistent)
	if s.Netmask != "" && s.Netmask != "255.255.255.255" && s.Netmask != "128" {
		line += " netmask " + s.Netmask
	}
	if s.Spread > 1 {
		line += fmt.Sprintf(" spread %d", s.Spread)
	}
	return line
}

// serverState says why a real server gets no new clients.
func serverState(rs api.Server) string {
	switch {
	case rs.Weight == 0:
		return "quiesced"
	case rs.Overloaded:
		return "overloaded"
	}
	return ""
}

func counterCells(c api.Counters) []string {
	return []string{number(c.Connections), number(c.InPackets), number(c.OutPackets), number(c.InBytes), number(c.OutBytes)}
}
