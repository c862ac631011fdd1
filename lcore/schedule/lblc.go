package schedule

import (
	"time"

	"cleat/lcore/destination"
	"cleat/lcore/service"
)

// lblc takes the server that the packet's destination went to before, unless that has too much to do; then as wlc (scheduling.md B).
type lblc struct{}

func (lblc) Name() string { return "lblc" }
func (lblc) balances()    {}

// Build makes the workers' tables if v does not come with those of the same Incarnation.
func (lblc) Build(v *service.Virtual) { remember(v, 1) }

func (lblc) Changed(*State, *service.Virtual) {}

func (lblc) Pick(v *service.Virtual, s *State, loads []Load, c *Client) int {
	t, now := s.destinations(v, c)
	e := t.Use(c.Dst, now, v.Expiration)
	if e != 0 {
		i := find(v, t.Servers(e)[0])
		if i != None && v.Reals[i].Weight > 0 && !busy(v, loads, i) {
			return i // B.2
		}
	}
	i := wlc{}.Pick(v, s, loads, c) // B.4
	if i == None {
		return None
	}
	if e == 0 {
		e = t.Insert(c.Dst, now)
	} else {
		t.Drop(e, 0, now)
	}
	if e != 0 {
		t.Add(e, v.Reals[i].Identity, now)
	}
	return i
}

func remember(v *service.Virtual, width int) {
	for worker, t := range v.Destinations {
		if t == nil {
			v.Destinations[worker] = destination.New(width)
		}
	}
}

// destinations returns the worker's table and its time.
func (s *State) destinations(v *service.Virtual, c *Client) (*destination.Table, time.Duration) {
	return v.Destinations[s.Worker], c.Now - s.Since
}

// find returns the index in v.Reals of the server with that identity, or None if it was removed.
func find(v *service.Virtual, identity uint32) int {
	for i := range v.Reals {
		if v.Reals[i].Identity == identity {
			return i
		}
	}
	return None
}

// busy reports whether server i has more to do than its weight, and another less than half of its own (B.3).
func busy(v *service.Virtual, loads []Load, i int) bool {
	if rs := &v.Reals[i]; active(rs, loads) <= rs.Weight {
		return false
	}
	for j := range v.Reals {
		if rs := &v.Reals[j]; 2*int64(active(rs, loads)) < int64(rs.Weight) {
			return true
		}
	}
	return false
}
