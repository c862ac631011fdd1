package schedule

import "cleat/lcore/service"

// sh takes the server that the client's address hashes to (scheduling.md S).
type sh struct{}

func (sh) Name() string { return "sh" }

// Build fills the buckets in turns, as many for each server as its weight, one at least (S.1).
func (sh) Build(v *service.Virtual) {
	v.Buckets = nil
	for len(v.Reals) > 0 && len(v.Buckets) < buckets {
		for i := range v.Reals {
			for range min(max(v.Reals[i].Weight, 1), buckets) {
				v.Buckets = append(v.Buckets, uint16(i))
			}
			if len(v.Buckets) >= buckets { // the others get none
				v.Buckets = v.Buckets[:buckets:buckets]
				break
			}
		}
	}
}

func (sh) Changed(*State, *service.Virtual) {}

func (sh) Pick(v *service.Virtual, _ *State, loads []Load, c *Client) int {
	if len(v.Buckets) == 0 {
		return None
	}
	h := hash8(c.number(v.Flags))
	if i := int(v.Buckets[h]); eligible(&v.Reals[i], loads) {
		return i // S.3, S.4
	}
	if v.Flags&service.Fallback == 0 {
		return None // S.3
	}
	// S.4: the offsets go up from the bucket's own number, so the walk starts at twice it.
	for k := range buckets {
		if i := int(v.Buckets[(2*h+k)%buckets]); eligible(&v.Reals[i], loads) {
			return i
		}
	}
	return None
}
