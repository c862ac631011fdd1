package stat

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/appliance/api"
	"cleat/lcore"
)

func TestWorker(t *testing.T) {
	c := lcore.Counters{
		Received: 10, Taken: 2, Injected: 3, Transmitted: 5, Held: 1, Turns: 100, EmptyTurns: 60, Sleeps: 7, GapMax: 3_000_000,
	}
	c.Verdicts[lcore.ForwardInput] = 4
	c.Verdicts[lcore.Punted] = 1
	c.Verdicts[lcore.HandedOver] = 2
	c.Verdicts[lcore.DropTTL] = 5
	c.Gaps[12] = 1 // below 4.096 ms
	want := api.Worker{
		Worker: 1, Lcore: 4, Turns: 100, EmptyTurns: 60, Sleeps: 7, Received: 10, Taken: 2, Injected: 3, Transmitted: 5,
		Punted: 1, HandedOver: 2, Held: 1, Unaccounted: 1, // 15 came, 14 are known of
		Drops: map[string]uint64{"ttl": 5}, PollGapMax: 0.003, PollGapP99: 0.004096,
	}
	if diff := cmp.Diff(want, Worker(1, 4, &c)); diff != "" {
		t.Error("-want +got:\n", diff)
	}
}

// TestQuantile compares with a plain twin: all bounds in a row, as often as there are gaps below them.
func TestQuantile(t *testing.T) {
	if got := Quantile(&[lcore.GapBuckets]uint64{}, 0.99); got != 0 {
		t.Error("no gaps:", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		var gaps [lcore.GapBuckets]uint64
		var bounds []float64
		for i := range gaps[:lcore.GapBuckets-1] {
			gaps[i] = rapid.Uint64Range(0, 5).Draw(t, "gaps")
			for range gaps[i] {
				bounds = append(bounds, GapBound(i))
			}
		}
		if len(bounds) == 0 {
			return
		}
		q := rapid.SampledFrom([]float64{0.5, 0.75, 1}).Draw(t, "q") // exact in binary
		want := bounds[int(math.Ceil(q*float64(len(bounds))))-1]
		if got := Quantile(&gaps, q); got != want {
			t.Fatalf("%v of %v: %v, want %v", q, gaps, got, want)
		}
	})
}

func TestGapBound(t *testing.T) {
	for i, want := range map[int]float64{0: 1e-6, 10: 1.024e-3, lcore.GapBuckets - 2: 4.194304, lcore.GapBuckets - 1: math.Inf(1)} {
		if got := GapBound(i); got != want {
			t.Errorf("%d: %v, want %v", i, got, want)
		}
	}
}
