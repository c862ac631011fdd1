package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/answer"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/rewrite"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// leave6 is leave for IPv6, which no router fragments.
func (w *Worker) leave6(i int, v Verdict) Verdict {
	in := &w.in
	ip := in.ip6[i]
	hop, result := w.tables.Hops.Lookup(w.destination(i, v))
	switch {
	case result == nexthop.NoRoute:
		return AnswerNoRoute
	case ip.HopLimit() <= 1:
		return AnswerTimeExceeded
	case ip.TotalLen() > int(hop.MTU):
		w.mtu = hop.MTU
		return AnswerFragmentNeeded
	}
	if !w.translate6(i, v) {
		return DropICMP
	}
	return w.depart(i, v, &hop, result)
}

// translate6 is translate for IPv6.
func (w *Worker) translate6(i int, v Verdict) bool {
	in := &w.in
	ip, u := in.ip6[i], in.upper[i]
	if v == Route {
		rewrite.Forward6(ip)
		return true
	}
	c, related := &w.conns.Entries[in.conn[i]], in.related[i]
	if v == ForwardInput {
		if c.Forward != service.NAT { // F3.1, F5; ICMPv6 errors too (C7.3)
			rewrite.Forward6(ip)
			return true
		}
		to, port := w.conns.Server(c)
		if related {
			return rewrite.NATErrorIn6(ip, u, to, port)
		}
		rewrite.NATIn6(ip, u, to, port)
		return true
	}
	from, port := w.conns.Virtual(c)
	if related {
		return rewrite.NATErrorOut6(ip, u, from, port)
	}
	rewrite.NATOut6(ip, u, from, port)
	return true
}

// older makes packet i, of either family, one hop older.
func (w *Worker) older(i int) {
	if w.in.ip[i] == nil {
		rewrite.Forward6(w.in.ip6[i])
		return
	}
	rewrite.Forward(w.in.ip[i])
}

// makeAnswer6 is makeAnswer for IPv6.
func (w *Worker) makeAnswer6(i int, v Verdict, own wire.MAC) (ok bool) {
	p := &w.in.packet[i]
	switch v {
	case AnswerEcho:
		ok = answer.Echo6(p, l3, own)
	case AnswerReset:
		ok = answer.Reset6(p, l3, own)
	case AnswerUnreachable, AnswerNoDestination:
		ok = answer.Unreachable6(p, l3, own, w.speaker6(i), wire.PortUnreachable6)
	case AnswerNoRoute:
		ok = answer.Unreachable6(p, l3, own, w.speaker6(i), wire.NoRoute6)
	case AnswerTimeExceeded:
		ok = answer.TimeExceeded6(p, l3, own, w.speaker6(i))
	case AnswerFragmentNeeded:
		ok = answer.TooBig6(p, l3, own, w.speaker6(i), w.mtu)
	}
	return ok
}

// answerNeighbor answers a solicitation, and lets management hear who asks, who will be spoken to.
func (w *Worker) answerNeighbor(i int, own wire.MAC) Verdict {
	if !w.in.key[i].Src.IsZero() { // a probe has no address yet
		w.hear(i)
	}
	if !answer.Neighbor(&w.in.packet[i], l3, own) {
		return DropNoAnswer
	}
	return AnswerNeighbor
}

// speaker6 is speaker for IPv6; a port that has no address of its own speaks as the one that it gave itself.
func (w *Worker) speaker6(i int) flow.Addr {
	in := &w.in
	if in.dst[i]&(address.Own|address.VIP) != 0 {
		return in.key[i].Dst
	}
	port := in.packet[i].Port
	if own := w.tables.Hops.Own(port, in.key[i].Src); !own.IsZero() {
		return own
	}
	return wire.LinkLocal(w.tables.Hops.Ports()[port].MAC)
}
