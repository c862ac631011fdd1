package main

import (
	"time"

	"github.com/spf13/cobra"

	"cleat/perf/bed"
	"cleat/perf/path"
	"cleat/perf/result"
)

// special is a measurement that is no list of cases.
type special struct {
	name, short, long string
	memory            int // MiB
	measure           func(*bed.Bed, path.Schedule, *result.Report) error
}

var specials = []special{
	{
		"flood", "What a SYN flood from forged sources does to known connections",
		`flood fills the tables of one worker with SYNs from forged sources, and compares what known connections' packets cost before and after. Then it
offers both at rates that the worker has time for, and counts what of the known ones is forwarded.`,
		path.Flooded.Memory(), flood,
	},
	{
		"workers", "What a packet costs one worker and several, and what handing over costs",
		`workers feeds each of one and of two workers by a port of its own, first with what is its own, then with what is another worker's by half, which goes
through the ring between them. Figures are CPU time of all workers a packet.`,
		2 * path.Crews[1].Memory(), workers,
	},
	{
		"memory", "What the tables of a worker take", `memory makes a worker's tables for 10 M connections and 10 M templates, and tells what each entry takes.`,
		path.Great.Memory(), memory,
	},
	{
		"gaps", "For how long a worker looks away, beside a loop in plain C",
		`gaps takes short windows in turns: a worker at work, a worker at work while Go collects garbage, and a loop in plain C on the same thread that
only reads the clock. What the loop sees the machine has made.`,
		path.Polled.Memory(), gaps,
	},
	{
		"idle", "What an idle worker costs, and how fast it wakes up",
		`idle takes the CPU time of a worker without packets, and the time from a packet's arrival to its leaving, for each setting of workers.idle.`,
		path.IdleMemory(), idle,
	},
}

func specialCommand(m *special) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use: m.name, Short: m.short, Long: m.long, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return err
			}
			return s.lab(cmd.OutOrStdout(), m.memory, func(b *bed.Bed, r *result.Report) error { return m.measure(b, s.schedule, r) })
		},
	}
	s.flags(cmd, 400*time.Millisecond)
	return cmd
}

func flood(b *bed.Bed, s path.Schedule, r *result.Report) (err error) {
	r.Figures, err = path.Flooded.Measure(b, s)
	return err
}

func memory(b *bed.Bed, _ path.Schedule, r *result.Report) (err error) {
	r.Figures, err = path.Great.Measure(b)
	return err
}

func gaps(b *bed.Bed, s path.Schedule, r *result.Report) (err error) {
	r.Figures, r.Distributions, err = path.Polled.Measure(b, s)
	return err
}

func idle(b *bed.Bed, s path.Schedule, r *result.Report) (err error) {
	r.Figures, r.Distributions, err = path.MeasureIdle(b, s)
	return err
}

func workers(b *bed.Bed, s path.Schedule, r *result.Report) error {
	var apart result.Series // a packet that stays, with several workers
	for i := range path.Crews {
		c := &path.Crews[i]
		shifts, err := c.Measure(b, s)
		if err != nil {
			return err
		}
		var pairs []path.Pair
		for n := range shifts {
			pairs = append(pairs, shifts[n].Pair)
		}
		row, err := rowOf(&c.Case, pairs)
		if err != nil {
			return err
		}
		row.Workers = c.Workers
		if c.Strangers != 0 {
			row.Line = "" // of another kind
			r.Figures = append(r.Figures, handover(c.Name, shifts, apart.Median())...)
		}
		apart = row.Path
		r.Rows = append(r.Rows, row)
	}
	return nil
}

// handover is what it costs that packets go to another worker: ns is what a packet costs that stays.
func handover(name string, shifts []path.Shift, ns float64) []result.Figure {
	var more, rate result.Series
	for i := range shifts {
		s := &shifts[i]
		moved := float64(s.HandedOver)
		more = append(more, (float64(s.Path.CPU)-ns*float64(s.Path.Packets))/moved)
		rate = append(rate, 1e3*moved/float64(s.Path.CPU))
	}
	return []result.Figure{
		{Case: name, What: "handing a packet over, of both workers' time", Unit: "ns", Values: more},
		{Case: name, What: "packets handed over, each worker's", Unit: "M/s", Values: rate},
	}
}
