package schedule

import (
	"math/bits"
	"slices"
	"time"

	"cleat/lcore/flow"
)

// dhTwin: D.
type dhTwin struct{ noState }

func (dhTwin) pick(list []*server, c *Client) *server {
	if len(list) == 0 {
		return nil
	}
	bucket := c.Dst.Uint32() * 0x61C88647 >> 24
	if s := list[int(bucket)%len(list)]; s.eligible() {
		return s
	}
	return nil
}

// mhTwin: M. The table is filled anew after every change; what a hash is, X.2 and the kernel's choices show.
type mhTwin struct {
	fallback, port bool
	table          []*server
}

func (*mhTwin) deleting([]*server, *server) {}

func (m *mhTwin) changed(list []*server) {
	g, heaviest := int32(0), int32(0)
	for _, s := range list {
		heaviest = max(heaviest, s.last)
	}
	for d := heaviest; d > 0 && g == 0; d-- {
		if !slices.ContainsFunc(list, func(s *server) bool { return s.last%d != 0 }) {
			g = d
		}
	}
	m.table = nil
	if g < 1 {
		return
	}
	shift := max(0, bits.Len32(uint32(heaviest/g))-6)
	m.table = make([]*server, 4093)
	steps := map[*server]uint32{} // along its permutation
	for used := 0; ; {
		for _, s := range list {
			turns := int(s.last/g) >> shift
			if turns == 0 && s.last != 0 {
				turns = 1
			}
			x := 10<<24 + 9<<16 + 10 + s.slot + 80
			start, skip := siphash(x, key1)%4093, siphash(x, key2)%4092+1
			for range turns {
				for m.table[(start+steps[s]*skip)%4093] != nil {
					steps[s]++
				}
				m.table[(start+steps[s]*skip)%4093] = s
				if used++; used == 4093 {
					return
				}
			}
		}
	}
}

func (m *mhTwin) pick(_ []*server, c *Client) *server {
	if m.table == nil {
		return nil
	}
	x := c.Addr.Uint32()
	if m.port {
		x += uint32(c.Port)
	}
	slot := siphash(x, key1) % 4093
	if s := m.table[slot]; s.eligible() {
		return s
	}
	for k := uint32(0); m.fallback && k <= 4092; k++ {
		offset := (k + slot) % 4093
		if s := m.table[siphash(x+offset, key1)%4093]; s.eligible() {
			return s
		}
	}
	return nil
}

// memory is what lblc and lblcr know of destinations.
type memory struct {
	noState
	entries map[flow.Addr]*remembered
	run     time.Duration // of the timer
}

type remembered struct {
	used, changed time.Duration
	set           []*server // newest first
}

// age runs the timer up to now (B.5). The twins never remember too many.
func (m *memory) age(now time.Duration) {
	if m.entries == nil {
		m.entries = map[flow.Addr]*remembered{}
	}
	for ; m.run+time.Minute <= now; m.run += time.Minute {
		if at := m.run + time.Minute; at%(30*time.Minute) == 0 {
			for dst, e := range m.entries {
				if at-e.used >= expiration {
					delete(m.entries, dst)
				}
			}
		}
	}
}

// busyTwin: B.3.
func busyTwin(list []*server, s *server) bool {
	return s.active > s.weight && slices.ContainsFunc(list, func(e *server) bool { return e.active*2 < e.weight })
}

// lblcTwin: B.
type lblcTwin struct{ memory }

func (m *lblcTwin) pick(list []*server, c *Client) *server {
	m.age(c.Now)
	if e := m.entries[c.Dst]; e != nil {
		e.used = c.Now
		if s := e.set[0]; slices.Contains(list, s) && s.weight > 0 && !busyTwin(list, s) { // B.2
			return s
		}
	}
	s := wlcTwin{}.pick(list, c)
	if s != nil {
		m.entries[c.Dst] = &remembered{used: c.Now, set: []*server{s}}
	}
	return s
}

// lblcrTwin: C. Removed servers stay in a set, but the heaviest is looked for among the others.
type lblcrTwin struct{ memory }

func (m *lblcrTwin) pick(list []*server, c *Client) *server {
	m.age(c.Now)
	e := m.entries[c.Dst]
	if e != nil {
		e.used = c.Now
		there := slices.DeleteFunc(slices.Clone(e.set), func(s *server) bool { return !slices.Contains(list, s) })
		best := wlcTwin{}.pick(there, c) // C.1
		if len(e.set) > 1 && c.Now > e.changed+expiration {
			var heaviest *server
			for _, s := range there {
				if s.weight > 0 && (heaviest == nil || s.overhead()*int64(heaviest.weight) > heaviest.overhead()*int64(s.weight)) {
					heaviest = s
				}
			}
			if heaviest != nil {
				e.set = slices.DeleteFunc(e.set, func(s *server) bool { return s == heaviest })
				e.changed = c.Now
			}
		}
		if best != nil && !busyTwin(list, best) { // C.2
			return best
		}
	}
	s := wlcTwin{}.pick(list, c)
	if s == nil {
		return nil
	}
	if e == nil { // C.3
		m.entries[c.Dst] = &remembered{used: c.Now, changed: c.Now, set: []*server{s}}
	} else if !slices.Contains(e.set, s) {
		e.set, e.changed = slices.Insert(e.set, 0, s), c.Now
	}
	return s
}
