package schedule

import "cleat/lcore/service"

// sed takes the server on which the connection would have to wait least: wlc by the active connections, this one included (scheduling.md sed).
type sed struct{ stateless }

func (sed) Name() string { return "sed" }
func (sed) balances()    {}

func (sed) Pick(v *service.Virtual, _ *State, loads []Load, _ *Client) int {
	best := lightest{index: None}
	for i := range v.Reals {
		if rs := &v.Reals[i]; eligible(rs, loads) {
			best.weigh(i, expected(rs, loads), rs.Weight)
		}
	}
	return best.index
}
