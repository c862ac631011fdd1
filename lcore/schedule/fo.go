package schedule

import "cleat/lcore/service"

// fo takes the heaviest server, and only that, until it fails (scheduling.md fo).
type fo struct{ stateless }

func (fo) Name() string { return "fo" }

func (fo) Pick(v *service.Virtual, _ *State, loads []Load, _ *Client) int {
	best := None
	for i := range v.Reals {
		if rs := &v.Reals[i]; eligible(rs, loads) && (best == None || rs.Weight > v.Reals[best].Weight) {
			best = i
		}
	}
	return best
}
