package compare

import (
	"math"
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

// TestChance: figures of tables of the test.
func TestChance(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		want float64
	}{
		{[]float64{1}, []float64{2}, 1},
		{[]float64{1, 2, 3}, []float64{4, 5, 6}, 0.1},
		{[]float64{1, 2, 3, 4}, []float64{5, 6, 7, 8}, 2. / 70},
		{[]float64{1, 2, 3, 4, 5}, []float64{6, 7, 8, 9, 10}, 2. / 252},
		{[]float64{1, 2, 3, 4, 6}, []float64{5, 7, 8, 9, 10}, 4. / 252},
		{[]float64{7, 7, 7}, []float64{7, 7}, 1},
	} {
		if p := chance(c.a, c.b); math.Abs(p-c.want) > 1e-12 {
			t.Errorf("%v, %v: %v, want %v", c.a, c.b, p, c.want)
		}
		if least := leastChance(len(c.a), len(c.b)); least > c.want+1e-12 {
			t.Errorf("%v, %v: least chance %v, but it is %v", c.a, c.b, least, c.want)
		}
	}
}

// every is chance by trying every choice.
func every(a, b []float64) float64 {
	ranks, of := doubledRanks(a, b)
	mean := len(a) * (len(ranks) + 1)
	further, all := 0, 0
	for choice := range uint(1) << len(ranks) {
		if bits.OnesCount(choice) != len(a) {
			continue
		}
		sum := 0
		for i, r := range ranks {
			sum += r * int(choice>>i&1)
		}
		all++
		if max(sum-mean, mean-sum) >= max(of-mean, mean-of) {
			further++
		}
	}
	return float64(further) / float64(all)
}

func TestChanceIsThatOfAllChoices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		series := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 9), func(i int) float64 { return float64(i) }), 1, 6)
		a, b := series.Draw(t, "a"), series.Draw(t, "b")
		if p, want := chance(a, b), every(a, b); math.Abs(p-want) > 1e-12 {
			t.Fatalf("%v, want %v", p, want)
		}
		if chance(a, b) != chance(b, a) {
			t.Fatalf("%v, turned round %v", chance(a, b), chance(b, a))
		}
	})
}

// TestNormal: with as many values as are still counted exactly, the approximation is near.
func TestNormal(t *testing.T) {
	var a, b []float64
	for i := range manyValues / 2 {
		a, b = append(a, float64(i%17)), append(b, float64(i%19))
	}
	ranks, of := doubledRanks(a, b)
	near := normal(ranks, len(a), math.Abs(float64(of-len(a)*(len(ranks)+1))))
	if exact := chance(a, b); math.Abs(near-exact) > 0.01 || exact > 0.9 {
		t.Errorf("%v, exactly %v", near, exact)
	}
	many := make([]float64, manyValues)
	if p := chance(many, many); p != 1 {
		t.Errorf("%v of equal values", p)
	}
}
