package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cleat/cgo/eal"

	"cleat/perf/gen"
	"cleat/perf/result"
	"cleat/perf/trial"
)

// offer is what gen is asked for.
type offer struct {
	devices
	load     gen.Load
	place    gen.Place
	rate     rate
	duration time.Duration
	output   string
	name     string
}

func genCommand() *cobra.Command {
	o := offer{load: gen.DefaultLoad(), rate: 100000}
	cmd := &cobra.Command{
		Use:   "gen --port DEVICE --target ADDRESS:PORT",
		Short: "Generate the traffic of many clients on a port",
		Long: `gen plays the clients of a director, and the router in front of them: cleat-perf reflect, or any TCP or UDP echo, answers. It counts what
was lost, came twice, out of order, or from another server than the client's.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.OutOrStdout()) },
	}
	o.flags(cmd)
	requirePort(cmd)
	loadFlags(cmd, &o.load, &o.place)
	f := cmd.Flags()
	f.Var(&o.rate, "rate", "units a second, like 250000, 100k or 1.5M; 0: as many as possible")
	f.DurationVar(&o.duration, "duration", 10*time.Second, "how long")
	f.StringVar(&o.name, "case", "gen", "what the trial is called in a report")
	f.StringVarP(&o.output, "output", "o", "table", "`format`: table or json")
	return cmd
}

func (o *offer) run(out io.Writer) (err error) {
	switch {
	case o.output != "table" && o.output != "json":
		return fmt.Errorf("--output %q: must be table or json", o.output)
	case o.duration <= 0:
		return fmt.Errorf("--duration %v: must be more than 0", o.duration)
	}
	if err := o.load.Check(); err != nil {
		return err
	}
	ctx, stop := interrupted()
	defer stop()
	b, ports, err := o.open()
	if err != nil {
		return failed(err)
	}
	defer func() { err = failed(errors.Join(err, closeAll(b, ports))) }()
	if err := awaitLinks(ctx, ports); err != nil {
		return err
	}
	g, err := newGenerator(&o.load, &o.place, ports)
	if err != nil {
		return err
	}
	defer g.Close()
	bench := &gen.Bench{Generator: g, Thread: b.Thread, Beside: o.rest}
	outcome, err := bench.Run(ctx, float64(o.rate), o.duration)
	if err != nil {
		return err
	}
	counts := g.Counts()
	if o.output != "json" {
		return printOffered(out, o.load.Unit, &outcome, &counts)
	}
	report, err := o.reportOf(&outcome, &counts, b.Hugepages)
	if err != nil {
		return err
	}
	return report.JSON(out)
}

// percentiles of the latency that are told.
var percentiles = []float64{50, 90, 99, 99.9, 100}

// reportOf is a trial as a suite takes it in.
func (o *offer) reportOf(out *trial.Outcome, c *gen.Counts, hugepages bool) (*result.Report, error) {
	r := &result.Report{Host: result.NewHost(version, eal.Version())}
	r.Host.Hugepages = hugepages
	r.Host.Ports = o.labels()
	for _, f := range []struct {
		what, unit string
		value      float64
	}{
		{"offered", o.load.Unit + "/s", out.Rate()},
		{"sent", o.load.Unit, float64(out.Sent)},
		{"late, not sent", o.load.Unit, float64(out.Late)},
		{"received", o.load.Unit, float64(out.Received)},
		{"lost", o.load.Unit, float64(out.Lost)},
		{"duplicated", "packets", float64(c.Duplicated)},
		{"reordered", "packets", float64(c.Reordered)},
		{"foreign", "packets", float64(c.Foreign)},
		{"corrupt", "packets", float64(c.Corrupt)},
		{"resets", "packets", float64(c.Resets)},
		{"affinity violations", "flows", float64(c.Violations)},
		{"flood: SYNs sent", "packets", float64(c.FloodSent)},
		{"flood: late, not sent", "packets", float64(c.FloodLate)},
		{"flood: answered", "packets", float64(c.FloodAnswered)},
	} {
		if o.load.Flood != 0 || !strings.HasPrefix(f.what, "flood") {
			r.Figures = append(r.Figures, result.Figure{Case: o.name, What: f.what, Unit: f.unit, Values: result.Series{f.value}})
		}
	}
	h, err := result.NewHistogram(out.Latency)
	r.Distributions = []result.Distribution{{Case: o.name, Name: "round trip", Histogram: h}}
	return r, err
}

func printOffered(w io.Writer, unit string, o *trial.Outcome, c *gen.Counts) error {
	lines := []string{
		fmt.Sprintf("%s: %d sent in %v, %.0f a second; %d late, not sent", unit, o.Sent, o.Duration.Round(time.Millisecond), o.Rate(), o.Late),
		fmt.Sprintf("received %d, lost %d (%.3g %%)", o.Received, o.Lost, 100*o.LossRatio()),
		fmt.Sprintf("duplicated %d, reordered %d, foreign %d, corrupt %d, resets %d", c.Duplicated, c.Reordered, c.Foreign, c.Corrupt, c.Resets),
		fmt.Sprintf("affinity violations %d", c.Violations),
	}
	if c.FloodSent+c.FloodLate != 0 {
		lines = append(lines, fmt.Sprintf("flood: %d SYNs sent, %d late, %d answered", c.FloodSent, c.FloodLate, c.FloodAnswered))
	}
	text := "round trip"
	for _, p := range percentiles {
		text += fmt.Sprintf(" p%v %v", p, time.Duration(o.Latency.ValueAtPercentile(p)).Round(100*time.Nanosecond))
	}
	for _, line := range append(lines, text) {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
