package schedule

import (
	"slices"
	"time"

	"cleat/lcore/destination"
	"cleat/lcore/service"
)

// lblcr takes the server with the least to do of those that the packet's destination went to before; when that has too much to do, as
// wlc, and the destination has a server more (scheduling.md C).
type lblcr struct{}

// setSize is how many servers a destination may have. IPVS has no bound; beyond it wlc still chooses, but the choice is not remembered.
const setSize = 16

func (lblcr) Name() string { return "lblcr" }
func (lblcr) balances()    {}

// Build is as that of lblc.
func (lblcr) Build(v *service.Virtual) { remember(v, setSize) }

func (lblcr) Changed(*State, *service.Virtual) {}

func (lblcr) Pick(v *service.Virtual, s *State, loads []Load, c *Client) int {
	t, now := s.destinations(v, c)
	e := t.Use(c.Dst, now, v.Expiration)
	if e != 0 {
		i := lightestOf(v, loads, t.Servers(e))
		if len(t.Servers(e)) > 1 && now > t.Changed(e)+v.Expiration { // C.1
			if place := heaviestOf(v, loads, t.Servers(e)); place != None {
				t.Drop(e, place, now)
			}
		}
		if i != None && !busy(v, loads, i) {
			return i // C.2
		}
	}
	i := wlc{}.Pick(v, s, loads, c)
	if i == None {
		return None
	}
	if e == 0 {
		e = t.Insert(c.Dst, now) // C.3
	}
	if e != 0 {
		include(v, t, e, v.Reals[i].Identity, now)
	}
	return i
}

// include adds a server to entry e, if it is not there already. In the place of one that was removed, if all places are taken; IPVS keeps those
// too, for the case that they come back.
func include(v *service.Virtual, t *destination.Table, e, server uint32, now time.Duration) {
	set := t.Servers(e)
	if slices.Contains(set, server) || t.Add(e, server, now) {
		return
	}
	gone := slices.IndexFunc(set, func(identity uint32) bool { return find(v, identity) == None })
	if gone >= 0 {
		t.Drop(e, gone, now)
		t.Add(e, server, now)
	}
}

// lightestOf returns the index in v.Reals of the eligible server with the least overhead for its weight of a set (C.1), or None.
func lightestOf(v *service.Virtual, loads []Load, set []uint32) int {
	best := lightest{index: None}
	for _, identity := range set {
		if i := find(v, identity); i != None && eligible(&v.Reals[i], loads) {
			best.weigh(i, int64(signed(&v.Reals[i], loads)), v.Reals[i].Weight)
		}
	}
	return best.index
}

// heaviestOf returns the place in a set of the server with the greatest overhead for its weight (C.1), or None. It does not see removed
// ones, which lose their connections anyway.
func heaviestOf(v *service.Virtual, loads []Load, set []uint32) int {
	best := lightest{index: None}
	for place, identity := range set {
		if i := find(v, identity); i != None && v.Reals[i].Weight > 0 {
			best.weigh(place, -int64(signed(&v.Reals[i], loads)), v.Reals[i].Weight)
		}
	}
	return best.index
}
