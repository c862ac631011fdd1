package search

import (
	"context"
	"time"

	"cleat/perf/result"
	"cleat/perf/trial"
)

// Soak offers one load for d, in trials of each, end to end; progress hears of every one. With an error, or at ctx's end, comes what there was
// until then.
func Soak(ctx context.Context, bench trial.Bench, load float64, d, each time.Duration, tolerance float64, progress func(*result.Trial)) (*result.Soak, error) {
	s := &result.Soak{Load: load}
	for left := d; left > 0; left -= each {
		t, _, err := measure(ctx, bench, load, min(left, each), tolerance)
		if err != nil {
			return s, err
		}
		s.Trials = append(s.Trials, t)
		progress(&t)
	}
	return s, nil
}
