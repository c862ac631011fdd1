package lcore

import (
	"encoding/binary"

	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/local"
	"cleat/lcore/rewrite"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// telling says how the server of a TCP connection that a packet with key k opens learns who the client is, how long the PROXY header for that is, and by how much
// a segment may grow.
func telling(how service.ClientAddress, k *flow.Key) (tell service.ClientAddress, header, room uint8) {
	if how == service.TOA {
		return how, 0, uint8(rewrite.TOALen(k.Src))
	}
	var b [rewrite.ProxyMax]byte
	n := uint8(len(rewrite.AppendProxy(b[:0], how, rewrite.End{Addr: k.Src, Port: k.SrcPort}, rewrite.End{Addr: k.Dst, Port: k.DstPort})))
	return how, n, n
}

// grows is the length of the PROXY header if packet i gets it: with the client's first byte, or its FIN if it says nothing.
func (w *Worker) grows(i int, r *local.Record, v Verdict) int {
	in := &w.in
	if !r.Pending() || v != ForwardInput || in.related[i] || in.part[i].kind == laterPart || in.flags[i]&(wire.SYN|wire.RST) != 0 {
		return 0
	}
	t := in.tcp(i)
	if !r.Heads(t.Seq()) || in.flags[i]&wire.FIN == 0 && l3+in.length(i) == in.l4(i)+t.HeaderLen() {
		return 0
	}
	return int(r.Header)
}

// adjust makes of TCP segment i of connection c one of the connection that its receiver sees, and reports whether there was room for that.
func (w *Worker) adjust(i int, c *conn.Entry, r *local.Record, v Verdict, mtu int) bool {
	if v == ForwardOutput {
		w.adjustOutput(i, r)
		return true
	}
	return w.adjustInput(i, c, r, mtu)
}

// adjustInput gives what the client sends another initial sequence number, so that one from a local port that served another client before is greater, and no
// time stamps, which would be several clients' (F8.5). It tells the server who the client is.
func (w *Worker) adjustInput(i int, c *conn.Entry, r *local.Record, mtu int) bool {
	in := &w.in
	t := in.tcp(i)
	flags, heads := t.Flags(), w.grows(i, r, ForwardInput) != 0
	if flags&(wire.SYN|wire.ACK) == wire.SYN {
		w.locals.Begin(r, t.Seq(), w.now)
		rewrite.Blank(t, wire.OptionTimestamp, wire.OptionFastOpen, rewrite.OptionTOA)
	}
	r.Shift.Advance(t)
	switch {
	case flags&(wire.SYN|wire.RST|wire.ACK) == wire.ACK && r.Tells(t.Ack()):
		w.tell(i, c, mtu)
	case heads:
		return w.head(i, c, r)
	}
	return true
}

// tell puts the client's address into segment i (F9.2); one that has no room for it goes without (F9.3).
func (w *Worker) tell(i int, c *conn.Entry, mtu int) {
	in := &w.in
	if in.part[i].kind != whole {
		rewrite.Blank(in.tcp(i), rewrite.OptionTOA)
		return
	}
	var client rewrite.End
	client.Addr, client.Port = w.conns.Client(c)
	rewrite.TOA(&in.packet[i], l3, in.l4(i), client, mtu)
	in.moved(i)
}

// head puts the PROXY header in front of the payload of segment i.
func (w *Worker) head(i int, c *conn.Entry, r *local.Record) bool {
	in := &w.in
	var b [rewrite.ProxyMax]byte
	var client, virtual rewrite.End
	client.Addr, client.Port = w.conns.Client(c)
	virtual.Addr, virtual.Port = w.conns.Virtual(c)
	if !rewrite.Insert(&in.packet[i], l3, in.l4(i), in.tcp(i).HeaderLen(), rewrite.AppendProxy(b[:0], r.Tell, client, virtual)) {
		return false
	}
	in.moved(i)
	return true
}

// adjustOutput is the same for what the server sends: it acknowledges what the client has sent, in the client's numbers, and takes segments that leave room for
// what the client did not send.
func (w *Worker) adjustOutput(i int, r *local.Record) {
	t := w.in.tcp(i)
	flags := t.Flags()
	if flags&(wire.SYN|wire.ACK) == wire.SYN|wire.ACK {
		r.Answer(t.Seq())
		rewrite.LowerMSS(t, int(r.Room))
	}
	if flags&wire.ACK != 0 {
		r.Shift.Settle(t.Ack())
	}
	r.Shift.Acknowledge(t)
}

// lowerMTU makes of ICMP error i, if it says that a packet was too long, one that leaves room for n bytes more.
func (c *columns) lowerMTU(i, n int) {
	const at = 6 // of the lower half of the MTU, in ICMP and ICMPv6 alike
	var m wire.ICMP
	switch {
	case c.ip[i] != nil:
		if m = c.ip[i].Payload(); m.Type() != wire.Unreachable || m.Code() != wire.FragmentationNeeded {
			return
		}
	default:
		if m = c.upper[i].Payload(c.ip6[i]); m.Type() != wire.PacketTooBig {
			return
		}
	}
	if old := binary.BigEndian.Uint16(m[at:]); int(old) > n {
		binary.BigEndian.PutUint16(m[at:], old-uint16(n))
		m.UpdateChecksum(wire.Diff16(old, old-uint16(n)))
	}
}
