package schedule

import "cleat/lcore/service"

// rr takes one server after the other (scheduling.md R).
type rr struct{ stateless }

func (rr) Name() string { return "rr" }
func (rr) goesRound()   {}

// Changed keeps the place in a list from which the last pick was removed (R.3). The server that follows it is found all the same; but
// when nothing is left before it, its predecessor is the list's head, and what is added from now on comes next.
func (rr) Changed(s *State, v *service.Virtual) {
	if len(v.Reals) == 0 || v.Reals[0].Added < s.Last {
		s.Last = 0
	}
}

func (rr) Pick(v *service.Virtual, s *State, loads []Load, _ *Client) int {
	i := after(v, s.Last)
	for range v.Reals { // R.2: the last pick comes last, and no server twice
		if i == len(v.Reals) {
			i = 0
		}
		if rs := &v.Reals[i]; eligible(rs, loads) {
			s.Last = rs.Added
			return i
		}
		i++
	}
	return None
}
