package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/flow"
)

// touched remembers of which kinds of keys a turn has made or removed entries of a table: what was looked up before for another one still holds, and need not be
// looked up again. There are 512 kinds, so that in a burst of new flows one in sixteen is taken for touched that is not.
type touched struct {
	some bool
	bits [8]uint64
}

// add takes note of a key. Its kind is in the 9 highest bits of the number.
func (t *touched) add(key uint64) {
	t.some = true
	t.bits[key>>61] |= 1 << (key >> 55 % 64)
}

// all takes every key for touched.
func (t *touched) all() {
	t.some = true
	for i := range t.bits {
		t.bits[i] = ^uint64(0)
	}
}

func (t *touched) has(key uint64) bool { return t.some && t.bits[key>>61]>>(key>>55%64)&1 != 0 }

// reset begins a turn.
func (t *touched) reset() {
	if t.some {
		*t = touched{}
	}
}

// kindOf is the kind of a connection, by its client's end. Whoever chooses clients of one kind makes us look twice, as without all this.
func kindOf(client flow.Addr, port uint16) uint64 {
	return (client.Hi ^ client.Lo ^ uint64(port)<<16) * 0x9e3779b97f4a7c15
}

// made takes note that a connection was made for a client's packet with key k.
func (w *Worker) made(k *flow.Key) { w.touched.add(kindOf(k.Src, k.SrcPort)) }

// stale reports whether this turn has made or removed a connection that find might find, or would have found, for packet i.
func (w *Worker) stale(i int) bool {
	if !w.touched.some {
		return false
	}
	if w.in.isPlain(i) {
		return !w.conns.Entries[w.in.conn[i]].Live() // while it is there, nobody else can have its key
	}
	k := &w.in.key[i]
	return w.in.dst[i]&address.Local != 0 || // found by the local address, not by the client's
		w.touched.has(kindOf(k.Src, k.SrcPort)) || w.touched.has(kindOf(k.Dst, k.DstPort))
}
