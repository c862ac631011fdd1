package lcore

import "cleat/lcore/address"

// touched remembers under which hashes a turn has made or removed entries of a table: what was looked up before under another one still holds, and need not be
// looked up again. Hashes are told apart by their kind, of which there are 4096, so that in a burst of new flows one in 250 is taken for touched that is not.
type touched struct {
	some bool
	bits [64]uint64
}

// add takes note of a hash, whose kind its 12 highest bits are.
func (t *touched) add(hash uint64) {
	t.some = true
	t.bits[hash>>58] |= 1 << (hash >> 52 % 64)
}

// all takes every hash for touched.
func (t *touched) all() {
	t.some = true
	for i := range t.bits {
		t.bits[i] = ^uint64(0)
	}
}

func (t *touched) has(hash uint64) bool { return t.bits[hash>>58]>>(hash>>52%64)&1 != 0 }

// reset begins a turn.
func (t *touched) reset() {
	if t.some {
		*t = touched{}
	}
}

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
		w.touched.has(w.conns.Hash(k, false)) || w.touched.has(w.conns.Hash(k, true))
}
