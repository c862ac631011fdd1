package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"cleat/perf/bed"
	"cleat/perf/gen"
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
	loadFlags(cmd, &o.load, &o.place)
	f := cmd.Flags()
	f.Var(&o.rate, "rate", "units a second, like 250000, 100k or 1.5M; 0: as many as possible")
	f.DurationVar(&o.duration, "duration", 10*time.Second, "how long")
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
	g, err := o.generator(ports)
	if err != nil {
		return err
	}
	defer g.Close()
	bench := &gen.Bench{Generator: g, Thread: b.Thread, Beside: o.rest}
	outcome, err := bench.Run(ctx, float64(o.rate), o.duration)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return writeOffered(out, &outcome, g.Counts())
	}
	return printOffered(out, o.load.Unit, &outcome, g.Counts())
}

func (o *offer) generator(ports []*bed.Port) (*gen.Generator, error) {
	mac, err := ports[0].MAC()
	if err != nil {
		return nil, err
	}
	link, err := o.place.Link(&o.load, mac)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	return gen.New(&o.load, link, queues(ports), ports[0].Pool, func() time.Duration { return time.Since(begin) })
}

// percentiles of the latency that are told.
var percentiles = []float64{50, 90, 99, 99.9, 100}

// offered is a trial as JSON.
type offered struct {
	Seconds   float64            `json:"seconds"`
	Sent      uint64             `json:"sent"` // units
	Received  uint64             `json:"received"`
	Lost      uint64             `json:"lost"`
	Frames    gen.Counts         `json:"frames"`
	LatencyNS map[string]float64 `json:"latency_ns"` // by percentile
}

func writeOffered(w io.Writer, o *trial.Outcome, c gen.Counts) error {
	r := offered{Seconds: o.Duration.Seconds(), Sent: o.Sent, Received: o.Received, Lost: o.Lost, Frames: c, LatencyNS: map[string]float64{}}
	for _, p := range percentiles {
		r.LatencyNS[fmt.Sprint(p)] = float64(o.Latency.ValueAtPercentile(p))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func printOffered(w io.Writer, unit string, o *trial.Outcome, c gen.Counts) error {
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
