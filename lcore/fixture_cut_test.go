package lcore

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
)

// cutFixtures: packets that are longer than the next link's MTU of 1500 and may be fragmented (forwarding.md F1.4, connections.md C11.3).
var cutFixtures = []fixture{
	{"cut: NAT", with(kernel, resolver()), []step{
		{
			"in", in(outside, datagram(alice, "10.0.0.1:53", data(1600), lcoretest.ID(7))),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.12 udp fragment 0+1480 of 7 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.12 udp fragment 1480+128 of 7 ttl 63 csum ok"},
		},
		{
			"out", in(inside, answered(2, "10.9.0.12:53", alice, data(1600), lcoretest.ID(8))),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 udp fragment 0+1480 of 8 ttl 63 csum ok", "0: 10.0.0.1 > 172.16.0.1 udp fragment 1480+128 of 8 ttl 63 csum ok"},
		},
		{
			"a byte less fits", in(outside, datagram(alice, "10.0.0.1:53", data(1472))),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.12 udp 20001>53 len 1472 ttl 63 csum ok"},
		},
		{
			"an ICMP error is cut even if it says that it must not be", in(outside, longAbout("10.0.0.1:53", fromGateway, lcoretest.DF())),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.12 icmpv4 fragment 0+1480 of 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.12 icmpv4 fragment 1480+28 of 0 ttl 63 csum ok"},
		},
	}},
	{"cut: direct routing", with(kernel, wish{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.11:53 direct"}}), []step{
		{
			"in", in(outside, datagram(alice, "10.0.0.1:53", data(1600))),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.0.0.1 udp fragment 0+1480 of 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.0.0.1 udp fragment 1480+128 of 0 ttl 63 csum ok"},
		},
	}},
	{"cut: routing", with(kernel), []step{
		{
			"to the inside", in(outside, datagram(alice, "10.9.0.11:53", data(1600))),
			counted{Route: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 udp fragment 0+1480 of 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.11 udp fragment 1480+128 of 0 ttl 63 csum ok"},
		},
		{"with an option, which takes room", in(outside, datagram(alice, "10.9.0.11:53", data(1600), lcoretest.RouterAlert())), counted{Route: 1}, sent{
			"1: 172.16.0.1 > 10.9.0.11 udp fragment 0+1472 of 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.11 udp fragment 1472+136 of 0 ttl 63 csum ok",
		}},
		{"to a neighbour that has to be asked for", in(outside, datagram(alice, "10.9.0.9:53", data(1600))), counted{Held: 1}, nil},
		{
			"and is known", learn(inside, "10.9.0.9", serverMAC(9)),
			counted{},
			sent{"1: 172.16.0.1 > 10.9.0.9 udp fragment 0+1480 of 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.9 udp fragment 1480+128 of 0 ttl 63 csum ok"},
		},
	}},
	{"cut: a tunnel", with(kernel, through("ipip")), []step{
		{
			"the outer packet is cut", in(outside, fromClient(alice, vip80, "S", data(1460))),
			counted{ForwardInput: 1},
			sent{"1: 10.9.0.1 > 10.9.0.11 ipv4 fragment 0+1480 of 1 ttl 63 csum ok", "1: 10.9.0.1 > 10.9.0.11 ipv4 fragment 1480+20 of 1 ttl 63 csum ok"},
		},
		{
			"the next one has another identification", in(outside, fromClient(alice, vip80, "A", data(1460))),
			counted{ForwardInput: 1},
			sent{"1: 10.9.0.1 > 10.9.0.11 ipv4 fragment 0+1480 of 2 ttl 63 csum ok", "1: 10.9.0.1 > 10.9.0.11 ipv4 fragment 1480+20 of 2 ttl 63 csum ok"},
		},
	}},
	{"cut: pmtu_disc = 0", with(Settings{Forward: true}, through("gre")), []step{
		{
			"F1.4: no check, even of what must not be fragmented", in(outside, fromClient(alice, vip80, "S", data(1460), lcoretest.DF())),
			counted{ForwardInput: 1},
			sent{"1: 10.9.0.1 > 10.9.0.11 gre fragment 0+1480 of 1 ttl 63 csum ok", "1: 10.9.0.1 > 10.9.0.11 gre fragment 1480+24 of 1 ttl 63 csum ok"},
		},
	}},
	{"cut: no buffers", with(kernel), []step{
		{"for the second fragment", func(r *rig) {
			r.workers[0].Pool = &lcoretest.Starve{Pool: r.pool, N: 1}
			in(outside, datagram(alice, "10.9.0.11:53", data(1600)))(r)
		}, counted{DropNoBuffer: 1}, nil},
		{"nor for one that has waited", func(r *rig) {
			in(outside, datagram(alice, "10.9.0.9:53", data(1600)))(r)
			r.turn()
			learn(inside, "10.9.0.9", serverMAC(9))(r)
		}, counted{Held: 1, DropNoBuffer: 1}, nil},
	}},
	{"cut: a packet in two segments", with(kernel), []step{
		{"is not", func(r *rig) {
			r.ports[outside].Segment = 1000
			in(outside, datagram(alice, "10.9.0.11:53", data(1600)))(r)
		}, counted{DropTooBig: 1}, nil},
	}},
	{"cut: stripped tags stay off", with(kernel), []step{
		{"priority tags", func(r *rig) {
			r.ports[outside].OnReceive = func(p *burst.Packet) { p.Flags, p.VLAN = burst.VLANStripped, 0 }
			in(outside, datagram(alice, "10.9.0.11:53", data(1600)))(r)
		}, counted{Route: 1}, sent{
			"1: 172.16.0.1 > 10.9.0.11 udp fragment 0+1480 of 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.11 udp fragment 1480+128 of 0 ttl 63 csum ok",
		}},
	}},
}

// longAbout is an ICMP error of 1528 bytes from alice about an answer of a UDP service.
func longAbout(from string, opts ...lcoretest.Option) []byte {
	about := lcoretest.UDP(addrPort(from), addrPort(alice), data(1472))
	return lcoretest.ICMPErrorWhole(ip("172.16.0.1"), addrPort(from).Addr(), 3, 1, 0, about, opts...)
}
