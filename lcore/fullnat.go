package lcore

import (
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/local"
	"cleat/lcore/nexthop"
	"cleat/lcore/rewrite"
	"cleat/lcore/sequence"
	"cleat/lcore/service"
)

// findLocal returns the connection that a packet with key k, to a local address, is an answer in, or 0.
func (w *Worker) findLocal(k *flow.Key) uint32 { return w.locals.Slots[w.locals.Find(k)].Conn }

// over reports whether a FULLNAT connection in this state has ended, so that a SYN begins another one, from a local port of its own (F8.4).
func over(s conn.State) bool { return s == conn.TimeWait || s == conn.Close || s == conn.LastAck }

// takeAside returns a place for what the connection that a packet with key k opens to port at r has beside its entry, 0 if that is nothing. The verdict is
// pending, or says that there is no room.
func (w *Worker) takeAside(k *flow.Key, r *service.Real, port uint16) (uint32, Verdict) {
	if r.Forward == service.FullNAT {
		return w.takeLocal(k, r, port)
	}
	n, room := w.takeTransfer(k, r)
	if !room {
		return 0, DropFTPFull
	}
	return n, pending
}

// giveAside gives a place back that takeAside gave for a connection to r.
func (w *Worker) giveAside(r *service.Real, place uint32) {
	if r.Forward == service.FullNAT {
		w.locals.Give(place)
		return
	}
	w.transfers.Give(place)
}

// localsTried is how many local ports a connection may try: one whose buckets are full leaves room under others.
const localsTried = 4

// takeLocal is takeAside for FULLNAT: a local address and port, of those that come back to this worker.
func (w *Worker) takeLocal(k *flow.Key, r *service.Real, port uint16) (uint32, Verdict) {
	v := w.tables.Services.Virtual(r.Virtual)
	if v == nil {
		return 0, DropLocalPortsFull
	}
	if w.locals.Used == w.locals.Capacity() {
		if victim := w.conns.Sweep(func(c *conn.Entry) bool { return c.Local() != 0 }); victim != 0 {
			w.evict(victim)
		}
	}
	n := uint32(0)
	for range localsTried {
		addr, lport, ok := w.locals.Pick(v.Locals, w.Number, w.Workers, k.Proto, r.Addr, port)
		if !ok {
			return 0, DropLocalPortsFull
		}
		if n = w.locals.Take(k.Proto, r.Addr, port, addr, lport); n != 0 {
			break
		}
	}
	if n == 0 {
		return 0, DropConnectionsFull
	}
	if k.Proto == flow.TCP {
		w.locals.Slots[n].Tell, w.locals.Slots[n].Header, w.locals.Slots[n].Room = telling(v.ClientAddress, k)
	}
	return n, pending
}

// disguise sends packet i of FULLNAT connection c on its way, in the order of forwarding.md F1: to the real server as one from the local address, or to the client
// as one from the virtual one (F8.2).
func (w *Worker) disguise(i int, c *conn.Entry, v Verdict) Verdict {
	in := &w.in
	switch {
	case c.Local() == 0: // it was scheduled alone, and would have no way back
		return DropLocalPortsFull
	case in.ipsec[i]: // AH and ESP have no port by which an answer to a local address could tell whose it is
		return DropProtocol
	}
	r := &w.locals.Slots[c.Local()]
	src, dst := w.endsOf(c, r, v)
	hop, result := w.tables.Hops.Lookup(dst.Addr)
	grows := w.grows(i, r, v)
	switch {
	case result == nexthop.NoRoute:
		return AnswerNoRoute
	case in.hops(i) <= 1:
		return AnswerTimeExceeded
	case grows > 0 && in.part[i].kind != whole:
		return DropFragment // the offsets of further fragments would have to grow with it
	case in.length(i)+grows > int(hop.MTU):
		if over := w.tooBig(i, v, int(hop.MTU)-grows, in.ip[i] == nil || in.ip[i].DontFragment()); over != v {
			return over
		}
	}
	if in.related[i] {
		if !w.disguiseError(i, src, dst, v, r) {
			return DropICMP
		}
		return w.depart(i, v, &hop, result)
	}
	if in.key[i].Proto == flow.TCP && in.part[i].kind != laterPart && !w.adjust(i, c, r, v, int(hop.MTU)) {
		return DropTooBig
	}
	if in.ip[i] == nil {
		rewrite.FullNAT6(in.ip6[i], in.upper[i], src, dst)
	} else {
		rewrite.FullNAT(in.ip[i], src, dst)
	}
	return w.depart(i, v, &hop, result)
}

// endsOf are the ends of a packet of connection c as it leaves.
func (w *Worker) endsOf(c *conn.Entry, r *local.Record, v Verdict) (src, dst rewrite.End) {
	if v == ForwardInput {
		src.Addr, src.Port = r.Local()
		dst.Addr, dst.Port = w.conns.Server(c)
		return src, dst
	}
	src.Addr, src.Port = w.conns.Virtual(c)
	dst.Addr, dst.Port = w.conns.Client(c)
	return src, dst
}

// disguiseError does the same for ICMP error i; to the client it quotes what that has sent, sequence number included.
func (w *Worker) disguiseError(i int, src, dst rewrite.End, v Verdict, r *local.Record) bool {
	in := &w.in
	var shift *sequence.Shift
	if v == ForwardOutput {
		shift = &r.Shift
		if r.Pending() {
			in.lowerMTU(i, int(r.Header))
		}
	}
	if in.ip[i] == nil {
		return rewrite.FullNATError6(in.ip6[i], in.upper[i], src, dst, shift)
	}
	return rewrite.FullNATError(in.ip[i], src, dst, shift)
}
