package schedule

import "cleat/lcore/service"

// lc takes the server with the least connections, whatever its weight (scheduling.md L0.1).
type lc struct{ stateless }

func (lc) Name() string { return "lc" }
func (lc) balances()    {}

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
