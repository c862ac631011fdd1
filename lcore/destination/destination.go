// Package destination remembers to which servers a destination address went: what lblc and lblcr need to send it there again.
//
// A Table belongs to one worker and one service. Management makes it, on Go's heap without pointers inside; from then on only its worker touches it,
// and nothing is allocated. Times are the worker's, counted from the moment at which the service got its scheduler, so that the kernel's
// timer, which starts there, runs at the whole minutes.
//
// 40 bytes an entry and 12.8 for the index, 4 for each server that an entry may have, and 4: 1.5 MB for lblc, 3.0 MB for lblcr. When it is full, a
// new destination is not taken up: it is scheduled anew with each connection until an old one has aged.
package destination

import (
	"math/rand/v2"
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/index"
	"cleat/lcore/memory"
)

const (
	// Capacity is the number of destinations that a Table has room for (scheduling.md B.1).
	Capacity = 24576
	// Plenty is the number of destinations above which those go that were unused for idle (B.1, B.5).
	Plenty = 16384
)

// Table remembers destinations. Entries are named by their numbers, from 1; 0 is none.
type Table struct {
	index   *index.Index
	seed    flow.Seed
	entries []entry  // entry 0 is not used
	servers []uint32 // width for each entry
	free    []uint32
	width   int
	ageing  ageing
}

type entry struct {
	dst     flow.Addr // zero: free
	used    time.Duration
	changed time.Duration
	servers uint32 // how many
}

// New returns a table whose destinations may have width servers each.
func New(width int) *Table {
	x, err := index.New(memory.Heap, "", Capacity)
	if err != nil {
		panic(err) // the heap refuses nothing
	}
	t := &Table{
		index: x, width: width, entries: make([]entry, Capacity+1), servers: make([]uint32, (Capacity+1)*width),
		free: make([]uint32, 0, Capacity),
	}
	for i := range t.seed {
		t.seed[i] = rand.Uint64()
	}
	for i := uint32(Capacity); i > 0; i-- {
		t.free = append(t.free, i)
	}
	return t
}

// Len returns how many destinations the table has.
func (t *Table) Len() int { return Capacity - len(t.free) }

// Use returns dst's entry and notes that it was used, or 0 if dst is not known or was not used for so long that the kernel's timer
// would have removed it. It ages a bounded number of other entries.
func (t *Table) Use(dst flow.Addr, now, expiration time.Duration) uint32 {
	t.age(now, expiration)
	for s := t.index.Search(t.hash(dst)); s.Next(); {
		e := &t.entries[s.Entry]
		if e.dst != dst {
			continue
		}
		if e.expired(now, expiration) {
			t.remove(s.Entry)
			return 0
		}
		e.used = now
		return s.Entry
	}
	return 0
}

// Insert makes an entry for dst, which has none, without servers. It returns 0 if the table is full.
func (t *Table) Insert(dst flow.Addr, now time.Duration) uint32 {
	last := len(t.free) - 1
	if last < 0 || !t.index.Insert(t.hash(dst), t.free[last]) {
		return 0
	}
	i := t.free[last]
	t.free = t.free[:last]
	t.entries[i] = entry{dst: dst, used: now, changed: now}
	return i
}

func (t *Table) remove(i uint32) {
	t.index.Remove(t.hash(t.entries[i].dst), i)
	t.entries[i] = entry{}
	t.free = append(t.free, i)
}

// Servers returns entry i's servers, the newest first, until the table's next change.
func (t *Table) Servers(i uint32) []uint32 {
	return t.servers[int(i)*t.width:][:t.entries[i].servers]
}

// Changed returns when a server was last added to entry i or dropped from it.
func (t *Table) Changed(i uint32) time.Duration { return t.entries[i].changed }

// Add gives entry i a server more, which it has not got yet, and reports whether there was room.
func (t *Table) Add(i, server uint32, now time.Duration) bool {
	e := &t.entries[i]
	if int(e.servers) == t.width {
		return false
	}
	e.servers++
	e.changed = now
	set := t.Servers(i)
	copy(set[1:], set)
	set[0] = server
	return true
}

// Drop takes the server at that place in Servers from entry i.
func (t *Table) Drop(i uint32, place int, now time.Duration) {
	set := t.Servers(i)
	copy(set[place:], set[place+1:])
	t.entries[i].servers--
	t.entries[i].changed = now
}

func (t *Table) hash(dst flow.Addr) uint64 { return flow.Hash(dst, 0, 0, &t.seed) }
