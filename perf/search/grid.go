package search

import "math"

// grid are the loads that a search may try, numbered from the least to the greatest. Each is lower than the next by the same ratio, the
// goals' width: two neighbours are as close as the search has to come, and all goals try the same loads, so that a trial serves
// every goal.
type grid struct {
	max, ratio float64 // of a load to the next
	last       int     // number of the greatest load
}

func newGrid(least, greatest, width float64) grid {
	ratio := 1 - width
	return grid{greatest, ratio, int(math.Floor(math.Log(least/greatest)/math.Log(ratio) + rounding))}
}

// rounding takes the error of logarithms: least is on the grid if it is a power of the ratio.
const rounding = 1e-9

// load returns the load of a number.
func (g *grid) load(i int) float64 { return g.max * math.Pow(g.ratio, float64(g.last-i)) }

// below returns the number of the greatest load that is not above load, or of the least.
func (g *grid) below(load float64) int {
	if load <= 0 {
		return 0
	}
	steps := math.Log(load/g.max) / math.Log(g.ratio)
	return min(g.last, max(0, g.last-int(math.Ceil(max(0, steps-rounding)))))
}
