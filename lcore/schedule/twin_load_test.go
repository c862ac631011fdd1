package schedule

import "slices"

// sedTwin: sed.
type sedTwin struct{ noState }

func (sedTwin) pick(list []*server, _ *Client) *server { return leastExpected(list) }

func leastExpected(list []*server) (best *server) {
	for _, s := range list {
		if s.eligible() && (best == nil || int64(s.active+1)*int64(best.weight) < int64(best.active+1)*int64(s.weight)) {
			best = s
		}
	}
	return best
}

// nqTwin: nq.
type nqTwin struct{ noState }

func (nqTwin) pick(list []*server, _ *Client) *server {
	if i := slices.IndexFunc(list, func(s *server) bool { return s.eligible() && s.active == 0 }); i >= 0 {
		return list[i]
	}
	return leastExpected(list)
}

// foTwin: fo.
type foTwin struct{ noState }

func (foTwin) pick(list []*server, _ *Client) *server {
	return heaviestTwin(list, (*server).eligible)
}

// ovfTwin: ovf.
type ovfTwin struct{ noState }

func (ovfTwin) pick(list []*server, _ *Client) *server {
	return heaviestTwin(list, func(s *server) bool { return s.weight != 0 && !s.overload && s.active <= s.weight })
}

// heaviestTwin returns the heaviest of those that are wanted, the first of several.
func heaviestTwin(list []*server, wanted func(*server) bool) *server {
	left := slices.DeleteFunc(slices.Clone(list), func(s *server) bool { return !wanted(s) })
	if len(left) == 0 {
		return nil
	}
	return slices.MaxFunc(left, func(a, b *server) int { return int(a.weight) - int(b.weight) })
}

// twosTwin: twos, with random numbers from the same source.
type twosTwin struct {
	noState
	state State
}

func (w *twosTwin) pick(list []*server, _ *Client) *server {
	var left []*server
	total := int64(0)
	for _, s := range list {
		if s.eligible() {
			left = append(left, s)
			total += int64(s.weight)
		}
	}
	if total == 0 {
		return nil // T.1
	}
	r1, r2 := w.state.upTo(total), w.state.upTo(total)
	var choice1, choice2 *server
	for _, s := range left { // T.2
		if r1 -= int64(s.weight); r1 <= 0 && choice1 == nil {
			choice1 = s
		}
		if r2 -= int64(s.weight); r2 <= 0 && choice2 == nil {
			choice2 = s
		}
	}
	if choice1.overhead()*int64(choice2.weight) > choice2.overhead()*int64(choice1.weight) { // T.3
		return choice2
	}
	return choice1
}
