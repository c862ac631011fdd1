package schedule

import "cleat/lcore/service"

// overhead is what a server has to do (G.3): 257 for an active connection, 1 for an inactive one, modulo 2^32.
func overhead(rs *service.Real, loads []Load) uint32 {
	l := &loads[rs.Slot]
	active, inactive := l.Active+l.OthersActive, l.Inactive+l.OthersInactive
	return uint32(active)<<8 + uint32(active+inactive)
}

// lc takes the server with the least connections, whatever its weight (scheduling.md L0.1).
type lc struct{ stateless }

func (lc) Name() string { return "lc" }

func (lc) Pick(v *service.Virtual, _ *State, loads []Load, _ *Client) int {
	best, least := None, uint32(0)
	for i := range v.Reals {
		rs := &v.Reals[i]
		if !eligible(rs, loads) {
			continue
		}
		if load := overhead(rs, loads); best == None || load < least {
			best, least = i, load
		}
	}
	return best
}
