package search

import (
	"context"
	"errors"
	"testing"
	"time"

	"cleat/perf/result"
	"cleat/perf/trial"
)

// table is a device with room for so many connections. What it does with more, the last trial tells.
type table struct {
	*device
	room, open int
	lossy      bool // connections without room open and get no answer; else they do not open
	closed     int
}

func (v *table) Open(connections int) (trial.Bench, func(), error) {
	v.open = connections
	return v, func() { v.closed++ }, nil
}

func (v *table) Run(ctx context.Context, load float64, d time.Duration) (trial.Outcome, error) {
	if v.open > v.room && !v.lossy {
		return trial.Outcome{}, &trial.Unopened{Open: v.room, Of: v.open, Wait: time.Second}
	}
	return v.device.Run(ctx, load, d)
}

func TestConcurrent(t *testing.T) {
	for what, c := range map[string]struct {
		room         int
		lossy        bool
		limit        float64 // of the generator
		lower, upper float64
		want         string
		trials       int
	}{
		"all of them":             {room: 1000, lower: 1000, want: result.LimitMax, trials: 10},
		"no room":                 {room: 899, lower: 800, upper: 900, want: result.LimitDevice, trials: 9},
		"no answer":               {room: 500, lossy: true, lower: 500, upper: 600, want: result.LimitDevice, trials: 6},
		"not even the first ones": {room: 99, upper: 100, want: result.LimitMin, trials: 1},
		"slow generator":          {room: 1000, limit: 10, upper: 100, want: result.LimitGenerator, trials: 1},
	} {
		v := &table{room: c.room, lossy: c.lossy}
		v.device = &device{limit: c.limit, loss: func(float64, time.Duration, int) float64 { return 0 }}
		if c.lossy {
			v.device.loss = func(float64, time.Duration, int) float64 { return max(0, 1-float64(v.room)/float64(v.open)) }
		}
		heard := 0
		s, err := Concurrent(t.Context(), Crowd{
			Open: v.Open, Most: 1000, Steps: 10, Rate: 100, Tolerance: 0.01, Progress: func(*result.Trial) { heard++ },
		})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		g := s.Goal("concurrent")
		if g.Lower != c.lower || g.Upper != c.upper || g.Limit != c.want || g.Regular != (c.lower != 0 && c.upper != 0) {
			t.Errorf("%s: %+v", what, g)
		}
		if len(s.Trials) != c.trials || heard != c.trials || v.closed != c.trials {
			t.Errorf("%s: %d trials, %d heard of, %d closed; want %d", what, len(s.Trials), heard, v.closed, c.trials)
		}
		// Each connection is asked twice.
		if last := s.Trials[0]; c.room > 99 && c.limit == 0 && last.Sent != 200 {
			t.Errorf("%s: %d questions to %v connections", what, last.Sent, last.Load)
		}
	}
}

func TestConcurrentStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	v := &table{room: 1000, device: &device{loss: func(float64, time.Duration, int) float64 { return 0 }, cancel: cancel, last: 3}}
	s, err := Concurrent(ctx, Crowd{Open: v.Open, Most: 1000, Steps: 10, Rate: 100})
	if !errors.Is(err, errEnded) || s.Goals[0].Lower != 200 || s.Goals[0].Limit != result.LimitStopped || v.closed != 3 {
		t.Errorf("%v: %+v", err, s.Goals)
	}
	failing := func(int) (trial.Bench, func(), error) { return nil, nil, errEnded }
	if s, err = Concurrent(ctx, Crowd{Open: failing, Most: 1000, Steps: 10, Rate: 100}); !errors.Is(err, errEnded) || len(s.Trials) != 0 {
		t.Errorf("%v: %+v", err, s)
	}
}
