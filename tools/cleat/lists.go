package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cleat/appliance/api"
)

func (o *operator) workersCommand() *cobra.Command {
	return showCommand(o, "workers", "Poll loops: packets, drops by reason, tables, poll gaps", "/v1/workers", printWorkers)
}

// printWorkers prints a column a worker: what came in, what became of it, and that nothing is missing.
func printWorkers(w io.Writer, workers []api.Worker) error {
	table := columns{left("WORKER", 0)}
	reasons := map[string]bool{}
	for _, worker := range workers {
		table = append(table, right(number(worker.Worker), 0))
		for reason := range worker.Drops {
			reasons[reason] = true
		}
	}
	var rows [][]string
	add := func(title string, cell func(api.Worker) string) {
		row := []string{title}
		for _, worker := range workers {
			row = append(row, cell(worker))
		}
		rows = append(rows, row)
	}
	count := func(title string, of func(api.Worker) uint64) {
		add(title, func(w api.Worker) string { return number(of(w)) })
	}
	add("lcore", func(w api.Worker) string { return number(w.Lcore) })
	count("turns", func(w api.Worker) uint64 { return w.Turns })
	count("empty turns", func(w api.Worker) uint64 { return w.EmptyTurns })
	count("sleeps", func(w api.Worker) uint64 { return w.Sleeps })
	count("received", func(w api.Worker) uint64 { return w.Received })
	count("injected", func(w api.Worker) uint64 { return w.Injected })
	count("made", func(w api.Worker) uint64 { return w.Made })
	count("taken over", func(w api.Worker) uint64 { return w.Taken })
	count("transmitted", func(w api.Worker) uint64 { return w.Transmitted })
	count("punted", func(w api.Worker) uint64 { return w.Punted })
	count("handed over", func(w api.Worker) uint64 { return w.HandedOver })
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		count("dropped: "+reason, func(w api.Worker) uint64 { return w.Drops[reason] })
	}
	count("held", func(w api.Worker) uint64 { return w.Held })
	add("unaccounted", func(w api.Worker) string { return number(w.Unaccounted) })
	for _, t := range []struct {
		name string
		of   func(api.Worker) api.Usage
	}{
		{"templates", func(w api.Worker) api.Usage { return w.Templates }},
		{"connections", func(w api.Worker) api.Usage { return w.Connections }},
	} {
		count(t.name, func(w api.Worker) uint64 { return t.of(w).Used })
		count("  capacity", func(w api.Worker) uint64 { return t.of(w).Capacity })
		count("  at most", func(w api.Worker) uint64 { return t.of(w).Most })
		count("  unproven", func(w api.Worker) uint64 { return t.of(w).Unproven })
		count("  evicted", func(w api.Worker) uint64 { return t.of(w).Evicted })
	}
	count("fallbacks", func(w api.Worker) uint64 { return w.Fallbacks })
	add("poll gap, 99 %", func(w api.Worker) string { return span(w.PollGapP99, 100*time.Nanosecond) })
	add("poll gap, longest", func(w api.Worker) string { return span(w.PollGapMax, 100*time.Nanosecond) })
	return table.print(w, rows)
}

func (o *operator) portsCommand() *cobra.Command {
	return showCommand(o, "ports", "DPDK ports: link, addresses, packets and errors", "/v1/ports", printPorts)
}

func printPorts(w io.Writer, ports []api.Port) error {
	table := columns{
		left("PORT", 0), left("DEVICE", 0), left("DRIVER", 0), left("MAC", 0), left("ADDRESSES", 0), left("LINK", 0),
		right("MTU", 0), left("STEERING", 0), right("HANDED", 0), right("INPKTS", 0), right("OUTPKTS", 0), right("MISSED", 0), right("ERRORS", 0),
	}
	var rows [][]string
	for _, p := range ports {
		rows = append(rows, []string{
			p.Name, p.Device, p.Driver, p.MAC, strings.Join(p.Addresses, ","), p.Link, number(p.MTU), p.Steering, handedOver(&p),
			number(p.Stats["ipackets"]), number(p.Stats["opackets"]), number(p.Stats["imissed"] + p.Stats["rx_nombuf"]),
			number(p.Stats["ierrors"] + p.Stats["oerrors"]),
		})
	}
	return table.print(w, rows)
}

// handedOver is the share of a port's packets that changed workers.
func handedOver(p *api.Port) string {
	return fmt.Sprintf("%.0f%%", 100*float64(p.HandedOver)/float64(max(p.Stats["ipackets"], 1)))
}

func (o *operator) neighborsCommand() *cobra.Command {
	return showCommand(o, "neighbors", "Next hops on the ports' links", "/v1/neighbors", printNeighbors)
}

func printNeighbors(w io.Writer, neighbors []api.Neighbor) error {
	table := columns{left("ADDRESS", 0), left("PORT", 0), left("MAC", 0), left("STATE", 0), right("AGE", 0)}
	var rows [][]string
	for _, n := range neighbors {
		rows = append(rows, []string{n.Address, n.Port, n.MAC, n.State, fmt.Sprintf("%.0fs", n.Age)})
	}
	return table.print(w, rows)
}
