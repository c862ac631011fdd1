package schedule

import "cleat/lcore/service"

// ovf takes the heaviest server until it has more active connections than its weight, then the next (scheduling.md ovf).
type ovf struct{ stateless }

func (ovf) Name() string { return "ovf" }
func (ovf) balances()    {}

func (ovf) Pick(v *service.Virtual, _ *State, loads []Load, _ *Client) int {
	best := None
	for i := range v.Reals {
		rs := &v.Reals[i]
		if !eligible(rs, loads) || active(rs, loads) > rs.Weight {
			continue
		}
		if best == None || rs.Weight > v.Reals[best].Weight {
			best = i
		}
	}
	return best
}
