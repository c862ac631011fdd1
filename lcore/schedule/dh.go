package schedule

import "cleat/lcore/service"

// dh takes the server that the packet's destination hashes to (scheduling.md D).
type dh struct{}

func (dh) Name() string { return "dh" }

// Build fills the buckets in turns, one for each server whatever its weight (D.1), so that an edit changes nothing (D.3).
func (dh) Build(v *service.Virtual) {
	v.Buckets = nil
	if len(v.Reals) == 0 {
		return
	}
	v.Buckets = make([]uint16, buckets)
	for b := range v.Buckets {
		v.Buckets[b] = uint16(b % len(v.Reals))
	}
}

func (dh) Changed(*State, *service.Virtual) {}

func (dh) Pick(v *service.Virtual, _ *State, loads []Load, c *Client) int {
	if len(v.Buckets) == 0 {
		return None
	}
	if i := int(v.Buckets[hash8(c.Dst.Fold())]); eligible(&v.Reals[i], loads) {
		return i
	}
	return None // D.2
}
