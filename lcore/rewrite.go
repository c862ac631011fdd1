package lcore

import (
	"math/bits"

	"cleat/lcore/address"
	"cleat/lcore/answer"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/rewrite"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// rewrite makes of every packet that leaves what it has to be: addressed to the real server, or back to the client, or to the next
// hop as it is, or an answer to its sender.
func (w *Worker) rewrite() {
	in := &w.in
	for rest := in.all() &^ in.left; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros32(rest)
		if in.isPlain(i) { // forwarded, then
			if !w.wrapPlain(i) {
				w.special(i)
				in.verdict[i] = w.leave(i, in.verdict[i])
			}
		} else if v := in.verdict[i]; v.forwards() || v == Route {
			in.verdict[i] = w.leave(i, v)
		}
		switch in.verdict[i] {
		case AnswerARP, AnswerNeighbor, AnswerEcho, AnswerReset, AnswerUnreachable, AnswerNoDestination,
			AnswerTimeExceeded, AnswerNoRoute, AnswerFragmentNeeded:
			in.verdict[i] = w.answer(i, in.verdict[i])
		case AnswerTunnel:
			in.verdict[i] = w.tellClient(i)
		case DropTunnelMTU:
			w.learn(i)
		}
	}
}

// leave sends packet i on its way, in the order of forwarding.md F1: route, TTL, MTU, rewriting, next hop.
func (w *Worker) leave(i int, v Verdict) Verdict {
	in := &w.in
	if v == Route && !w.tables.Forward {
		return DropNotForwarding
	}
	if v != Route {
		switch c := &w.conns.Entries[in.conn[i]]; {
		case c.Forward == service.Tunnel && v == ForwardInput:
			return w.wrap(i, c)
		case c.Forward == service.FullNAT:
			return w.disguise(i, c, v)
		}
	}
	if in.ip[i] == nil {
		return w.leave6(i, v)
	}
	ip := in.ip[i]
	hop, result := w.tables.Hops.Lookup(w.destination(i, v))
	switch {
	case result == nexthop.NoRoute:
		return AnswerNoRoute
	case ip.TTL() <= 1:
		return AnswerTimeExceeded
	case ip.TotalLen() > int(hop.MTU):
		if over := w.tooBig(i, v, int(hop.MTU), ip.DontFragment()); over != v {
			return over
		}
	}
	if !w.translate(i, ip, v) {
		return DropICMP
	}
	return w.depart(i, v, &hop, result)
}

// depart sends packet i, as it is above the link, to its next hop.
func (w *Worker) depart(i int, v Verdict, hop *nexthop.Hop, result nexthop.Result) Verdict {
	if result == nexthop.Unresolved {
		return w.wait(i, hop)
	}
	p := &w.in.packet[i]
	rewrite.Link(wire.Ethernet(p.Data), (*wire.MAC)(&hop.Src), (*wire.MAC)(&hop.MAC))
	p.Port = hop.Port
	return v
}

// destination is where packet i goes to.
func (w *Worker) destination(i int, v Verdict) flow.Addr {
	in := &w.in
	if v == ForwardInput {
		if c := &w.conns.Entries[in.conn[i]]; c.Forward != service.Bypass {
			to, _ := w.conns.Server(c)
			return to
		}
	}
	return in.key[i].Dst
}

// translate does what the forwarding method says; each also decrements the TTL. It returns false, and changes nothing, for a
// malformed ICMP error.
func (w *Worker) translate(i int, ip wire.IPv4, v Verdict) bool {
	if v == Route {
		rewrite.Forward(ip)
		return true
	}
	c, related := &w.conns.Entries[w.in.conn[i]], w.in.related[i]
	if v == ForwardInput {
		if c.Forward != service.NAT { // F3.1, F5; ICMP errors too (C7.3)
			rewrite.Forward(ip)
			return true
		}
		to, port := w.conns.Server(c)
		if related {
			return rewrite.NATErrorIn(ip, to.Uint32(), port)
		}
		rewrite.NATIn(ip, to.Uint32(), port)
		return true
	}
	from, port := w.conns.Virtual(c)
	if related {
		return rewrite.NATErrorOut(ip, from.Uint32(), port)
	}
	rewrite.NATOut(ip, from.Uint32(), port)
	return true
}

// denied is the verdict of a packet for which an ICMP error would be due, but RFC 1122 3.2.2 forbids one.
var denied = [verdicts]Verdict{
	AnswerUnreachable: DropNoAnswer, AnswerNoDestination: DropNoAnswer, AnswerReset: DropNoAnswer, AnswerEcho: DropNoAnswer,
	AnswerTimeExceeded: DropTTL, AnswerNoRoute: DropNoRoute, AnswerFragmentNeeded: DropTooBig,
}

const l3 = wire.EthernetLen // where the IP header begins

// answer turns packet i into the answer to its sender, which leaves through the port that it came from.
func (w *Worker) answer(i int, v Verdict) Verdict {
	p := &w.in.packet[i]
	own := w.tables.Hops.Ports()[p.Port].MAC
	if v == AnswerARP {
		w.hear(i) // who asks will be spoken to
		answer.ARP(p, l3, own)
		return v
	}
	if v == AnswerNeighbor {
		return w.answerNeighbor(i, own)
	}
	if !w.answers.allow(w.now, w.tables.AnswerRate) {
		return DropAnswerRate
	}
	ok := false
	if w.in.ip[i] != nil {
		ok = w.makeAnswer(i, v, own)
	} else {
		ok = w.makeAnswer6(i, v, own)
	}
	if !ok {
		return denied[v]
	}
	return v
}

// makeAnswer makes of packet i an answer of IPv4; false: none may be given.
func (w *Worker) makeAnswer(i int, v Verdict, own wire.MAC) (ok bool) {
	p := &w.in.packet[i]
	switch v {
	case AnswerEcho:
		ok = answer.Echo(p, l3, own)
	case AnswerReset:
		ok = answer.Reset(p, l3, own)
	case AnswerUnreachable, AnswerNoDestination:
		ok = answer.Unreachable(p, l3, own, w.speaker(i), wire.PortUnreachable)
	case AnswerNoRoute:
		ok = answer.Unreachable(p, l3, own, w.speaker(i), wire.HostUnreachable)
	case AnswerTimeExceeded:
		ok = answer.TimeExceeded(p, l3, own, w.speaker(i))
	case AnswerFragmentNeeded:
		ok = answer.FragmentationNeeded(p, l3, own, w.speaker(i), w.mtu)
	}
	return ok
}

// speaker is the address from which an ICMP error about packet i comes: the one it was sent to, if that is ours, else our own on
// the port that it came from.
func (w *Worker) speaker(i int) uint32 {
	in := &w.in
	if in.dst[i]&(address.Own|address.VIP) != 0 {
		return in.key[i].Dst.Uint32()
	}
	return w.tables.Hops.Own(in.packet[i].Port, in.key[i].Src).Uint32()
}
