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

// Head is what every entry begins with, and what a shard knows of it.
type Head struct {
	wheel.Timer
	hash uint32 // under which the index has the entry
}

// Shard holds entries of type E: of 64 bytes, pointer-free, with a Head first.
type Shard[E any] struct {
	// Entries is the array itself; entry 0 is not used.
	Entries []E
	Table
}

// Table is what of a shard does not depend on the type of its entries.
type Table struct {
	// Index finds entries by hash.
	Index *index.Index
	// Used is the number of entries in the table.
	Used uint64

	slots []wheel.Slot // the entries
	wheel *wheel.Wheel
	free  uint32 // first free slot; linked by the idle timers' deadlines
	fresh uint32 // slots from here on were never used
	gone  uint32 // first slot removed since Reclaim, linked likewise
	last  uint32 // the last one of these

	unproven *slots.Set // the entries that may go when there is no room
	hand     uint32     // the one at which a sweep looked last
}

// New returns a shard for capacity entries whose clock stands at tick now. The name tells its memory apart.
func New[E any](alloc memory.Alloc, name string, capacity int, now uint32) (*Shard[E], error) {
	entries, err := memory.Array[E](alloc, name, capacity+1+spare)
	if err != nil {
		return nil, err
	}
	x, err := index.New(alloc, name+"_index", capacity)
	if err != nil {
		return nil, err
	}
	slotsOf := slotsOf(entries)
	w, err := wheel.New(alloc, name+"_wheel", slotsOf, now)
	if err != nil {
		return nil, err
	}
	unproven, err := slots.New(alloc, name+"_unproven", capacity+spare)
	if err != nil {
		return nil, err
	}
	return &Shard[E]{entries, Table{Index: x, slots: slotsOf, wheel: w, unproven: unproven, fresh: 1}}, nil
}

// hashAt is where Head.hash is in wheel.Slot.Rest.
const hashAt = 0

// Capacity is the greatest number of entries.
func (s *Table) Capacity() int { return len(s.slots) - 1 - spare }

// Full reports whether there is no room for n more.
func (s *Table) Full(n int) bool { return s.Used+uint64(n) > uint64(s.Capacity()) }

// Highest is the highest slot that was ever used: no entry lies above it.
func (s *Table) Highest() uint32 { return s.fresh - 1 }

// Timer is entry i's.
func (s *Table) Timer(i uint32) *wheel.Timer { return &s.slots[i].Timer }

// Insert gives a zeroed entry, found under hash from now on, or 0 when the shard is full. It is in the table once
// its timer is filed (File), and unproven.
func (s *Table) Insert(hash uint64) uint32 {
	if s.Used >= uint64(s.Capacity()) {
		return 0
	}
	i := s.take()
	if i == 0 {
		return 0
	}
	if !s.Index.Insert(hash, i) {
		s.slots[i].Deadline, s.free = s.free, i
		return 0
	}
	s.slots[i].Rest[hashAt] = index.Kept(hash)
	s.Used++
	s.unproven.Add(i)
	return i
}

// take takes a free slot and zeroes it, or returns 0.
func (s *Table) take() uint32 {
	i := s.free
	switch {
	case i != 0:
		slot := &s.slots[i]
		s.free = slot.Deadline
		*slot = wheel.Slot{}
	case int(s.fresh) < len(s.slots):
		i = s.fresh
		s.fresh++
	}
	return i
}

// Borrow gives a zeroed slot until Reclaim: nobody finds it, and it has no timer. It does not fail, since a packet inserts or borrows one entry
// at most, and a full shard has a spare slot for each packet of a burst.
func (s *Table) Borrow() uint32 {
	i := s.take()
	s.give(i)
	return i
}

// Rehash has entry i found under another hash, and reports whether there is a place for it in the index; else everything is as it was.
func (s *Table) Rehash(i uint32, hash uint64) bool {
	old := s.hash(i)
	s.Index.Remove(old, i)
	if !s.Index.Insert(hash, i) {
		s.Index.Insert(old, i) // where it just was
		return false
	}
	s.slots[i].Rest[hashAt] = index.Kept(hash)
	return true
}

// Hide has entry i not found any more.
func (s *Table) Hide(i uint32) { s.Index.Remove(s.hash(i), i) }

// hash is what of entry i's hash the index needs.
func (s *Table) hash(i uint32) uint64 { return index.Hash(s.slots[i].Rest[hashAt]) }

// Remove takes entry i out of the table, and returns what the index knew of its hash: the upper half. Its content stays until Reclaim, since a column of
// the turn under way may name it; its timer is no longer filed, which is how that is seen.
func (s *Table) Remove(i uint32) uint64 {
	hash := s.hash(i)
	s.Index.Remove(hash, i) // which takes it calmly if it was hidden
	if s.slots[i].Filed() { // not if its time was over
		s.wheel.Remove(i)
	}
	s.unproven.Remove(i)
	s.give(i)
	s.Used--
	return hash
}

// give makes slot i one that is free after Reclaim.
func (s *Table) give(i uint32) {
	if s.gone == 0 {
		s.last = i
	}
	s.slots[i].Deadline, s.gone = s.gone, i
}

// Reclaim makes the slots free that were removed since the last call. To be called between turns.
func (s *Table) Reclaim() {
	if s.gone != 0 {
		s.slots[s.last].Deadline, s.free = s.free, s.gone
		s.gone = 0
	}
}

// File puts entry i where its timer's deadline belongs. To be called when that came nearer (wheel.Timer.Set tells).
func (s *Table) File(i uint32) { s.wheel.File(i) }

// Expired takes the next entry that is due by tick now off the wheel, or returns 0; see wheel.Wheel.Next. The caller removes it or
// sets its timer anew.
func (s *Table) Expired(now uint32, budget *int) uint32 { return s.wheel.Next(now, budget) }

// Coming returns the entries at which Expired will look first, as many as into has room for, a burst's number at most, and asks for all that Remove
// needs of them; see wheel.Wheel.Coming.
func (s *Table) Coming(now uint32, into []uint32) []uint32 {
	coming := s.wheel.Coming(now, into)
	s.Leaving(coming)
	return coming
}

// Leaving asks for all that Remove needs of entries, a burst's number at most.
func (s *Table) Leaving(entries []uint32) {
	prefetch.Entries(s.slots, entries)
	var hashes [burst.Size]uint64
	var buckets [burst.Size]uint32
	for n, i := range entries {
		hashes[n] = s.hash(i)
	}
	s.Index.Near(hashes[:len(entries)], buckets[:len(entries)])
}

// Near asks for the buckets that look-ups under these hashes read, and writes their numbers into at, which is as long: a stage ahead of Candidates.
func (s *Table) Near(hashes []uint64, at []uint32) { s.Index.Near(hashes, at) }

// Candidates writes the candidates in these buckets into found, as long as hashes (index.Index.Candidates), and asks for them.
func (s *Table) Candidates(hashes []uint64, at, found []uint32) {
	s.Index.Candidates(hashes, at, found)
	prefetch.Entries(s.slots, found)
}

// Due returns in how many ticks from tick now the wheel has something to do; see wheel.Wheel.Due.
func (s *Table) Due(now uint32) uint32 { return s.wheel.Due(now) }
