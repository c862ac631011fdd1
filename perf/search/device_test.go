package search

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"cleat/perf/trial"
)

// device is a device under test that loses by a rule, with a generator that has a limit.
type device struct {
	// loss is the part that is lost at a load, in the nth trial, which takes d.
	loss func(load float64, d time.Duration, n int) float64
	// limit of the generator, 0: none.
	limit float64
	// cancel is called when trial number last begins.
	cancel func()
	last   int
	n      int
	asked  []float64
}

var errEnded = errors.New("ended")

func (v *device) Run(ctx context.Context, load float64, d time.Duration) (trial.Outcome, error) {
	v.n++
	if v.n == v.last {
		v.cancel()
	}
	if ctx.Err() != nil {
		return trial.Outcome{}, errEnded
	}
	v.asked = append(v.asked, load)
	if v.limit != 0 && (load == 0 || load > v.limit) {
		load = v.limit
	}
	sent := uint64(load * d.Seconds())
	lost := uint64(v.loss(load, d, v.n) * float64(sent))
	latency := hdrhistogram.New(1, int64(time.Second), 3)
	for i := range int64(1000) {
		_ = latency.RecordValue(i + 1)
	}
	return trial.Outcome{Duration: d, Sent: sent, Received: sent - lost, Lost: lost, Latency: latency}, nil
}

// hard is a device that forwards so many a second and drops what is more.
func hard(limit float64) *device {
	return &device{loss: func(load float64, _ time.Duration, _ int) float64 { return max(0, 1-limit/load) }}
}

// spurious loses a few packets in every nth trial, whatever the load.
func (v *device) spurious(every int) *device {
	inner := v.loss
	v.loss = func(load float64, d time.Duration, n int) float64 {
		return max(inner(load, d, n), map[bool]float64{true: 1e-4}[n%every == 0])
	}
	return v
}

// noisy loses more in any trial, up to a part, by chance.
func (v *device) noisy(part float64, seed uint64) *device {
	inner, r := v.loss, rand.New(rand.NewPCG(seed, 1))
	v.loss = func(load float64, d time.Duration, n int) float64 {
		return min(1, inner(load, d, n)+part*max(0, r.Float64()-0.5))
	}
	return v
}

// cold loses a part of the first trials.
func (v *device) cold(until int) *device {
	inner := v.loss
	v.loss = func(load float64, d time.Duration, n int) float64 {
		if n <= until {
			return 0.1
		}
		return inner(load, d, n)
	}
	return v
}

// strict are the goals of RFC 2544, patient those that pass over one bad trial of two.
var (
	strict  = []Goal{{Name: "NDR", Trials: 1}, {Name: "PDR", Loss: 0.005, Trials: 1}}
	patient = []Goal{{Name: "NDR", Exceed: 0.5, Trials: 2}, {Name: "PDR", Loss: 0.005, Exceed: 0.5, Trials: 2}}
)

func plan(goals []Goal) Plan {
	return Plan{
		Min: 1000, Max: 10e6, Width: 0.005, Initial: time.Second, Final: 16 * time.Second, Goals: goals, Tolerance: 0.005,
	}
}

func search(t testing.TB, v *device, p Plan) *found {
	t.Helper()
	s, err := Run(t.Context(), v, p)
	if err != nil {
		t.Fatal(err)
	}
	return &found{s, p}
}
