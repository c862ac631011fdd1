package lcore

import (
	"math/bits"

	"cleat/lcore/address"
	"cleat/lcore/burst"
	"cleat/lcore/prefetch"
	"cleat/lcore/service"
)

// find looks up the connections of all plain packets at once: their buckets, then their entries, each asked for before it is
// needed. What has none leaves the fast way here.
func (w *Worker) find() {
	if !w.tables.Services.Empty() { // C2 1: without any service there are no connections
		w.findPlain()
		return
	}
	for rest := w.in.plain; rest != 0; rest &= rest - 1 {
		w.unknown(bits.TrailingZeros32(rest))
	}
}

// findPlain looks the plain packets up in the likelier direction.
func (w *Worker) findPlain() {
	in := &w.in
	var hashes [burst.Size]uint64
	var buckets, found [burst.Size]uint32
	n := 0
	for rest := in.plain; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros32(rest) % burst.Size
		k := &in.key[i]
		in.output[i] = w.tables.Addresses.MayServe(k.Src.Uint32())
		hashes[n%burst.Size] = w.conns.Hash(k, in.output[i])
		n++
	}
	w.conns.Index.Near(hashes[:n], buckets[:n])
	w.conns.Index.Candidates(hashes[:n], buckets[:n], found[:n])
	prefetch.Entries(w.conns.Entries, found[:n])
	n = 0
	for rest := in.plain; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros32(rest) % burst.Size
		in.hash[i], in.conn[i] = hashes[n%burst.Size], found[n%burst.Size]
		if !w.conns.Entries[in.conn[i]].HasPlain(&in.key[i], in.output[i]) {
			w.search(i)
		}
		n++
	}
}

// search looks plain packet i up where the first candidate was not its connection.
func (w *Worker) search(i int) {
	in := &w.in
	in.conn[i] = w.conns.Find(&in.key[i], in.output[i])
	if in.conn[i] == 0 || in.output[i] && w.conns.Entries[in.conn[i]].Forward != service.NAT { // from a VIP itself
		in.conn[i] = 0
		w.unknown(i)
	}
}

// unknown takes plain packet i, whose connection is not where it was looked for first, off the fast way.
func (w *Worker) unknown(i int) {
	w.in.plain &^= 1 << i
	w.in.fresh |= 1 << i
	w.in.verdict[i] = w.judgeAddresses(i)
}

// rule takes note that there is no connection of packet i in one direction.
func (c *columns) rule(i int, output bool) {
	if output {
		c.noOutput |= 1 << i
	} else {
		c.noInput |= 1 << i
	}
}

// special takes plain packet i, of a known connection, off the fast way, since it, or its connection, is special.
func (w *Worker) special(i int) {
	in := &w.in
	in.plain &^= 1 << i
	in.src[i], in.dst[i] = w.tables.Addresses.Kind(in.key[i].Src), w.tables.Addresses.Kind(in.key[i].Dst)
}

// isPlain reports whether packet i is on the fast way.
func (c *columns) isPlain(i int) bool { return c.plain>>i&1 != 0 }

// findPacket looks packet i's connection up, in the more likely direction first.
func (w *Worker) findPacket(i int) {
	in := &w.in
	if in.dst[i]&address.Local != 0 {
		in.conn[i], in.output[i] = w.findLocal(&in.key[i]), true
		return
	}
	in.output[i] = in.src[i]&address.Real != 0
	if in.conn[i] = w.findDirection(i, in.output[i]); in.conn[i] == 0 {
		in.output[i] = !in.output[i]
		in.conn[i] = w.findDirection(i, in.output[i])
	}
}

// findAgain does so for a packet that was looked up before, as entries have come and gone since.
func (w *Worker) findAgain(i int) {
	if w.in.isPlain(i) {
		if w.conns.Entries[w.in.conn[i]].Live() {
			return // nobody else can have its key
		}
		w.special(i)
	}
	w.in.noInput, w.in.noOutput = w.in.noInput&^(1<<i), w.in.noOutput&^(1<<i)
	w.findPacket(i)
}

func (w *Worker) findDirection(i int, output bool) (n uint32) {
	in := &w.in
	k := &in.key[i]
	switch {
	case output && in.noOutput>>i&1 == 0:
		n = w.conns.FindOutput(k)
	case !output && in.noInput>>i&1 == 0:
		n = w.conns.FindInput(k)
	}
	if n == 0 && !output && w.transfers.waiting != 0 {
		n = w.expected(k)
	}
	return n
}
