// Package aside keeps what only some entries of a shard need beside the entries, so that those of all others stay one cache line: a
// fixed array of slots, each named by its number in the entry that it belongs to.
package aside

import (
	"cleat/lcore/burst"
	"cleat/lcore/memory"
)

// Table holds slots of type T, which must be pointer-free, numbered 1 to Capacity; 0 is none. When it is full, Take refuses. Like
// the entries of a shard, a slot that is given back keeps its content until Reclaim. One goroutine uses a table. 4 bytes a slot beside T.
type Table[T any] struct {
	// Slots is the array itself; slot 0 is not used.
	Slots []T
	// Used is the number of slots taken.
	Used int

	capacity int
	links    []uint32 // of a slot that is free or gone: the next one
	free     uint32   // first of those free
	gone     uint32   // first of those given back since Reclaim
	fresh    uint32   // slots from here on were never used
}

// New returns a table of capacity slots, which may be 0. The name tells its memory apart.
func New[T any](alloc memory.Alloc, name string, capacity int) (*Table[T], error) {
	n := 1 + capacity + burst.Size // the last ones stand in for what one turn gives back, or borrows
	slots, err := memory.Array[T](alloc, name, n)
	if err != nil {
		return nil, err
	}
	links, err := memory.Array[uint32](alloc, name+"_links", n)
	if err != nil {
		return nil, err
	}
	return &Table[T]{Slots: slots, links: links, capacity: capacity, fresh: 1}, nil
}

// Capacity is the greatest number of slots that can be taken.
func (t *Table[T]) Capacity() int { return t.capacity }

// Take gives a zeroed slot, or 0 when the table is full.
func (t *Table[T]) Take() uint32 {
	if t.Used >= t.capacity {
		return 0
	}
	i := t.take()
	if i != 0 {
		t.Used++
	}
	return i
}

// Borrow gives a zeroed slot until Reclaim. Like shard.Shard.Borrow it does not fail, as long as a packet takes or borrows one slot at most.
func (t *Table[T]) Borrow() uint32 {
	i := t.take()
	t.links[i] = t.gone
	t.gone = i
	return i
}

// take takes a free slot, or returns 0.
func (t *Table[T]) take() uint32 {
	i := t.free
	switch {
	case i != 0:
		t.free = t.links[i]
	case int(t.fresh) < len(t.Slots):
		i = t.fresh
		t.fresh++
	}
	return i
}

// Give gives slot i back; it is free after Reclaim. Slot 0, of an entry that has none, is taken calmly.
func (t *Table[T]) Give(i uint32) {
	if i == 0 {
		return
	}
	t.links[i] = t.gone
	t.gone = i
	t.Used--
}

// Reclaim makes the slots free that were given back since the last call. To be called between turns.
func (t *Table[T]) Reclaim() {
	for t.gone != 0 {
		i := t.gone
		t.gone = t.links[i]
		var zero T
		t.Slots[i] = zero
		t.links[i] = t.free
		t.free = i
	}
}
