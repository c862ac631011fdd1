package schedule

import (
	"math"
	"testing"
)

// TestTwosDraw: T.1, T.2: of total+1 numbers, every server has as many as its weight, the first one more.
func TestTwosDraw(t *testing.T) {
	d := newDirector("twos", 0, slots)
	for slot, weight := range []int32{3, 0, 2, 1} {
		d.add(uint32(slot), weight)
	}
	count := map[uint32]int{}
	for r := range int64(7) {
		count[d.virtual.Reals[draw(d.virtual, d.loads, r)].Slot]++
	}
	if count[0] != 3 || count[1] != 0 || count[2] != 2 || count[3] != 2 {
		t.Errorf("server: numbers %v, want 3 0 2 2", count)
	}
}

// TestTwosShares: servers that are loaded alike get their shares; of two, the loaded one gets only what is drawn twice.
func TestTwosShares(t *testing.T) {
	d := newDirector("twos", 0, slots)
	for slot := range uint32(3) {
		d.add(slot, 100)
	}
	const n = 100_000
	shares := func() (share [3]float64) {
		for range n {
			share[d.pick(&Client{})] += 1.0 / n
		}
		return share
	}
	near := func(got, want [3]float64) {
		for i := range got {
			if math.Abs(got[i]-want[i]) > 0.01 { // six standard deviations
				t.Errorf("shares %.3f, want %.3f", got, want)
				return
			}
		}
	}
	near(shares(), [3]float64{1 / 3.0, 1 / 3.0, 1 / 3.0})
	d.loads[0].Active = 1
	near(shares(), [3]float64{1 / 9.0, 4 / 9.0, 4 / 9.0})
	d.loads[1].Overload = true
	near(shares(), [3]float64{1 / 4.0, 0, 3 / 4.0})
}
