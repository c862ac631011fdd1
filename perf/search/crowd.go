package search

import (
	"context"
	"errors"
	"math"
	"time"

	"cleat/perf/result"
	"cleat/perf/trial"
)

// Crowd is how to look for the number of connections that can be open at a time (RFC 9411 7.5).
type Crowd struct {
	// Open makes a bench whose trials are over so many open connections, which get questions in turns, and are opened first.
	Open func(connections int) (bench trial.Bench, closing func(), err error)
	// Most is the number to end at, Steps in how many equal steps it is reached. It only goes up: what earlier steps have left in the
	// device's tables is no more than what is there anyway.
	Most, Steps int
	// Rate is that of questions a second. In a trial each connection gets two.
	Rate      float64
	Tolerance float64 // as Plan.Tolerance
	Progress  func(*result.Trial)
}

// failures is the part of connections that may fail (RFC 9411 7.5.3.3: 0.001 %).
const failures = 1e-5

// ConnectionsGoal is the goal of a search for connections a second (RFC 9411 7.2.3.3), decided by so many trials, of which the ratio
// exceed may fail.
func ConnectionsGoal(trials int, exceed float64) Goal {
	return Goal{Name: "connections", Loss: failures, Exceed: exceed, Trials: trials}
}

// Concurrent opens more and more connections until some fail, or there are c.Most.
func Concurrent(ctx context.Context, c Crowd) (*result.Search, error) {
	s := &result.Search{Unit: result.Connections, Min: c.at(1), Max: float64(c.Most)}
	g := result.Goal{Name: "concurrent", LossRatio: failures, Width: 1 / float64(c.Steps), Limit: result.LimitMax}
	var err error
	for step := 1; step <= c.Steps; step++ {
		var t result.Trial
		if t, err = c.try(ctx, c.at(step)); err != nil {
			g.Limit = result.LimitStopped
			break
		}
		s.Trials = append(s.Trials, t)
		if c.Progress != nil {
			c.Progress(&t)
		}
		if t.LossRatio > failures {
			g.Upper, g.Limit = t.Load, limitOf(&t, step)
			break
		}
		g.Lower, g.Throughput, g.FinalDuration, g.DurationSum = t.Load, t.Load, t.Duration, t.Duration
	}
	g.Regular = g.Lower != 0 && g.Upper != 0
	s.Goals = []result.Goal{g}
	return s, err
}

// limitOf says what stood in the way of a step that failed.
func limitOf(t *result.Trial, step int) string {
	switch {
	case t.Short:
		return result.LimitGenerator
	case step == 1:
		return result.LimitMin
	}
	return result.LimitDevice
}

// at is the number of connections in a step.
func (c *Crowd) at(step int) float64 {
	return math.Ceil(float64(c.Most) * float64(step) / float64(c.Steps))
}

// try opens so many connections and asks each of them twice. Connections that could not be opened are lost like those that do not answer.
func (c *Crowd) try(ctx context.Context, connections float64) (result.Trial, error) {
	bench, closing, err := c.Open(int(connections))
	if err != nil {
		return result.Trial{}, err
	}
	defer closing()
	d := time.Duration(math.Ceil(2 * connections / c.Rate * float64(time.Second)))
	t, _, err := measure(ctx, bench, c.Rate, d, c.Tolerance)
	if u, ok := errors.AsType[*trial.Unopened](err); ok {
		t, err = result.Trial{Duration: d, LossRatio: 1 - float64(u.Open)/float64(u.Of)}, nil
	}
	t.Load = connections
	return t, err
}
