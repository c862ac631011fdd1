package search

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cleat/perf/result"
)

// found is what a search found, and what it was asked for.
type found struct {
	*result.Search
	plan Plan
}

// wrong says what of a result does not follow from its trials: the relevant bounds are looked for again, in another way.
func (f *found) wrong() string {
	for _, g := range f.plan.Goals {
		got := f.Goal(g.Name)
		loads := map[float64][]result.Trial{}
		for _, tr := range f.Trials {
			if tr.Load < f.plan.Min || tr.Load > f.plan.Max*(1+1e-9) || tr.Duration < f.plan.Initial || tr.Duration > f.plan.Final {
				return "a trial that nobody allowed"
			}
			loads[tr.Load] = append(loads[tr.Load], tr)
		}
		low, up := 0.0, math.Inf(1)
		for load, all := range loads {
			if g.classify(all, f.plan.Final) == upper {
				up = min(up, load)
			}
		}
		for load, all := range loads {
			if g.classify(all, f.plan.Final) == lower && load < up {
				low = max(low, load)
			}
		}
		if math.IsInf(up, 1) {
			up = 0
		}
		switch {
		case got.Lower != low || got.Upper != up:
			return "bounds do not follow from the trials"
		case got.Regular != (low > 0 && up > 0):
			return "a search that came to its end is regular if both bounds are there"
		case got.Regular && (up-low)/up > f.plan.Width*(1+1e-6):
			return "bounds are too far apart"
		case got.Regular && (got.Throughput > low || got.Throughput < low*(1-g.Loss)):
			return "the throughput is not that of a good trial"
		case !got.Regular && got.Limit != result.LimitMin && got.Limit != result.LimitMax && got.Limit != result.LimitGenerator:
			return "a search that came to its end says why a bound is missing"
		}
	}
	return ""
}

// most is the number of trials that a search may take where devices are consistent: each goal may walk out and halve in each stage, with
// steps of the grid in between, and try every load so often.
func (f *found) most() (trials int) {
	grid := newGrid(f.plan.Min, f.plan.Max, f.plan.Width)
	loads := 2*int(math.Log2(float64(grid.last)+2)) + 4
	for range f.plan.stages() {
		for _, g := range f.plan.Goals {
			trials += loads * g.Trials
		}
	}
	return trials
}

func TestHardLimit(t *testing.T) {
	const limit = 1234567
	for what, v := range map[string]*device{
		"consistent": hard(limit), "spurious loss in every 7th trial": hard(limit).spurious(7),
	} {
		f := search(t, v, plan(patient))
		if w := f.wrong(); w != "" {
			t.Errorf("%s: %s: %+v", what, w, f.Goals)
		}
		ndr, pdr := f.Goal("NDR"), f.Goal("PDR")
		if !(ndr.Lower <= limit && limit <= ndr.Upper && ndr.Throughput == ndr.Lower && ndr.Limit == result.LimitDevice) {
			t.Errorf("%s: NDR %+v, want %d between its bounds", what, ndr, limit)
		}
		// A load that loses 0.5 % is above the limit; what is forwarded is not (RFC 9971 5.6.1).
		if most := limit / 0.995; !(pdr.Lower <= most && most <= pdr.Upper && pdr.Throughput < limit+1 && pdr.Throughput > limit*0.99) {
			t.Errorf("%s: PDR %+v, want %.0f between its bounds", what, pdr, most)
		}
		if len(f.Trials) > f.most()/2 {
			t.Errorf("%s: %d trials", what, len(f.Trials))
		}
	}
}

// TestSpuriousLossIsFatalWithoutExceed: RFC 2544 has no mercy on one lost packet.
func TestSpuriousLossIsFatalWithoutExceed(t *testing.T) {
	f := search(t, hard(1e6).spurious(3), plan(strict))
	if w := f.wrong(); w != "" {
		t.Error(w)
	}
	if ndr, pdr := f.Goal("NDR"), f.Goal("PDR"); ndr.Upper > 0.99e6 || pdr.Lower < 0.99e6 {
		t.Errorf("NDR %+v, PDR %+v", ndr, pdr)
	}
}

// TestWarmUp: a device that loses while it is cold is found too slow, unless something else, like the MRR, warms it before.
func TestWarmUp(t *testing.T) {
	v := hard(1e6).cold(3)
	v.limit = 10e6
	p := plan(strict)
	p.Hint = 0.9e6
	if ndr := search(t, v, p).Goal("NDR"); ndr.Upper > 0.9e6 {
		t.Errorf("cold: NDR %+v", ndr)
	}
	v.n = 0
	if _, _, err := MRR(t.Context(), v, 3, time.Second, nil); err != nil {
		t.Fatal(err)
	}
	if ndr := search(t, v, p).Goal("NDR"); ndr.Lower > 1e6 || ndr.Upper < 1e6 {
		t.Errorf("warm: NDR %+v", ndr)
	}
}

func TestMRR(t *testing.T) {
	v := hard(1e6)
	v.limit = 4e6
	heard := 0
	mrr, offered, err := MRR(t.Context(), v, 3, time.Second, func(*result.Trial) { heard++ })
	if err != nil || !slices.Equal(mrr, result.Series{1e6, 1e6, 1e6}) || offered != 4e6 || heard != 3 {
		t.Errorf("%v, offered %v, heard of %d: %v", mrr, offered, heard, err)
	}
	v.limit = 0
	if _, _, err := MRR(t.Context(), v, 3, time.Second, nil); err == nil {
		t.Error("a generator that sends nothing was taken for one that can do no more")
	}
}

func TestLimits(t *testing.T) {
	slow := hard(5e6)
	slow.limit = 2e6
	lame := hard(5e6)
	lame.limit = 500
	for what, c := range map[string]struct {
		v           *device
		want        string
		least, most float64 // NDR's lower bound
	}{
		"device":                    {hard(5e6), result.LimitDevice, 4.95e6, 5e6},
		"generator":                 {slow, result.LimitGenerator, 1.98e6, 2.02e6},
		"generator, at any load":    {lame, result.LimitGenerator, 0, 0},
		"more than was tried":       {hard(50e6), result.LimitMax, 10e6, 10e6},
		"less than was to be tried": {hard(500), result.LimitMin, 0, 0},
	} {
		f := search(t, c.v, plan(strict))
		if w := f.wrong(); w != "" {
			t.Errorf("%s: %s", what, w)
		}
		if ndr := f.Goal("NDR"); ndr.Limit != c.want || ndr.Lower < c.least || ndr.Lower > c.most {
			t.Errorf("%s: %+v", what, ndr)
		}
	}
}

// TestHint: a good hint saves trials, a bad one costs some.
func TestHint(t *testing.T) {
	n := map[float64]int{}
	for _, hint := range []float64{0, 1e6, 1001, 10e6} {
		p := plan(strict)
		p.Hint = hint
		f := search(t, hard(1.001e6), p)
		if w := f.wrong(); w != "" || !f.Goal("NDR").Regular {
			t.Errorf("hint %v: %s: %+v", hint, w, f.Goals)
		}
		n[hint] = len(f.Trials)
	}
	if n[1e6] >= n[0] || n[1e6] >= n[1001] || n[1e6] >= n[10e6] {
		t.Errorf("trials by hint: %v", n)
	}
}

// TestShortTrialsFirst: most trials are short ones.
func TestShortTrialsFirst(t *testing.T) {
	f := search(t, hard(1e6), plan(strict))
	if f.Trials[0].Duration != f.plan.Initial || f.Trials[len(f.Trials)-1].Duration != f.plan.Final {
		t.Errorf("trials of %v first, of %v last", f.Trials[0].Duration, f.Trials[len(f.Trials)-1].Duration)
	}
	if !slices.IsSortedFunc(f.Trials, func(a, b result.Trial) int { return int(a.Duration - b.Duration) }) {
		t.Error("a short trial after a long one")
	}
}

// TestStopped: what was found is there when the search ends before its time.
func TestStopped(t *testing.T) {
	whole := search(t, hard(1e6), plan(strict))
	for last := range len(whole.Trials) {
		ctx, cancel := context.WithCancel(t.Context())
		v := hard(1e6)
		v.cancel, v.last = cancel, last+1
		s, err := Run(ctx, v, plan(strict))
		if !errors.Is(err, errEnded) || len(s.Trials) != last {
			t.Fatalf("stopped at trial %d: %d trials, %v", last+1, len(s.Trials), err)
		}
		if ndr := s.Goal("NDR"); ndr.Regular != (ndr.Limit != result.LimitStopped) {
			t.Errorf("stopped at trial %d: %+v", last+1, ndr)
		}
	}
}

// TestAnyCurve: whatever a device loses, the result follows from the trials, and there are not too many of them.
func TestAnyCurve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		curve := rapid.SliceOfN(rapid.SampledFrom([]float64{0, 0, 0, 0.001, 0.004, 0.006, 0.1, 1}), 1, 12).Draw(t, "curve")
		v := &device{loss: func(load float64, _ time.Duration, _ int) float64 {
			at := math.Log(load/p.Min) / math.Log(p.Max/p.Min) * float64(len(curve))
			return curve[min(len(curve)-1, max(0, int(at)))]
		}}
		s, err := Run(context.Background(), v, p)
		if err != nil {
			t.Fatal(err)
		}
		f := &found{s, p}
		if w := f.wrong(); w != "" || len(f.Trials) > f.most() {
			t.Fatalf("%s; %d trials (%d allowed): %+v", w, len(f.Trials), f.most(), f.Goals)
		}
	})
}

// TestMonotonicCurve: where more load never means less loss, the bounds lie around where the goal's loss is reached.
func TestMonotonicCurve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		limit := p.Min * math.Exp(rapid.Float64Range(0, 1).Draw(t, "limit")*math.Log(p.Max/p.Min))
		s, err := Run(context.Background(), hard(limit), p)
		if err != nil {
			t.Fatal(err)
		}
		f := &found{s, p}
		if w := f.wrong(); w != "" || len(f.Trials) > f.most() {
			t.Fatalf("%s; %d trials (%d allowed)", w, len(f.Trials), f.most())
		}
		for i, g := range p.Goals {
			found, most := f.Goals[i], limit/(1-g.Loss)
			if found.Lower > most*1.001 || found.Upper != 0 && found.Upper < most*0.999 {
				t.Fatalf("%v is not between the bounds of %+v", most, found)
			}
		}
	})
}

// TestNoise: with devices that say now this, now that, the search still ends, and its result follows from the trials.
func TestNoise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		v := hard(p.Max/3).noisy(rapid.SampledFrom([]float64{0.0001, 0.01, 0.02, 0.5}).Draw(t, "noise"), rapid.Uint64().Draw(t, "seed"))
		s, err := Run(context.Background(), v, p)
		if err != nil {
			t.Fatal(err)
		}
		f := &found{s, p}
		if w := f.wrong(); w != "" {
			t.Fatalf("%s: %+v", w, f.Goals)
		}
	})
}

func anyPlan(t *rapid.T) Plan {
	p := plan(rapid.SampledFrom([][]Goal{strict, patient, {patient[1], strict[0]}}).Draw(t, "goals"))
	p.Width = rapid.SampledFrom([]float64{0.005, 0.03, 0.2}).Draw(t, "width")
	p.Initial = rapid.SampledFrom([]time.Duration{p.Final, p.Final / 4, p.Final / 64}).Draw(t, "initial")
	p.Min = rapid.SampledFrom([]float64{1000, 1e6, 9.9e6, 10e6}).Draw(t, "min")
	p.Hint = rapid.SampledFrom([]float64{0, 1, p.Min, p.Max, 3e6}).Draw(t, "hint")
	return p
}

func TestCheck(t *testing.T) {
	for want, change := range map[string]func(*Plan){
		"loads from 0 to 1e+07: must be above 0, the second no less than the first":               func(p *Plan) { p.Min = 0 },
		"loads from 1000 to 999: must be above 0, the second no less than the first":              func(p *Plan) { p.Max = 999 },
		"loads from NaN to 1e+07: must be above 0, the second no less than the first":             func(p *Plan) { p.Min = math.NaN() },
		"width 1: must be above 0 and below 1":                                                    func(p *Plan) { p.Width = 1 },
		"trials of 17s at first and of 16s at the end: must be above 0, the first ones no longer": func(p *Plan) { p.Initial = 17 * time.Second },
		"tolerance -1: must be 0 up to but without 1":                                             func(p *Plan) { p.Tolerance = -1 },
		"no goal to search for": func(p *Plan) { p.Goals = nil },
		"goal X: loss ratio 1 and exceed ratio 0 must be 0 up to but without 1, trials (1) at least 1": func(p *Plan) {
			p.Goals = []Goal{{Name: "X", Loss: 1, Trials: 1}}
		},
	} {
		p := plan(strict)
		change(&p)
		if _, err := Run(t.Context(), hard(1), p); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
