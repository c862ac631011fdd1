package lcore

import (
	"time"

	"cleat/lcore/address"
	"cleat/lcore/answer"
	"cleat/lcore/conn"
	"cleat/lcore/nexthop"
	"cleat/lcore/rewrite"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// This file is about ICMP errors that come to an address of our own, about packets that we have sent through a tunnel (connections.md C7.6): a
// router on the way tells how long they may be, and clients have to hear what concerns them.

// path is what errors have told about the way to a tunnelled server.
type path struct {
	until    time.Duration // when it is forgotten
	identity uint32        // of the server in the slot (service.Real.Identity)
	mtu      uint16        // bytes of the tunnel's packet
}

const (
	pathTime = 10 * time.Minute // after which a kernel asks again what the MTU of a way is
	// The least MTU of a way that is believed, as by the kernel: who forges an error cannot make packets tiny.
	leastPathMTU, leastPathMTU6 = 552, 1280
)

// pathMTU is how long packets to a tunnelled server r may be, whose next hop is on a link with that MTU.
func (w *Worker) pathMTU(r *service.Real, link uint16) uint16 {
	if p := &w.paths[r.Slot]; p.mtu < link && p.identity == r.Identity && w.now < p.until {
		return p.mtu
	}
	return link
}

// learn takes from ICMP error i, which hearTunnel has judged, how long packets to its connection's server may be, and returns what that leaves for
// the packet inside; 0 if the error is about something else.
func (w *Worker) learn(i int) (mtu uint16) {
	told, ok := w.toldMTU(i)
	if !ok {
		return 0
	}
	r := w.tables.Services.Real(w.conns.Entries[w.in.conn[i]].Slot)
	least := uint32(leastPathMTU)
	if !r.Addr.Is4() {
		least = leastPathMTU6
	}
	hop, _ := w.tables.Hops.Lookup(r.Addr)
	mtu = w.pathMTU(r, hop.MTU)
	if told = max(told, least); told <= uint32(mtu) {
		mtu = uint16(told)
		w.paths[r.Slot] = path{w.now + pathTime, r.Identity, mtu}
		w.stats.ways[r.Slot].tables = nil
	}
	tunnel := rewrite.Tunnel{TunnelOptions: r.Tunnel, Dst: r.Addr}
	overhead := uint16(tunnel.Overhead())
	return max(mtu, overhead+leastMTU) - overhead // a way that is no more has MTU 0
}

// parseTunnelError relates ICMP error i, which quotes q, to the packet inside q if that went through a tunnel of ours, and reports whether it did.
func (w *Worker) parseTunnelError(i int, q *quoted) bool {
	in := &w.in
	if in.dst[i]&address.Own == 0 || !in.whole(i) { // else its checksum is not known
		return false
	}
	tunnel, at, ok := rewrite.Open(q.proto, q.body)
	if !ok || !w.tables.Services.HasTunnel(q.dst, tunnel) {
		return false
	}
	inner, ok := parseQuoted(q.body[at:])
	if !ok || !w.relate(i, &inner) {
		return false
	}
	in.dst[i] = address.Own // and no local address of FULLNAT: the client of the packet inside says whose it is
	in.inside[i] = uint16(in.length(i) - len(in.transport(i)) + wire.ICMPLen + q.at + at)
	return true
}

// hearTunnel judges ICMP error i about a packet in the tunnel of connection c to r.
func (w *Worker) hearTunnel(i int, c *conn.Entry, r *service.Real) Verdict {
	in := &w.in
	q, _ := parseQuoted(wire.ICMP(in.transport(i)).Payload())
	if !in.output[i] || c.Forward != service.Tunnel || q.dst != r.Addr {
		return DropICMP
	}
	if _, tooBig := w.toldMTU(i); tooBig {
		if ip, ok := wire.ParseQuotedIPv4(in.network(i)[in.inside[i]:]); ok && !ip.DontFragment() {
			return DropTunnelMTU
		}
	}
	if r.Available {
		w.stats.packets(r).packet(true, in.length(i)-int(in.inside[i]))
	}
	return AnswerTunnel
}

// toldMTU returns the MTU of the way that ICMP error i tells, if it does.
func (w *Worker) toldMTU(i int) (mtu uint32, ok bool) {
	m := wire.ICMP(w.in.transport(i))
	if w.in.ip[i] == nil {
		return m.MTU6(), m.Type() == wire.PacketTooBig
	}
	return uint32(m.MTU()), m.Type() == wire.Unreachable && m.Code() == wire.FragmentationNeeded
}

// tellClient makes of ICMP error i, which hearTunnel has judged, one to the client.
func (w *Worker) tellClient(i int) Verdict {
	in := &w.in
	k, p := &in.key[i], &in.packet[i]
	mtu := w.learn(i)
	if !w.answers.allow(w.now, w.tables.AnswerRate) {
		return DropAnswerRate
	}
	hop, result := w.tables.Hops.Lookup(k.Dst)
	if result == nexthop.NoRoute {
		return DropNoRoute
	}
	typ, code := w.inClientsTerms(i, mtu != 0)
	if !answer.Inside(p, l3, int(in.inside[i]), k.Src, typ, code, mtu) {
		return DropICMP
	}
	return w.depart(i, AnswerTunnel, &hop, result)
}

// inClientsTerms is ICMP error i as a client understands it, who knows of no tunnel. Where the families differ, all but the MTU is that the server
// cannot be reached (RFC 2473 8.2).
func (w *Worker) inClientsTerms(i int, tooBig bool) (typ, code uint8) {
	m, four := wire.ICMP(w.in.transport(i)), w.in.key[i].Dst.Is4()
	switch {
	case tooBig && four:
		return wire.Unreachable, wire.FragmentationNeeded
	case tooBig:
		return wire.PacketTooBig, 0
	case four == (w.in.ip[i] != nil):
		return m.Type(), m.Code()
	case four:
		return wire.Unreachable, wire.HostUnreachable
	}
	return wire.Unreachable6, wire.AddrUnreachable6
}
