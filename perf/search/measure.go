package search

import (
	"context"
	"time"

	"cleat/perf/result"
	"cleat/perf/trial"
)

// measure makes one trial and tells what it says about the load.
func measure(ctx context.Context, bench trial.Bench, load float64, d time.Duration, tolerance float64) (result.Trial, trial.Outcome, error) {
	o, err := bench.Run(ctx, load, d)
	if err != nil {
		return result.Trial{}, o, err
	}
	t := result.Trial{
		Load: load, Duration: d, Sent: o.Sent, Received: o.Received, Lost: o.Lost,
		Reordered: o.Reordered, Duplicated: o.Duplicated, Foreign: o.Foreign, Violations: o.Violations,
		LossRatio: o.LossRatio(),
	}
	if o.Duration > 0 {
		t.Offered = o.Rate()
	}
	if t.Offered < load*(1-tolerance) {
		t.Short = true
		t.LossRatio = 1 - float64(o.Received)/(load*d.Seconds())
	}
	return t, o, nil
}
