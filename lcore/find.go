package lcore

import (
	"math/bits"

	"cleat/lcore/address"
	"cleat/lcore/flow"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// find looks up the connections of all plain packets at once, in the likelier direction. What has none leaves the fast way here. Steady packets that no other one
// goes before are forwarded as soon as they are compared.
func (w *Worker) find() {
	in := &w.in
	if in.plain == 0 {
		return
	}
	if w.tables.Services.Empty() { // C2 1: without any service there are no connections
		for rest := in.plain; rest != 0; rest &= rest - 1 {
			i := bits.TrailingZeros32(rest)
			w.readPlain(i)
			w.unknown(i)
		}
		return
	}
	found, entries := in.conn[:in.N], w.conns.Entries
	for i := 0; i < in.N; i += ahead { // those of other packets too: to leave them out would cost more
		end := min(i+ahead, in.N)
		w.conns.Candidates(in.hash[i:end], in.bucket[i:end], found[i:end])
	}
	hits, first := uint32(0), 0
	if w.inquiries.idle() { // else some packets may have to wait behind others
		first = w.forwardSteady(0, in.N)
		hits = in.left
	}
	for i := first; i < len(found); i++ {
		if !in.isPlain(i) {
			found[i] = 0
			continue
		}
		c, frame := &entries[found[i]], wire.AsPlain(in.packet[i].Data)
		differs := c.FromPlain(frame.Protocol())
		if in.output[i] {
			differs |= c.FromAnswer(frame.Ends(), frame.EndPorts())
		} else {
			differs |= c.FromRequest(frame.Ends(), frame.EndPorts())
		}
		if differs == 0 {
			hits |= 1 << i
		}
	}
	for rest := in.plain &^ hits; rest != 0; rest &= rest - 1 {
		w.search(bits.TrailingZeros32(rest))
	}
}

// search looks plain packet i up where the first candidate was not its connection.
func (w *Worker) search(i int) {
	in := &w.in
	if in.output[i] || !w.conns.Index.Nothing(in.hash[i], in.conn[i]) { // seldom so with new flows
		w.readPlain(i)
		if in.conn[i] = w.searchAll(i); in.conn[i] != 0 {
			return
		}
	}
	in.noInput |= 1 << i
	if !w.take(i) {
		w.readPlain(i)
		w.unknown(i)
	}
}

// searchAll looks plain packet i up among all candidates. What was taken for an answer may be a client's.
func (w *Worker) searchAll(i int) uint32 {
	in := &w.in
	k := &in.key[i]
	if in.output[i] {
		n := w.conns.FindUnder(in.hash[i], k, true)
		if n != 0 && w.conns.Entries[n].Forward == service.NAT { // else it is from a VIP itself
			return n
		}
		if n == 0 {
			in.noOutput |= 1 << i
		}
		in.output[i], in.hash[i] = false, w.conns.Hash(k, false)
	}
	return w.conns.FindUnder(in.hash[i], k, false)
}

// unknown takes plain packet i, of no connection, off the fast way.
func (w *Worker) unknown(i int) {
	in := &w.in
	in.plain &^= 1 << i
	in.fresh |= 1 << i
	in.verdict[i] = w.judgeAddresses(i)
}

// special takes plain packet i, of a known connection, off the fast way, since it, or its connection, is special.
func (w *Worker) special(i int) {
	w.readPlain(i)
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
		if !in.output[i] || !w.nobodys(&in.key[i]) {
			in.conn[i] = w.findDirection(i, in.output[i])
		}
	}
}

// target is where a packet goes to.
type target struct {
	addr  flow.Addr
	port  uint16
	proto uint8
	hash  uint64 // of a connection whose client is there
}

// nobodys reports whether a packet with key k goes to a target that is no connection's client, as a service seldom is. That of the last one is
// known: new flows of a burst mostly go to one service.
func (w *Worker) nobodys(k *flow.Key) bool {
	if at := &w.nobody; at.addr != k.Dst || at.port != k.DstPort || at.proto != k.Proto || w.touched.has(at.hash) {
		to := target{k.Dst, k.DstPort, k.Proto, w.conns.Hash(k, true)}
		if !w.conns.Nobody(to.hash) {
			return false
		}
		w.nobody = to
	}
	return true
}

// findAgain does so for a packet that was looked up before, as entries have come and gone since.
func (w *Worker) findAgain(i int) {
	if w.in.isPlain(i) {
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
