package schedule

import "cleat/lcore/service"

// nq takes the first server that has nothing to do, whatever its weight; if there is none, as sed (scheduling.md nq).
type nq struct{ stateless }

func (nq) Name() string { return "nq" }
func (nq) balances()    {}

func (nq) Pick(v *service.Virtual, _ *State, loads []Load, _ *Client) int {
	best := lightest{index: None}
	for i := range v.Reals {
		rs := &v.Reals[i]
		if !eligible(rs, loads) {
			continue
		}
		if active(rs, loads) == 0 {
			return i
		}
		best.weigh(i, expected(rs, loads), rs.Weight)
	}
	return best.index
}
