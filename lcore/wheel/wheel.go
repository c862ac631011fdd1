// Package wheel is a hierarchical timer wheel whose links lie inside the entries that it times.
//
// It is lazy: a hit on an entry writes the entry's deadline and nothing else. The wheel looks at the
// deadline when the slot in which it filed the entry comes up, and files it again if that is not yet
// due. Only a deadline that moves forward in time needs File at once.
//
// Time is a 32-bit count of ticks that wraps around; deadlines may lie up to 2^31 − 1 ticks (99 days) ahead. Filing and
// firing cost O(1), memory is the links alone. Nothing is allocated after New.
package wheel

import (
	"math/bits"
	"time"
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

// Timer is the part of an entry that belongs to the wheel. 12 bytes, no pointers.
type Timer struct {
	next uint32 // entry that follows in the slot, 0: none
	prev uint32 // entry that precedes; inSlot|slot where it is the first; 0: not filed
	// Deadline is the tick at which the entry is due. Moving it back (later) needs no call.
	Deadline uint32
}

// Filed reports whether the timer is in a wheel.
func (t *Timer) Filed() bool { return t.prev != 0 }

// Set moves the deadline and reports whether the entry has to be filed: it is not, or its time comes nearer.
func (t *Timer) Set(deadline uint32) bool {
	file := t.prev == 0 || int32(deadline-t.Deadline) < 0
	t.Deadline = deadline
	return file
}

const (
	levels = 4
	slots  = 256
	inSlot = 1 << 31 // in prev: the rest is a slot's number, not an entry's
)

// Entry is a pointer to an entry that carries a Timer.
type Entry[E any] interface {
	*E
	WheelTimer() *Timer
}

// Wheel times the entries of one array, which are named by their index; index 0 is not used.
type Wheel[E any, P Entry[E]] struct {
	entries []E
	heads   [levels * slots]uint32     // level 0 first: slot of one tick each
	used    [levels][slots / 64]uint64 // a bit a slot: it has entries
	next    uint32                     // the tick to be looked at next; all before it are done
}

// New returns a wheel over entries that stands at tick now.
func New[E any, P Entry[E]](entries []E, now uint32) *Wheel[E, P] {
	return &Wheel[E, P]{entries: entries, next: now}
}

func (w *Wheel[E, P]) timer(i uint32) *Timer { return P(&w.entries[i]).WheelTimer() }

// File puts entry i, filed or not, where its Deadline belongs.
func (w *Wheel[E, P]) File(i uint32) {
	t := w.timer(i)
	if t.Filed() {
		w.Remove(i)
	}
	s := w.slot(t.Deadline)
	head := w.heads[s]
	t.next, t.prev = head, inSlot|uint32(s)
	if head != 0 {
		w.timer(head).prev = i
	}
	w.heads[s] = i
	w.used[s/slots][s%slots/64] |= 1 << (s % 64)
}

// slot returns the slot for a deadline: the level whose reach covers the time that is left.
func (w *Wheel[E, P]) slot(deadline uint32) int {
	left := deadline - w.next
	if int32(left) < 0 { // overdue: the next one to be looked at
		return int(w.next % slots)
	}
	level := 0
	for left >= slots && level < levels-1 {
		left >>= 8
		level++
	}
	return level*slots + int(deadline>>(8*level)%slots)
}

// Remove takes entry i out of the wheel; nothing happens if it is not filed.
func (w *Wheel[E, P]) Remove(i uint32) {
	t := w.timer(i)
	switch {
	case t.prev == 0:
		return
	case t.prev&inSlot != 0:
		s := t.prev &^ inSlot
		if w.heads[s] = t.next; t.next == 0 {
			w.used[s/slots][s%slots/64] &^= 1 << (s % 64)
		}
	default:
		w.timer(t.prev).next = t.next
	}
	if t.next != 0 {
		w.timer(t.next).prev = t.prev
	}
	t.next, t.prev = 0, 0
}

// Next takes the next entry whose deadline has come by tick now out of the wheel, in the order of deadlines. It stops
// with 0 when there is none, or after it has moved *budget entries, which it counts down.
func (w *Wheel[E, P]) Next(now uint32, budget *int) uint32 {
	for int32(now-w.next) >= 0 {
		i := w.firstHere()
		if i == 0 {
			w.next += min(w.ahead(), now-w.next+1)
			continue
		}
		if *budget <= 0 {
			return 0
		}
		*budget--
		w.Remove(i)
		if left := w.timer(i).Deadline - w.next; int32(left) <= 0 {
			return i
		}
		w.File(i) // it was moved back since it was filed, or it comes down a level
	}
	return 0
}

// Due returns in how many ticks from tick now the wheel has something to do: an entry to fire, to be filed again or to come down a level.
// 0: it has some now; Never: no entry is filed.
func (w *Wheel[E, P]) Due(now uint32) uint32 {
	ahead := w.ahead()
	if ahead == Never {
		return Never
	}
	return uint32(max(int64(ahead)-int64(int32(now-w.next)), 0))
}

// ahead returns how many ticks there are from w.next to the first one with something to do, so that empty ones cost nothing.
func (w *Wheel[E, P]) ahead() uint32 {
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
func (w *Wheel[E, P]) following(level int, s uint32) (n uint32, ok bool) {
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

// firstHere returns an entry from the slots that begin at tick w.next, upper levels first, since their
// entries have to come down before level 0 is looked at.
func (w *Wheel[E, P]) firstHere() uint32 {
	for level := levels - 1; level > 0; level-- {
		if w.next&(1<<(8*level)-1) == 0 {
			if i := w.heads[level*slots+int(w.next>>(8*level)%slots)]; i != 0 {
				return i
			}
		}
	}
	return w.heads[w.next%slots]
}
