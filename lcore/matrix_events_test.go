package lcore

import (
	"net/netip"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
)

// event is what may happen to a packet on its way.
type event struct {
	name string
	when func(way) bool // nil: on every way
	act  func(*scene)
}

func one(frame []byte) [][]byte { return [][]byte{frame} }

func four(w way) bool    { return w.client == 4 }
func returns(w way) bool { return w.returns() }
func passes(w way) bool  { return !w.returns() }

func both(a, b func(way) bool) func(way) bool { return func(w way) bool { return a(w) && b(w) } }

var events = []event{
	{"opens", nil, func(s *scene) {
		opening := one(s.in(s.way.open, 80, data(4)))
		s.seen.server = s.way.addrPort(s.way.server, "10.9.0.11", "fd09::11", 8080)
		if !s.way.returns() {
			s.seen.server = s.vip(80)
		}
		if s.way.method == "fullnat" { // which port it takes is its own choice
			s.tell("", outside, opening)
			return
		}
		s.tell("", outside, opening, s.wantedIn(s.way.open, data(4)))
	}},
	{"goes on", nil, func(s *scene) {
		s.opened()
		s.tell("", outside, one(s.in(s.way.more, 80, data(12))), s.wantedIn(s.way.more, data(12)))
	}},
	{"traffic class and DF", nil, func(s *scene) {
		s.opened()
		opts := []lcoretest.Option{data(12), lcoretest.TOS(0xb9), lcoretest.DF()}
		s.tell("", outside, one(s.in(s.way.more, 80, opts...)), s.wantedIn(s.way.more, opts...))
	}},
	{"answered", returns, func(s *scene) {
		s.opened()
		s.tell("", inside, one(s.out(s.way.answer, data(8))), s.wantedOut(s.way.answer, data(8)))
	}},
	{"answered through here from the VIP", passes, func(s *scene) {
		s.opened()
		answer := s.way.answer(s.vip(80), s.client, fromInside)
		s.tell("", inside, one(answer))
	}},
	{"refused by the server", both(returns, refuses), func(s *scene) {
		s.opened()
		s.tell("", inside, one(s.out(s.way.refusal)), s.wantedOut(s.way.refusal))
	}},
	{"refused by the server's ICMP", returns, func(s *scene) {
		s.opened()
		s.tell("", inside, one(s.quoting(s.seen.server.Addr(), s.seen.client.Addr(), unreachable, s.way.open(s.seen.client, s.seen.server, lcoretest.Seq(s.seen.number, 0)), fromInside)))
	}},
	{"an ICMP error from a router in front of the server", nil, func(s *scene) {
		s.opened()
		router := s.way.addrPort(s.way.client, "10.9.0.13", "fd09::13", 0).Addr()
		s.tell("", inside, one(s.quoting(router, s.seen.client.Addr(), exceeded, s.way.open(s.seen.client, s.seen.server, lcoretest.Seq(s.seen.number, 0)), fromInside)))
	}},
	{"an ICMP error from a router in front of the client", nil, func(s *scene) {
		s.opened()
		router := s.way.addrPort(s.way.client, "172.16.9.9", "fd16:9::9", 0).Addr()
		s.tell("", outside, one(s.quoting(router, s.vip(80).Addr(), tooBig, s.way.answer(s.vip(80), s.client), fromGateway)))
	}},
	{"an ICMP error about nothing known", nil, func(s *scene) {
		router := s.way.addrPort(s.way.client, "172.16.9.9", "fd16:9::9", 0).Addr()
		s.tell("", outside, one(s.quoting(router, s.vip(80).Addr(), tooBig, s.way.answer(s.vip(80), s.client), fromGateway)))
	}},
	{"a damaged ICMP error", nil, func(s *scene) {
		s.opened()
		frame := s.quoting(s.client.Addr(), s.vip(80).Addr(), unreachable, s.way.answer(s.vip(80), s.client), fromGateway)
		s.tell("", outside, one(damaged(frame, len(frame)-1)))
	}},
	{"TTL 1", nil, func(s *scene) {
		s.opened()
		s.tell("", outside, one(s.in(s.way.more, 80, lcoretest.TTL(1))))
	}},
	{"TTL 1 of the answer", returns, func(s *scene) {
		s.opened()
		s.tell("", inside, one(s.out(s.way.answer, lcoretest.TTL(1))))
	}},
	{"as long as fits", nil, func(s *scene) {
		s.opened()
		n := s.way.room()
		s.tell("", outside, one(s.in(s.way.more, 80, data(n), lcoretest.DF())), s.wantedIn(s.way.more, data(n), lcoretest.DF()))
	}},
	{"too long, DF", four, func(s *scene) {
		s.opened()
		s.tell("", outside, one(s.in(s.way.more, 80, data(s.way.room()+4), lcoretest.DF())))
	}},
	{"too long", nil, func(s *scene) {
		s.opened()
		s.tooLong(outside, s.in(s.way.more, 80, data(s.way.room()+4)), s.wantedIn(s.way.more, data(s.way.room()+4)))
	}},
	{"the answer too long, DF", both(returns, four), func(s *scene) {
		s.opened()
		s.tell("", inside, one(s.out(s.way.more, data(s.way.room()+4), lcoretest.DF())))
	}},
	{"the answer too long", returns, func(s *scene) {
		s.opened()
		s.tooLong(inside, s.out(s.way.more, data(s.way.room()+4)), s.wantedOut(s.way.more, data(s.way.room()+4)))
	}},
	{"in fragments", nil, func(s *scene) {
		s.opened()
		s.tell("", outside, s.cut(s.in(s.way.more, 80, data(40))), s.followed(s.wantedIn(s.way.more, data(40)))...)
	}},
	{"in fragments, the last one first", nil, func(s *scene) {
		s.opened()
		parts, wanted := s.cut(s.in(s.way.more, 80, data(40))), s.followed(s.wantedIn(s.way.more, data(40)))
		s.tell("which waits", outside, parts[1:])
		s.tell("then the first", outside, parts[:1], wanted...)
	}},
	{"the answer in fragments", returns, func(s *scene) {
		s.opened()
		s.tell("", inside, s.cut(s.out(s.way.more, data(40))), s.followed(s.wantedOut(s.way.more, data(40)))...)
	}},
	{"a wrong checksum stays wrong", nil, func(s *scene) {
		s.opened()
		frame := s.in(s.way.more, 80, data(12))
		s.tell("", outside, one(damaged(frame, len(frame)-1)))
	}},
	{"a wrong checksum of the IP header", four, func(s *scene) {
		s.tell("", outside, one(damaged(s.in(s.way.open, 80), l3+10)))
	}},
	{"without a checksum", both(udp, func(w way) bool { return w.client == 4 || w.returns() }), func(s *scene) {
		s.opened()
		opts := []lcoretest.Option{data(12), lcoretest.NoChecksum()}
		wanted := opts
		if s.way.returns() {
			wanted = opts[:1] // F1.8
		}
		s.tell("", outside, one(s.in(s.way.more, 80, opts...)), s.wantedIn(s.way.more, wanted...))
	}},
	{"cut off in the transport header", nil, func(s *scene) {
		frame := s.in(s.way.open, 80, data(20))
		if s.way.client == 6 {
			frame = cut6(frame, 6)
		} else {
			frame = shortened(frame, 20+6)
		}
		s.tell("", outside, one(frame))
	}},
	{"without a connection", func(w way) bool { return w.stray != nil }, func(s *scene) {
		s.tell("", outside, one(s.in(s.way.stray, 80)))
	}},
	{"a ping of the VIP", both(returns, udp), func(s *scene) {
		s.tell("", outside, one(lcoretest.Echo(s.client.Addr(), s.vip(0).Addr(), 7, 8, fromGateway, data(12))))
	}},
	{"to a port without a service", nil, func(s *scene) { s.tell("", outside, one(s.in(s.way.open, 99))) }},
	{"no route to the server", nil, func(s *scene) { s.tell("", outside, one(s.in(s.way.open, 81))) }},
	{"no server", nil, func(s *scene) { s.tell("", outside, one(s.in(s.way.open, 83))) }},
	{"the server's next hop is not known", nil, func(s *scene) {
		s.tell("the packet waits", outside, one(s.in(s.way.open, 82)))
		s.head("which leaves when it is")
		before := s.rig.counters()
		s.known()
		s.watch(before, nil)
	}},
	{"the server is removed", nil, func(s *scene) {
		s.opened()
		s.rig.change(with(kernel, s.way.services(" gone")...))
		s.tell("", outside, one(s.in(s.way.more, 80)))
	}},
}

func udp(w way) bool     { return w.proto == flow.UDP }
func refuses(w way) bool { return w.refusal != nil }

// kinds of ICMP errors: type and code for IPv4 and for IPv6.
type kind struct{ type4, code4, type6, code6 uint8 }

var (
	unreachable = kind{3, 3, 1, 4}
	exceeded    = kind{11, 0, 3, 0}
	tooBig      = kind{3, 4, 2, 0}
)

// quoting is an ICMP error about a packet.
func (s *scene) quoting(src, dst netip.Addr, k kind, about []byte, opts ...lcoretest.Option) []byte {
	mtu := uint16(0)
	if k == tooBig {
		mtu = 1400
	}
	if s.way.client == 6 {
		return lcoretest.ICMPError(src, dst, k.type6, k.code6, mtu, about, opts...)
	}
	return lcoretest.ICMPError(src, dst, k.type4, k.code4, mtu, about, opts...)
}

// cut makes fragments of 32 bytes.
func (s *scene) cut(frame []byte) [][]byte {
	if s.way.client == 6 {
		return lcoretest.Fragments6(frame, 32)
	}
	return lcoretest.Fragments(frame, 32)
}

// followed are the fragments of a frame that should leave: none of SCTP, whose checksum needs all of them.
func (s *scene) followed(frame []byte) [][]byte {
	if s.way.proto == flow.SCTP {
		return [][]byte{}
	}
	return s.cut(frame)
}

// tooLong: over IPv6 the sender is told; over IPv4 the packet is cut, the outer one in a tunnel.
func (s *scene) tooLong(port int, frame, wanted []byte) {
	if s.way.client == 6 || s.way.tunnel() != 0 {
		s.tell("", port, one(frame))
		return
	}
	s.tell("", port, one(frame), lcoretest.Fragments(wanted, 1480)...)
}
