package schedule

import "cleat/lcore/service"

// eligible reports whether new connections may go to rs (G.2).
func eligible(rs *service.Real, loads []Load) bool {
	return rs.Weight > 0 && !loads[rs.Slot].Overload
}

// after returns the index of the server that follows last in the list, or len(v.Reals) at its end; last is a
// service.Real.Added, also of a server that is there no more, or 0 for the list's head.
func after(v *service.Virtual, last uint64) int {
	if last == 0 {
		return 0
	}
	low, high := 0, len(v.Reals) // the list is in falling order of Added (G.1)
	for low < high {
		if middle := int(uint(low+high) / 2); v.Reals[middle].Added < last {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}
