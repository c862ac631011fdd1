package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"cleat/perf/bed"
	"cleat/perf/path"
	"cleat/perf/result"
)

func pathCommand() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "path",
		Short: "What the whole data path costs, above the floor",
		Long: `path feeds one worker, complete as cleatd runs it, and takes floor and path in turns on one thread over one port: known connections
from net_pcap, new ones from a generator in this process.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return measurePath(&s, cmd.OutOrStdout())
		},
	}
	s.cases(cmd, 400*time.Millisecond)
	return cmd
}

func measurePath(s *settings, out io.Writer) error {
	if err := s.check(); err != nil {
		return err
	}
	cases, err := named(s, path.Cases, func(c *path.Case) string { return c.Name })
	if err != nil {
		return err
	}
	memory := 0
	for i := range cases {
		memory = max(memory, cases[i].Memory())
	}
	return s.lab(out, memory, func(b *bed.Bed, r *result.Report) error {
		for i := range cases {
			pairs, err := path.Measure(b, &cases[i], s.schedule)
			if err != nil {
				return err
			}
			row, err := rowOf(&cases[i], pairs)
			if err != nil {
				return err
			}
			r.Rows = append(r.Rows, row)
		}
		r.Settle()
		return nil
	})
}

func rowOf(c *path.Case, pairs []path.Pair) (result.Row, error) {
	row := result.Row{Case: c.Name, Rate: c.Live != 0, Aim: c.Aim, Must: c.Must, Than: c.Than, Line: c.Line(), Flows: c.Flows, Workers: 1}
	var err error
	if row.Size, err = c.Size(); err != nil {
		return row, err
	}
	var all bed.Reading
	for _, p := range pairs {
		row.Floor = append(row.Floor, p.Floor.PerPacket())
		row.Path = append(row.Path, p.Path.PerPacket())
		all.CPU += p.Floor.CPU + p.Path.CPU
		all.Wall += p.Floor.Wall + p.Path.Wall
	}
	row.Share = all.Share()
	return row, nil
}
