package lcore

import (
	"slices"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
)

// sealed is an ESP packet of 48 bytes of payload.
func sealed(from, to string, opts ...lcoretest.Option) []byte {
	return lcoretest.Other(flow.ESP, ip(from), ip(to), append([]lcoretest.Option{data(48)}, opts...)...)
}

// signed is an AH packet: an ESP packet of 16 bytes behind a header of 24.
func signed(from, to string, opts ...lcoretest.Option) []byte {
	b := make([]byte, 40)
	b[0], b[1] = flow.ESP, 4
	return lcoretest.Other(flow.AH, ip(from), ip(to), append([]lcoretest.Option{lcoretest.Payload(b)}, opts...)...)
}

// gate is a service for ISAKMP, gates one for a mark that it gets, so that the answers of servers that have the VIP themselves may pass.
func gate(vip, server string) wish { return wish{proto: flow.UDP, vip: vip, servers: []string{server}} }

func gates(server string) wishes {
	return wishes{
		settings: kernel, services: []wish{{mark: 7, servers: []string{server}}},
		marks: []service.Rule{{Mark: 7, Dst: addr("10.0.0.2"), DstMask: flow.MaskOf(32, true), Proto: flow.UDP, Ports: []service.PortRange{{First: 500, Last: 500}}}},
	}
}

var fromServer1 = lcoretest.Link(serverMAC(1), insideMAC)

// ipsecFixtures: AH and ESP follow the connection of their negotiation (connections.md C3, C5.3).
var ipsecFixtures = slices.Concat([]fixture{
	{"IPsec: NAT", with(kernel, gate("10.0.0.1:500", "10.9.0.11:500")), []step{
		{
			"C3: ESP makes no connection", in(outside, sealed("172.16.0.1", "10.0.0.1", fromGateway), signed("172.16.0.1", "10.0.0.1", fromGateway)),
			counted{DropProtocol: 2}, nil,
		},
		{
			"nor does what a server sends", in(inside, sealed("10.9.0.11", "172.16.0.1", fromServer1)),
			counted{Route: 1},
			sent{"0: 10.9.0.11 > 172.16.0.1 ipsecesp len 48 ttl 63 csum ok"},
		},
		{
			"the negotiation does", in(outside, datagram("172.16.0.1:500", "10.0.0.1:500", data(99))),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 udp 500>500 len 99 ttl 63 csum ok"},
		},
		{
			"C5.3: ESP follows", in(outside, sealed("172.16.0.1", "10.0.0.1", fromGateway)),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 ipsecesp len 48 ttl 63 csum ok"},
		},
		{
			"and back", in(inside, sealed("10.9.0.11", "172.16.0.1", fromServer1)),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 ipsecesp len 48 ttl 63 csum ok"},
		},
		{
			"AH", in(outside, signed("172.16.0.1", "10.0.0.1", fromGateway)),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 ipsecah len 40 ttl 63 csum ok"},
		},
		{
			"AH back", in(inside, signed("10.9.0.11", "172.16.0.1", fromServer1)),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 ipsecah len 40 ttl 63 csum ok"},
		},
		{
			"every fragment", in(outside, lcoretest.Fragments(sealed("172.16.0.1", "10.0.0.1", fromGateway, lcoretest.ID(7)), 32)[1]),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 ipsecesp fragment 32+16 of 7 ttl 63 csum ok"},
		},
		{
			"C7.4: an error about what the client sent", in(inside, lcoretest.ICMPError(ip("10.9.0.12"), ip("172.16.0.1"), 3, 4, 1400,
				sealed("172.16.0.1", "10.9.0.11"), lcoretest.Link(serverMAC(2), insideMAC))),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/4 mtu 1400 (172.16.0.1 > 10.0.0.1 ipsecesp 0>0 csum ok) ttl 63 csum ok"},
		},
		{
			"C7.3: an error about what the server sent", in(outside, lcoretest.ICMPError(ip("172.16.9.9"), ip("10.0.0.1"), 3, 4, 1400,
				sealed("10.0.0.1", "172.16.0.1"), fromGateway)),
			counted{ForwardInput: 1},
			sent{"1: 172.16.9.9 > 10.9.0.11 icmp 3/4 mtu 1400 (10.9.0.11 > 172.16.0.1 ipsecesp 0>0 csum ok) ttl 63 csum ok"},
		},
		{
			"another client's has no connection", in(outside, sealed("172.16.0.2", "10.0.0.1", fromGateway)),
			counted{DropProtocol: 1}, nil,
		},
		{
			"an error about another client's neither", in(outside, lcoretest.ICMPError(ip("172.16.9.9"), ip("10.0.0.1"), 3, 4, 1400,
				sealed("10.0.0.1", "172.16.0.2"), fromGateway)),
			counted{DropICMP: 1}, nil,
		},
		{
			"what is for others is routed", in(outside, sealed("172.16.0.1", "10.9.0.12", fromGateway)),
			counted{Route: 1},
			sent{"1: 172.16.0.1 > 10.9.0.12 ipsecesp len 48 ttl 63 csum ok"},
		},
		{"C5.3: the timer restarts", func(r *rig) {
			for range 3 {
				r.pass(200 * second)
				in(outside, sealed("172.16.0.1", "10.0.0.1", fromGateway))(r)
				r.turn()
			}
			r.sent()
		}, counted{ForwardInput: 3}, nil},
		{"the state stays", listed("UDP"), counted{}, nil},
	}},
	{"IPsec: the server negotiates on another port", with(kernel, gate("10.0.0.1:500", "10.9.0.11:4500")), []step{
		{
			"then what it seals is not known", func(r *rig) {
				in(outside, datagram("172.16.0.1:500", "10.0.0.1:500"), sealed("172.16.0.1", "10.0.0.1", fromGateway))(r)
				in(inside, sealed("10.9.0.11", "172.16.0.1", fromServer1))(r)
			},
			counted{ForwardInput: 2, Route: 1},
			sent{
				"0: 10.9.0.11 > 172.16.0.1 ipsecesp len 48 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.11 udp 500>4500 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.11 ipsecesp len 48 ttl 63 csum ok",
			},
		},
	}},
	{"IPsec: FULLNAT", with(kernel, wish{proto: flow.UDP, vip: "10.0.0.1:500", servers: []string{"10.9.0.11:500 fullnat"}, locals: []string{"10.9.0.100"}}), []step{
		{"a connection", sends(datagram("172.16.0.1:500", "10.0.0.1:500")), counted{ForwardInput: 1}, nil},
		{
			"whose answers would not come back without a port", in(outside, sealed("172.16.0.1", "10.0.0.1", fromGateway), lcoretest.Other(flow.ESP, ip("172.16.0.1"), ip("10.0.0.1"), fromGateway)),
			counted{DropProtocol: 2}, nil,
		},
		{"an error about one", in(outside, lcoretest.ICMPError(ip("172.16.9.9"), ip("10.0.0.1"), 3, 4, 1400, sealed("10.0.0.1", "172.16.0.1"), fromGateway)), counted{DropProtocol: 1}, nil},
	}},
	{"IPsec: a server that is gone", with(kernel, gate("10.0.0.1:500", "10.9.0.11:500")), []step{
		{"a connection", in(outside, datagram("172.16.0.1:500", "10.0.0.1:500")), counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.11 udp 500>500 ttl 63 csum ok"}},
		{"P6.2", func(r *rig) {
			r.change(with(kernel, gate("10.0.0.1:500", "10.9.0.11:500 gone")))
			in(outside, sealed("172.16.0.1", "10.0.0.1", fromGateway))(r)
		}, counted{DropServerGone: 1}, nil},
	}},
	{"IPsec on two workers", func() wishes { w := with(kernel, gate("10.0.0.1:500", "10.9.0.11:500")); w.workers = 2; return w }(), []step{
		{"of one client go to one worker", func(r *rig) {
			r.ports[outside].Inject(1-r.owner(alice), datagram("172.16.0.1:500", "10.0.0.1:500"), sealed("172.16.0.1", "10.0.0.1", fromGateway))
			r.turn()
			r.ports[inside].Inject(1-r.owner(alice), sealed("10.9.0.11", "172.16.0.1", fromServer1))
		}, counted{HandedOver: 3, ForwardInput: 2, ForwardOutput: 1}, sent{
			"0: 10.0.0.1 > 172.16.0.1 ipsecesp len 48 ttl 63 csum ok",
			"1: 172.16.0.1 > 10.9.0.11 udp 500>500 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.11 ipsecesp len 48 ttl 63 csum ok",
		}},
	}},
	{"IPsec over IPv6: NAT", with(kernel, gate("[fd00::1]:500", "[fd09::11]:500")), []step{
		{"C3: ESP makes no connection", in(outside, sealed("fd16::1", "fd00::1", fromGateway)), counted{DropProtocol: 1}, nil},
		{
			"the negotiation, and ESP and AH", in(outside, datagram("[fd16::1]:500", "[fd00::1]:500"), sealed("fd16::1", "fd00::1", fromGateway),
				signed("fd16::1", "fd00::1", fromGateway)),
			counted{ForwardInput: 3},
			sent{
				"1: fd16::1 > fd09::11 udp 500>500 ttl 63 csum ok", "1: fd16::1 > fd09::11 protocol 50 len 48 ttl 63 csum ok",
				"1: fd16::1 > fd09::11 protocol 51 len 40 ttl 63 csum ok",
			},
		},
		{
			"and back", in(inside, sealed("fd09::11", "fd16::1", fromServer1), lcoretest.Fragments6(sealed("fd09::11", "fd16::1", fromServer1), 32)[1]),
			counted{ForwardOutput: 2},
			sent{"0: fd00::1 > fd16::1 protocol 50 len 48 ttl 63 csum ok", "0: fd00::1 > fd16::1 frag protocol 50 fragment 32+16 of 9 ttl 63 csum ok"},
		},
		{
			"C7.4: an error about what the client sent", in(inside, lcoretest.ICMPError(ip("fd09::12"), ip("fd16::1"), 2, 0, 1400,
				sealed("fd16::1", "fd09::11"), lcoretest.Link(serverMAC(2), insideMAC))),
			counted{ForwardOutput: 1},
			sent{"0: fd00::1 > fd16::1 icmp6 2/0 mtu 1400 (fd16::1 > fd00::1 ) ttl 63 csum ok"},
		},
		{
			"C7.3: an error about what the server sent", in(outside, lcoretest.ICMPError(ip("fd16::9"), ip("fd00::1"), 2, 0, 1400,
				sealed("fd00::1", "fd16::1"), fromGateway)),
			counted{ForwardInput: 1},
			sent{"1: fd16::9 > fd09::11 icmp6 2/0 mtu 1400 (fd09::11 > fd16::1 ) ttl 63 csum ok"},
		},
	}},
}, followed("direct", "", ""),
	followed("ipip", "10.9.0.1 > 10.9.0.11 ipip [", "] ttl 63 csum ok"),
	followed("gre", "10.9.0.1 > 10.9.0.11 gre [", "] ttl 63 csum ok"),
	followed6("direct", "", ""),
	followed6("ipip", "fd09::1 > fd09::11 ipip [", "] ttl 63 csum ok"))

// followed: IPsec to a server that is reached by a method which puts its packets between before and after.
func followed(method, before, after string) []fixture {
	wrapped := func(inner string) string { return "1: " + before + inner + after }
	return []fixture{{"IPsec: " + method, gates("10.9.0.11:0 " + method), []step{
		{
			"the negotiation, ESP and AH", in(outside, datagram("172.16.0.1:500", "10.0.0.2:500"), sealed("172.16.0.1", "10.0.0.2", fromGateway), signed("172.16.0.1", "10.0.0.2", fromGateway)),
			counted{ForwardInput: 3},
			sent{
				wrapped("172.16.0.1 > 10.0.0.2 udp 500>500 ttl 63 csum ok"), wrapped("172.16.0.1 > 10.0.0.2 ipsecesp len 48 ttl 63 csum ok"),
				wrapped("172.16.0.1 > 10.0.0.2 ipsecah len 40 ttl 63 csum ok"),
			},
		},
		{
			"C1.3: back", in(inside, sealed("10.0.0.2", "172.16.0.1", fromServer1)),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.2 > 172.16.0.1 ipsecesp len 48 ttl 63 csum ok"},
		},
	}}}
}

func followed6(method, before, after string) []fixture {
	return []fixture{{"IPsec over IPv6: " + method, with(kernel, gate("[fd00::1]:500", "[fd09::11]:500 "+method)), []step{
		{
			"the negotiation and ESP", in(outside, datagram("[fd16::1]:500", "[fd00::1]:500"), sealed("fd16::1", "fd00::1", fromGateway)),
			counted{ForwardInput: 2},
			sent{
				"1: " + before + "fd16::1 > fd00::1 udp 500>500 ttl 63 csum ok" + after,
				"1: " + before + "fd16::1 > fd00::1 protocol 50 len 48 ttl 63 csum ok" + after,
			},
		},
	}}}
}
