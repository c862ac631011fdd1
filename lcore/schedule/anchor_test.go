package schedule

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// clientHash is that of client n, as good as random.
func clientHash(n uint64) uint64 { return flow.Hash(flow.Addr{Lo: n}, 0, 0, &flow.Seed{5, 6, 7, 8}) }

func weighted(weights ...int32) *service.Virtual {
	v := &service.Virtual{}
	for i, w := range weights {
		v.Reals = append(v.Reals, service.Real{Slot: uint32(i), Addr: flow.V4(0x0a09000b + uint32(i)), Port: 80, Weight: w})
	}
	return v
}

// TestAnchorByWeight: of many clients each server gets its share of the weights, to five standard deviations.
func TestAnchorByWeight(t *testing.T) {
	const clients = 100_000
	for _, weights := range [][]int32{{1}, {1, 1}, {1, 2, 3}, {0, 5, 0, 5}, {1, 1000}, {1 << 30, 1 << 29}, {3, 1, 4, 1, 5, 9, 2, 6, 5, 3}} {
		v, sum := weighted(weights...), 0.0
		counts := make([]float64, len(weights))
		for n := range uint64(clients) {
			counts[Anchor(v, make([]Load, len(weights)), clientHash(n))]++
		}
		for _, w := range weights {
			sum += float64(w)
		}
		for i, w := range weights {
			p := float64(w) / sum
			if off := math.Abs(counts[i] - clients*p); off > 5*math.Sqrt(clients*p*(1-p)) {
				t.Errorf("weights %v: server %d has %.0f of %d clients", weights, i, counts[i], clients)
			}
		}
	}
}

// anchors returns the slots of the servers of clients 0 to n-1, -1 for none.
func anchors(v *service.Virtual, loads []Load, n int) (all []int) {
	for c := range n {
		slot := -1
		if i := Anchor(v, loads, clientHash(uint64(c))); i != None {
			slot = int(v.Reals[i].Slot)
		}
		all = append(all, slot)
	}
	return all
}

// TestAnchorStays: whatever becomes of one server, by its weight, by overload, or since it goes, a client moves only away from it or to it, as less or more
// of it is there; the order of the list does not matter; and nobody is where nobody may be.
func TestAnchorStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Int32Range(0, 5), 1, 8).Draw(t, "weights")
		v, loads := weighted(weights...), make([]Load, len(weights))
		before := anchors(v, loads, 200)
		changed := rapid.IntRange(0, len(weights)-1).Draw(t, "changed")
		was, is := weights[changed], int32(0)
		if rapid.Bool().Draw(t, "overload") {
			loads[changed].Overload = true
		} else {
			is = rapid.Int32Range(0, 5).Draw(t, "weight")
			v.Reals[changed].Weight = is
		}
		v.Reals = rapid.Permutation(v.Reals).Draw(t, "order")
		for n, now := range anchors(v, loads, 200) {
			old := before[n]
			if old >= 0 && weights[old] == 0 {
				t.Fatalf("client %d is at a server of weight 0", n)
			}
			if now != old && !(old == changed && is < was) && !(now == changed && is > was) {
				t.Fatalf("client %d went from %d to %d when server %d got weight %d for %d", n, old, now, changed, is, was)
			}
		}
	})
}

// TestAnchorIsTheSameEverywhere: what one process hashed yesterday another one hashes alike today.
func TestAnchorIsTheSameEverywhere(t *testing.T) {
	want := []int{1, 2, 2, 3, 0, 2, 1, 3, 3, 3, 0, 2, 2, 3, 1, 3}
	if got := anchors(weighted(1, 2, 3, 4), make([]Load, 4), 16); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
