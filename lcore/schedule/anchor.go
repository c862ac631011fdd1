package schedule

import (
	"math"

	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// Lasting is a Scheduler that picks the same server for the same client again, as long as the servers are the same.
type Lasting interface {
	Scheduler
	lasts()
}

func (sh) lasts() {}
func (dh) lasts() {}
func (mh) lasts() {}
func (fo) lasts() {}

// Anchor returns the index in v.Reals of the server where a client belongs that hashes to client, without anything being remembered; None if no server
// may be picked. It is rendezvous hashing: each server has a lot for each client, and the best one wins. So a client moves only if its own
// server goes, or one comes that is better for it, as many clients as that server's share of the weights; and only clients of a server that is overloaded
// go elsewhere meanwhile. The lots are the same on every worker, on every machine and after every start.
func Anchor(v *service.Virtual, loads []Load, client uint64) int {
	best, most, weight := None, 0.0, int32(0)
	lots := flow.Seed{client, 0x9e3779b97f4a7c15, client ^ 0xd1b54a32d192ed03, 0x8cb92ba72f3d8dd7}
	for i := range v.Reals {
		r := &v.Reals[i]
		if !eligible(r, loads) {
			continue
		}
		lot := (float64(flow.Hash(r.Addr, r.Port, 0, &lots)>>11) + 0.5) / (1 << 53)
		if best == None || sooner(lot, r.Weight, most, weight) {
			best, most, weight = i, lot, r.Weight
		}
	}
	return best
}

// sooner reports whether the first event of as many as there is weight comes sooner than that of others. Mostly weights are alike, and it takes no logarithm.
func sooner(lot float64, weight int32, others float64, theirs int32) bool {
	if weight == theirs {
		return lot > others
	}
	return math.Log(lot)/float64(weight) > math.Log(others)/float64(theirs)
}
