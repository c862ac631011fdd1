package schedule

import "cleat/lcore/service"

// wlc takes the server with the least connections for its weight (scheduling.md W).
type wlc struct{ stateless }

func (wlc) Name() string { return "wlc" }

// Pick tests the weight of all servers, not only of those before the first eligible one: as W.2 says, one of weight 0 cannot win.
func (wlc) Pick(v *service.Virtual, _ *State, loads []Load, _ *Client) int {
	best, least, weight := None, int64(0), int64(0)
	for i := range v.Reals {
		rs := &v.Reals[i]
		if !eligible(rs, loads) {
			continue
		}
		load := int64(int32(overhead(rs, loads)))                 // G.3: signed here
		if best == None || load*weight < least*int64(rs.Weight) { // G.5
			best, least, weight = i, load, int64(rs.Weight)
		}
	}
	return best
}
