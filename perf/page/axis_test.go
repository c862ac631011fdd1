package page

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMarks(t *testing.T) {
	for _, c := range []struct {
		axis            axis
		least, greatest float64
		want            []float64
	}{
		{axis{}, 3, 9, []float64{0, 2, 4, 6, 8, 10}},
		{axis{}, 0, 0, []float64{0, 1}},
		{axis{}, -3, 9, []float64{-4, -2, 0, 2, 4, 6, 8, 10}},
		{axis{}, 0, 238, []float64{0, 50, 100, 150, 200, 250}},
		{axis{Whole: true}, 1, 2, []float64{0, 1, 2}},
		{axis{Log: true}, 1000, 100000, []float64{1000, 10000, 100000}},
		{axis{Log: true}, 0.3, 20, []float64{0.1, 1, 10, 100}},
		{axis{Log: true}, 10, 10, []float64{10, 100}},
	} {
		s := c.axis.span(c.least, c.greatest, 0, 100)
		got := s.marks()
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }) {
			t.Errorf("%v … %v: %v, want %v", c.least, c.greatest, got, c.want)
		}
	}
}

// TestPlaces: whatever is to be drawn lies on the paper, in its order, with two to a dozen marks.
func TestPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := axis{Log: rapid.Bool().Draw(t, "log")}
		values := rapid.SliceOfN(rapid.Float64Range(0.001, 1e7), 1, 20).Draw(t, "values")
		slices.Sort(values)
		s := a.span(values[0], values[len(values)-1], 200, 0)
		last := math.Inf(1)
		for _, v := range values {
			at := s.at(v)
			if !(at <= 200.001 && at >= -0.001) || at > last {
				t.Fatalf("%v is at %v, after %v", v, at, last)
			}
			last = at
		}
		if n := len(s.marks()); n < 2 || n > 12 {
			t.Fatalf("marks %v", s.marks())
		}
	})
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.5: "0.5", 999: "999", 1000: "1k", 1500: "1.5k", 1e6: "1M", 2.5e9: "2.5G", -3000: "-3k"} {
		if got := short(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{1: "0", 2: "50", 10: "90", 1000: "99.9", 100000: "99.999"} {
		if got := percentile(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}
