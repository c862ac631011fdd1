package schedule

import "cleat/lcore/service"

// wlc takes the server with the least connections for its weight (scheduling.md W).
type wlc struct{ stateless }

func (wlc) Name() string { return "wlc" }
func (wlc) balances()    {}

// Pick tests the weight of all servers, not only of those before the first eligible one: as W.2 says, one of weight 0 cannot win.
func (wlc) Pick(v *service.Virtual, _ *State, loads []Load, _ *Client) int {
	best := lightest{index: None}
	for i := range v.Reals {
		if rs := &v.Reals[i]; eligible(rs, loads) {
			best.weigh(i, int64(signed(rs, loads)), rs.Weight)
		}
	}
	return best.index
}
