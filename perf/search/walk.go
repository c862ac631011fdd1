package search

// walk is the way of one goal through one stage.
type walk struct {
	// hints are tried first, in their order, as long as they can still move a bound.
	hints []int
	// step is how far the next load lies from the only bound that there is. It doubles whenever out, the load that it led to, has become
	// that bound.
	step, out int
}

// next returns the load to try, which is not decided yet; or that bounds are there and near enough, or that there is none to be found.
func (w *walk) next(b bounds, apart, last int) (i int, done bool) {
	if b.upper == 0 || b.lower == last || b.lower != none && b.upper != none && b.upper-b.lower <= apart {
		return 0, true
	}
	for _, hint := range w.hints {
		if hint > b.lower && (b.upper == none || hint < b.upper) {
			return hint, false
		}
	}
	if b.lower != none && b.upper != none {
		return (b.lower + b.upper) / 2, false
	}
	if w.out != none && (w.out == b.lower || w.out == b.upper) {
		w.step *= 2
	}
	if b.upper != none {
		w.out = max(0, b.upper-w.step)
	} else { // hints are never empty: where none of them can move a bound, there is one
		w.out = min(last, b.lower+w.step)
	}
	return w.out, false
}
