package search

import (
	"context"
	"fmt"
	"time"

	"cleat/perf/result"
	"cleat/perf/trial"
)

// MRR is what comes back a second while as much is offered as the generator can, in trials of d. Offered is the least that it
// managed in any of them: what it can be asked for.
func MRR(ctx context.Context, bench trial.Bench, trials int, d time.Duration, progress func(*result.Trial)) (mrr result.Series, offered float64, err error) {
	for i := range trials {
		t, o, err := measure(ctx, bench, 0, d, 0)
		if err != nil {
			return mrr, offered, err
		}
		if t.Sent == 0 || o.Duration <= 0 {
			return mrr, offered, fmt.Errorf("the generator sent nothing in %v, as much as it could being asked for", d)
		}
		mrr = append(mrr, float64(t.Received)/o.Duration.Seconds())
		if i == 0 || t.Offered < offered {
			offered = t.Offered
		}
		if progress != nil {
			progress(&t)
		}
	}
	return mrr, offered, nil
}
