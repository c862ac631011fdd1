package main

import (
	"time"

	"github.com/spf13/cobra"

	"cleat/perf/bed"
	"cleat/perf/path"
	"cleat/perf/result"
)

func floorCommand() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "floor",
		Short: "What receiving and transmitting alone costs",
		Long:  `floor receives bursts and transmits them as they are, as dpdk-testpmd does in io mode: what any program pays on that port.`,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return err
			}
			cases, err := named(&s, path.Floors, func(f *path.Floor) string { return f.Name })
			if err != nil {
				return err
			}
			memory := 0
			for i := range cases {
				memory = max(memory, cases[i].Memory())
			}
			return s.lab(cmd.OutOrStdout(), memory, func(b *bed.Bed, r *result.Report) (err error) {
				r.Rows, err = floors(b, cases, s.schedule)
				return err
			})
		},
	}
	s.cases(cmd, 400*time.Millisecond)
	return cmd
}

func floors(b *bed.Bed, cases []path.Floor, s path.Schedule) ([]result.Row, error) {
	var rows []result.Row
	for i := range cases {
		readings, err := path.MeasureFloor(b, &cases[i], s)
		if err != nil {
			return nil, err
		}
		row := result.Row{Case: cases[i].Name}
		var all bed.Reading
		for _, r := range readings {
			row.Floor = append(row.Floor, r.PerPacket())
			all.CPU += r.CPU
			all.Wall += r.Wall
		}
		row.Share = all.Share()
		rows = append(rows, row)
	}
	return rows, nil
}
