package schedule

import "cleat/lcore/service"

// wrr goes through the list in passes and takes from each those servers that weigh enough for it (scheduling.md wrr). The passes
// begin with the greatest weight and go down in steps of the weights' greatest common divisor.
type wrr struct{}

func (wrr) Name() string { return "wrr" }
func (wrr) goesRound()   {}

func (wrr) Build(v *service.Virtual) {
	v.GCD, v.MaxWeight = 0, 0
	for i := range v.Reals {
		if w := v.Reals[i].Weight; w > 0 {
			v.GCD, v.MaxWeight = gcd(v.GCD, w), max(v.MaxWeight, w)
		}
	}
	v.GCD = max(v.GCD, 1)
}

func gcd(a, b int32) int32 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Changed begins the pass anew that was under way, or the next higher one that the new weights have. To a fresh State the servers
// come one by one, the oldest first, as they do from ipvsadm -R: then the first pass is that of the first server's weight.
func (wrr) Changed(s *State, v *service.Virtual) {
	if s.Step == 0 {
		var g, heaviest int32
		for i := len(v.Reals) - 1; i >= 0; i-- {
			if w := v.Reals[i].Weight; w > 0 {
				g, heaviest = gcd(g, w), max(heaviest, w)
			}
			s.weigh(max(g, 1), heaviest)
		}
	}
	s.weigh(v.GCD, v.MaxWeight)
}

// weigh sets the pass to be begun for weights with this greatest common divisor and maximum. It leaves Current = 1 mod Step (or
// 0 = Max), on which Pick relies.
func (s *State) weigh(divisor, heaviest int32) {
	s.Last, s.Step, s.Max = 0, divisor, heaviest-(divisor-1)
	switch {
	case s.Current > s.Max || s.Current == 0:
		s.Current = s.Max
	case s.Step > 1:
		s.Current = s.Current/s.Step*s.Step + 1
	}
}

// Pick does in one go what the specification tells pass by pass: passes in which no server is heavy enough change nothing but Current,
// and there may be 2^31 of them.
func (wrr) Pick(v *service.Virtual, s *State, loads []Load, _ *Client) int {
	if s.Max == 0 {
		return None // 1
	}
	if i := heavy(v, s, loads, after(v, s.Last)); i != None {
		return i // 2
	}
	best := heaviest(v, loads)
	if best == 0 {
		// 3: a search begun at the head, or before the last pass, ends with the last pass, and the next one is the
		// first; one begun within the last pass ends where it began.
		if s.Last == 0 || s.Current > s.Step {
			s.Current = s.Max
		}
		return None
	}
	s.Current -= s.Step // 3: the next pass …
	if s.Current <= 0 {
		s.Current = s.Max
	}
	if s.Current > best { // … that has a server
		s.Current -= (s.Current - best + s.Step - 1) / s.Step * s.Step
	}
	return heavy(v, s, loads, 0)
}

// heavy picks the first server from index i on that is heavy enough for the pass, or None.
func heavy(v *service.Virtual, s *State, loads []Load, i int) int {
	for ; i < len(v.Reals); i++ {
		if rs := &v.Reals[i]; rs.Weight >= s.Current && eligible(rs, loads) {
			s.Last = rs.Added
			return i
		}
	}
	return None
}

// heaviest returns the greatest weight of an eligible server, or 0.
func heaviest(v *service.Virtual, loads []Load) (best int32) {
	for i := range v.Reals {
		if rs := &v.Reals[i]; rs.Weight > best && eligible(rs, loads) {
			best = rs.Weight
		}
	}
	return best
}
