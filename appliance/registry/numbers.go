package registry

// numbers hands out the numbers 0 to limit-1, each to one owner at a time.
type numbers struct {
	limit   int
	highest int // one more than the highest number that was ever taken
	free    []uint32
}

func (n *numbers) left() int { return n.limit - n.highest + len(n.free) }

// take returns a free number; the caller has made sure that one is left.
func (n *numbers) take() uint32 {
	if last := len(n.free) - 1; last >= 0 {
		x := n.free[last]
		n.free = n.free[:last]
		return x
	}
	n.highest++
	return uint32(n.highest - 1)
}

func (n *numbers) giveBack(x uint32) { n.free = append(n.free, x) }
