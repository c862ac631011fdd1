package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/flow"
)

// touched remembers under which hashes a turn has made or removed entries of a table: what was looked up before under another one still holds, and need not be
// looked up again. It knows 512 kinds of hashes, so that in a burst of new flows it takes one in sixteen for touched that is not.
type touched struct {
	some bool
	bits [8]uint64
}

func (t *touched) add(hash uint64) {
	t.some = true
	t.bits[hash>>61] |= 1 << (hash >> 55 % 64)
}

// all takes every hash for touched.
func (t *touched) all() {
	t.some = true
	for i := range t.bits {
		t.bits[i] = ^uint64(0)
	}
}

func (t *touched) has(hash uint64) bool { return t.some && t.bits[hash>>61]>>(hash>>55%64)&1 != 0 }

// reset begins a turn.
func (t *touched) reset() {
	if t.some {
		*t = touched{}
	}
}

// made takes note that a connection was made for a client's packet with key k.
func (w *Worker) made(k *flow.Key) { w.touched.add(flow.Hash(k.Src, k.SrcPort, k.Proto, w.Seed)) }

// stale reports whether this turn has made or removed a connection that find might find, or would have found, for packet i.
func (w *Worker) stale(i int) bool {
	if !w.touched.some {
		return false
	}
	k := &w.in.key[i]
	return w.in.dst[i]&address.Local != 0 || // found by the local address, not by the client's
		w.touched.has(flow.Hash(k.Src, k.SrcPort, k.Proto, w.Seed)) || w.touched.has(flow.Hash(k.Dst, k.DstPort, k.Proto, w.Seed))
}
