// Package heavy finds out, in fixed memory, which clients make up most of a stream of events: most of a worker's packets, most of the
// connections that are opened on it.
//
//  1. Meter looks at some of the events, at random distances, so that the others cost next to nothing.
//  2. Sketch counts those by client.
//  3. Every few seconds Meter.Judge says who is heavy, and Meter.Fade halves everything, so that "heavy" means now.
package heavy

import "cleat/lcore/flow"

// Size is how many clients a Sketch counts at a time. What it says of one is wrong by a Size-th of all that was added at most, and a client
// that has more than that is among them (space saving: Metwally, Agrawal, El Abbadi, 2005).
const Size = 128

// chains is the number of hash chains in which counters are found: some stay short whatever clients there are, since the hash is keyed.
const chains = 2 * Size

// Counter is what a Sketch has counted for one client. 48 bytes.
type Counter struct {
	Client flow.Addr
	Count  uint64 // never less than was added for the client
	Excess uint64 // at most so much more: what had been counted for those who had the counter before
	Heavy  bool   // as Meter.Judge found last
	next   uint8  // in the chain, 0: none
}

// AtLeast is what was added for the client for certain.
func (c *Counter) AtLeast() uint64 { return c.Count - c.Excess }

// Sketch counts events by client. When all counters are taken, a new client gets the one with the lowest count, and the count with it. About 6 KiB,
// no allocation; one goroutine uses it. The zero Sketch with a seed is empty.
type Sketch struct {
	seed     *flow.Seed
	counters [1 + Size]Counter // from 1
	first    [chains]uint8     // by hash: the first counter of the chain, 0: none
	used     int
	low      uint64 // no count is lower, once all counters are taken
	hand     int    // the counter where least looked last
}

// Add counts n events of a client.
func (s *Sketch) Add(client flow.Addr, n uint64) {
	i := s.find(client)
	if i == 0 {
		i = s.take(client)
	}
	s.counters[i].Count += n
}

// Find returns the counter of a client, nil if it has none.
func (s *Sketch) Find(client flow.Addr) *Counter {
	if i := s.find(client); i != 0 {
		return &s.counters[i]
	}
	return nil
}

// Counters returns those that are taken, in no order. They are the sketch's own.
func (s *Sketch) Counters() []Counter { return s.counters[1 : 1+s.used] }

// Halve forgets half of all that was counted, rounded.
func (s *Sketch) Halve() {
	all := s.Counters()
	for i := range all {
		all[i].Count /= 2
		all[i].Excess /= 2
	}
	s.low /= 2
}

func (s *Sketch) chain(client flow.Addr) *uint8 {
	return &s.first[flow.Hash(client, 0, 0, s.seed)%chains]
}

func (s *Sketch) find(client flow.Addr) uint8 {
	i := *s.chain(client)
	for i != 0 && s.counters[i].Client != client {
		i = s.counters[i].next
	}
	return i
}

// take gives a client a counter.
func (s *Sketch) take(client flow.Addr) uint8 {
	var i int
	if s.used < Size {
		s.used++
		i = s.used
	} else {
		i = s.least()
		s.unchain(uint8(i))
	}
	c, chain := &s.counters[i], s.chain(client)
	*c = Counter{Client: client, Count: c.Count, Excess: c.Count, next: *chain}
	*chain = uint8(i)
	return uint8(i)
}

func (s *Sketch) unchain(i uint8) {
	at := s.chain(s.counters[i].Client)
	for *at != i {
		at = &s.counters[*at].next
	}
	*at = s.counters[i].next
}

// least returns a counter with the lowest count. Where many are as low, as with many clients that are all alike, the hand finds one without
// looking at all.
func (s *Sketch) least() int {
	best := 0
	for range Size {
		s.hand = s.hand%Size + 1
		n := s.counters[s.hand].Count
		if n == s.low {
			return s.hand
		}
		if best == 0 || n < s.counters[best].Count {
			best = s.hand
		}
	}
	s.low, s.hand = s.counters[best].Count, best
	return best
}
