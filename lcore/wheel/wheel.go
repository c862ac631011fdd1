// Package wheel is a hierarchical timer wheel over the entries of one array.
//
// It is lazy: a hit on an entry writes the entry's deadline and nothing else. The wheel looks at the
// deadline when the slot in which it filed the entry comes up, and files it again if that is not yet
// due. Only a deadline that moves forward in time needs File at once.
//
// A slot keeps the numbers of its entries in blocks (blocks.go), and not as a list through the entries: so it is known which entries come up before
// any of them is touched, and all can be asked for at once (Coming).
//
// Time is a 32-bit count of ticks that wraps around; deadlines may lie up to 2^31 − 1 ticks (99 days) ahead. Filing and
// firing cost O(1). Nothing is allocated after New. 4.3 bytes an entry beside its Timer, and 128 KiB at most.
package wheel

import (
	"math/bits"
	"time"

	"cleat/lcore/memory"
)

// Tick is the wheel's resolution: that of the kernel's timers at HZ 250.
const Tick = 4 * time.Millisecond

// Second is one second in ticks.
const Second = uint32(time.Second / Tick)

// Max is the longest time ahead that a deadline may lie, in ticks.
const Max = 1<<31 - 1

// Never is what Due says when nothing is ever due.
const Never = 1<<32 - 1

// Ticks returns d in ticks, rounded up.
func Ticks(d time.Duration) uint32 { return uint32((d + Tick - 1) / Tick) }

// Duration returns a number of ticks as time.
func Duration(ticks uint32) time.Duration { return time.Duration(ticks) * Tick }

// Timer is the part of an entry that belongs to the wheel. 8 bytes, no pointers.
type Timer struct {
	at uint32 // where the entry's number lies in the wheel's blocks; 0: not filed
	// Deadline is the tick at which the entry is due. Moving it back (later) needs no call.
	Deadline uint32
}

// Filed reports whether the timer is in a wheel.
func (t *Timer) Filed() bool { return t.at != 0 }

// Set moves the deadline and reports whether the entry has to be filed: it is not, or its time comes nearer.
func (t *Timer) Set(deadline uint32) bool {
	file := t.at == 0 || int32(deadline-t.Deadline) < 0
	t.Deadline = deadline
	return file
}

const (
	levels  = 4
	slots   = 256
	nowhere = levels * slots // a slot that has no entries
)

// Slot is an entry as the wheel sees it: a cache line, of which it knows the beginning. So nothing here depends on the entry's type.
type Slot struct {
	Timer
	Rest [14]uint32
}

// Wheel times the entries of one array, which are named by their index; index 0 is not used.
type Wheel struct {
	entries []Slot
	blocks  blocks
	top     [levels*slots + 1]uint32   // of a slot: the block that its entries go to and come from, 0: it has none; level 0 first: slot of one tick each
	used    [levels][slots / 64]uint64 // a bit a slot: it has entries
	next    uint32                     // the tick to be looked at next; all before it are done
	at      uint16                     // the slot of level 0 that is looked at, whose time has come; nowhere: none
}

// New returns a wheel over entries that stands at tick now, in memory from alloc.
func New(alloc memory.Alloc, name string, entries []Slot, now uint32) (*Wheel, error) {
	b, err := newBlocks(alloc, name, len(entries))
	if err != nil {
		return nil, err
	}
	return &Wheel{entries: entries, blocks: b, next: now, at: nowhere}, nil
}

// File puts entry i, filed or not, where its Deadline belongs.
func (w *Wheel) File(i uint32) {
	t := &w.entries[i]
	if t.Filed() {
		w.Remove(i)
	}
	s := w.slot(t.Deadline)
	n := w.top[s]
	if w.blocks.of[n].n == perBlock {
		n = w.blocks.take(uint16(s), n)
		w.top[s] = n
		w.used[s/slots][s%slots/64] |= 1 << (s % 64)
	}
	t.at = w.blocks.push(n, i)
}

// slot returns the slot for a deadline: the level whose reach covers the time that is left.
func (w *Wheel) slot(deadline uint32) uint32 {
	left := deadline - w.next
	if int32(left) < 0 { // overdue: the next one to be looked at
		return w.next % slots
	}
	level := uint32(bits.Len32(left|1)-1) / 8
	return level*slots + deadline>>(8*level)%slots
}

// Remove takes entry i out of the wheel; nothing happens if it is not filed. The slot's last entry takes its place.
func (w *Wheel) Remove(i uint32) {
	t := &w.entries[i]
	if !t.Filed() {
		return
	}
	b := &w.blocks.of[t.at/places]
	if last := w.pop(&w.blocks.of[w.top[b.slot]]); last != i {
		b.entry[t.at%places] = last
		w.entries[last].at = t.at
	}
	t.at = 0
}

// pop takes the last entry out of b, the top block of its slot, and returns it; its timer does not know that yet.
func (w *Wheel) pop(b *block) uint32 {
	b.n--
	if b.n == 0 {
		w.drop(b)
	}
	return b.entry[b.n]
}

// drop takes the top block of a slot, which has just become empty, from it: once in many calls of pop, which is to be inlined.
//
//go:noinline
func (w *Wheel) drop(b *block) {
	s := b.slot
	if w.top[s] = w.blocks.give(w.top[s]); w.top[s] == 0 {
		w.used[s/slots][s%slots/64] &^= 1 << (s % 64)
	}
}

// Next takes the next entry whose deadline has come by tick now out of the wheel, in the order of deadlines. It stops
// with 0 when there is none, or after it has moved *budget entries, which it counts down.
func (w *Wheel) Next(now uint32, budget *int) uint32 {
	for *budget > 0 {
		n := w.here(now)
		if n == 0 {
			return 0
		}
		*budget--
		i := w.pop(&w.blocks.of[n])
		t := &w.entries[i]
		t.at = 0
		if left := t.Deadline - w.next; int32(left) <= 0 {
			return i
		}
		w.File(i) // it was moved back since it was filed, or it comes down a level
	}
	return 0
}

// Coming returns those entries, as many as into has room for, at which Next, called with the same now, will look first, and touches none of them. It is for
// asking for them (package prefetch): fewer than there are may be named.
func (w *Wheel) Coming(now uint32, into []uint32) []uint32 {
	return into[:w.blocks.peek(w.here(now), into)]
}

// here goes on to the first tick with something to do, but not beyond tick now, and returns the block that is the top of the slot to be looked at, 0 if there
// is nothing.
func (w *Wheel) here(now uint32) uint32 {
	if n := w.top[w.at]; n != 0 {
		return n
	}
	return w.seek(now)
}

// seek is here once the slot at which Next was is empty.
func (w *Wheel) seek(now uint32) uint32 {
	w.at = nowhere
	for int32(now-w.next) >= 0 {
		if n := w.firstHere(); n != 0 {
			if s := w.blocks.of[n].slot; s < slots {
				w.at = s
			}
			return n
		}
		w.next += min(w.ahead(), now-w.next+1)
	}
	return 0
}

// Due returns in how many ticks from tick now the wheel has something to do: an entry to fire, to be filed again or to come down a level.
// 0: it has some now; Never: no entry is filed.
func (w *Wheel) Due(now uint32) uint32 {
	ahead := w.ahead()
	if ahead == Never {
		return Never
	}
	return uint32(max(int64(ahead)-int64(int32(now-w.next)), 0))
}

// ahead returns how many ticks there are from w.next to the first one with something to do, so that empty ones cost nothing.
func (w *Wheel) ahead() uint32 {
	ahead := uint32(Never)
	for level := range levels {
		reach := uint32(1) << (8 * level) // of one slot, in ticks
		first := (w.next + reach - 1) &^ (reach - 1)
		if n, ok := w.following(level, first>>(8*level)%slots); ok {
			ahead = min(ahead, first-w.next+n*reach)
		}
	}
	return ahead
}

// following returns how many slots of a level, from slot s on and around, have no entries before one has.
func (w *Wheel) following(level int, s uint32) (n uint32, ok bool) {
	used := &w.used[level]
	word := used[s/64] >> (s % 64)
	if word != 0 {
		return uint32(bits.TrailingZeros64(word)), true
	}
	for i := uint32(1); i <= uint32(len(used)); i++ {
		if word := used[(s/64+i)%uint32(len(used))]; word != 0 {
			return i*64 - s%64 + uint32(bits.TrailingZeros64(word)), true
		}
	}
	return 0, false
}

// firstHere returns the top of the first slot with entries of those that begin at tick w.next, upper levels first, since their
// entries have to come down before level 0 is looked at.
func (w *Wheel) firstHere() uint32 {
	for level := levels - 1; level > 0; level-- {
		if w.next&(1<<(8*level)-1) == 0 {
			if n := w.top[level*slots+int(w.next>>(8*level)%slots)]; n != 0 {
				return n
			}
		}
	}
	return w.top[w.next%slots]
}
