// Package shard is what a worker's tables have in common: a fixed array of entries, an index to find them, a
// wheel to end them, and the rule when a slot may be used again. One goroutine uses a shard.
//
// Entries are named by their number, 1 to Capacity; 0 is none. A table says how its keys hash and compare; nothing here knows
// keys. 17.3 bytes an entry beside the entry itself: 12.8 for the index, 4.3 for the wheel, 0.1 for what is proven. A full shard refuses until an entry, a
// Victim perhaps, is removed.
package shard

import (
	"cleat/lcore/burst"
	"cleat/lcore/index"
	"cleat/lcore/memory"
	"cleat/lcore/prefetch"
	"cleat/lcore/slots"
	"cleat/lcore/wheel"
)

// spare slots, beyond the capacity, stand in for those that one turn removes and that are not free before Reclaim: one a packet at
// most. So a full table takes a new entry for one that has just gone, at once and not in the next turn only.
const spare = burst.Size

// Shard holds entries of type E, which must be pointer-free and carry their timer.
type Shard[E any, P wheel.Entry[E]] struct {
	// Entries is the array itself; entry 0 is not used.
	Entries []E
	// Index finds entries by hash.
	Index *index.Index
	// Used is the number of entries in the table.
	Used uint64

	wheel *wheel.Wheel[E, P]
	free  uint32 // first free slot; linked by the idle timers' deadlines
	fresh uint32 // slots from here on were never used
	gone  uint32 // first slot removed since Reclaim, linked likewise

	unproven *slots.Set // the entries that may go when there is no room
	hand     uint32     // the one at which a sweep looked last
}

// New returns a shard for capacity entries whose clock stands at tick now. The name tells its memory apart.
func New[E any, P wheel.Entry[E]](alloc memory.Alloc, name string, capacity int, now uint32) (*Shard[E, P], error) {
	entries, err := memory.Array[E](alloc, name, capacity+1+spare)
	if err != nil {
		return nil, err
	}
	x, err := index.New(alloc, name+"_index", capacity)
	if err != nil {
		return nil, err
	}
	w, err := wheel.New[E, P](alloc, name+"_wheel", entries, now)
	if err != nil {
		return nil, err
	}
	unproven, err := slots.New(alloc, name+"_unproven", capacity+spare)
	if err != nil {
		return nil, err
	}
	return &Shard[E, P]{Entries: entries, Index: x, wheel: w, unproven: unproven, fresh: 1}, nil
}

// Capacity is the greatest number of entries.
func (s *Shard[E, P]) Capacity() int { return len(s.Entries) - 1 - spare }

// Highest is the highest slot that was ever used: no entry lies above it.
func (s *Shard[E, P]) Highest() uint32 { return s.fresh - 1 }

// Insert gives a zeroed entry, found under hash from now on, or 0 when the shard is full. It is in the table once
// its timer is filed (File), and unproven.
func (s *Shard[E, P]) Insert(hash uint64) uint32 {
	if s.Used >= uint64(s.Capacity()) {
		return 0
	}
	i := s.take()
	if i == 0 {
		return 0
	}
	if !s.Index.Insert(hash, i) {
		s.link(&s.free, i)
		return 0
	}
	s.Used++
	s.unproven.Add(i)
	return i
}

// take takes a free slot, or returns 0.
func (s *Shard[E, P]) take() uint32 {
	i := s.free
	switch {
	case i != 0:
		t := P(&s.Entries[i]).WheelTimer()
		s.free, t.Deadline = t.Deadline, 0
	case int(s.fresh) < len(s.Entries):
		i = s.fresh
		s.fresh++
	}
	return i
}

// Borrow gives a zeroed slot until Reclaim: nobody finds it, and it has no timer. It does not fail, since a packet inserts or borrows one entry
// at most, and a full shard has a spare slot for each packet of a burst.
func (s *Shard[E, P]) Borrow() uint32 {
	i := s.take()
	s.link(&s.gone, i)
	return i
}

// Remove takes entry i, found under hash, out of the table. Its content stays until Reclaim, since a column of
// the turn under way may name it; its timer is no longer filed, which is how that is seen.
func (s *Shard[E, P]) Remove(i uint32, hash uint64) {
	s.Index.Remove(hash, i)
	s.wheel.Remove(i)
	s.unproven.Remove(i)
	s.link(&s.gone, i)
	s.Used--
}

// Reclaim makes the slots free that were removed since the last call. To be called between turns.
func (s *Shard[E, P]) Reclaim() {
	for s.gone != 0 {
		i := s.gone
		s.gone = P(&s.Entries[i]).WheelTimer().Deadline
		var zero E
		s.Entries[i] = zero
		s.link(&s.free, i)
	}
}

func (s *Shard[E, P]) link(list *uint32, i uint32) {
	P(&s.Entries[i]).WheelTimer().Deadline = *list
	*list = i
}

// File puts entry i where its timer's deadline belongs. To be called when that came nearer (wheel.Timer.Set tells).
func (s *Shard[E, P]) File(i uint32) { s.wheel.File(i) }

// Expired takes the next entry that is due by tick now off the wheel, or returns 0; see wheel.Wheel.Next. The caller removes it or
// sets its timer anew.
func (s *Shard[E, P]) Expired(now uint32, budget *int) uint32 { return s.wheel.Next(now, budget) }

// Coming returns the entries at which Expired will look first, as many as into has room for, and asks for them; see wheel.Wheel.Coming.
func (s *Shard[E, P]) Coming(now uint32, into []uint32) []uint32 {
	coming := s.wheel.Coming(now, into)
	prefetch.Entries(s.Entries, coming)
	return coming
}

// Near asks for what look-ups under these hashes, a burst's number at most, will read: for the buckets, and then for the candidates in them, which it
// writes into found, as long as hashes (index.Index.Candidates).
func (s *Shard[E, P]) Near(hashes []uint64, found []uint32) {
	var buckets [burst.Size]uint32
	s.Index.Near(hashes, buckets[:len(hashes)])
	s.Index.Candidates(hashes, buckets[:], found)
	prefetch.Entries(s.Entries, found)
}

// Due returns in how many ticks from tick now the wheel has something to do; see wheel.Wheel.Due.
func (s *Shard[E, P]) Due(now uint32) uint32 { return s.wheel.Due(now) }
