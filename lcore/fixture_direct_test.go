package lcore

import (
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
)

// directFixtures: direct routing, where a server answers its clients itself (forwarding.md F3).
var directFixtures = []fixture{
	{"direct routing: a TCP connection", with(kernel, wish{proto: flow.TCP, vip: vip80, servers: []string{"10.9.0.11:80 direct"}}), []step{
		{
			"SYN", in(outside, fromClient(alice, vip80, "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.0.0.1 tcp 20001>80 S seq 1 ttl 63 csum ok"},
		},
		{"it waits for the client", listed("SYN_RECV"), counted{}, nil},
		{
			"ACK", in(outside, fromClient(alice, vip80, "A")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.0.0.1 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok"},
		},
		{"the answer was not seen", listed("ESTABLISHED"), counted{}, nil},
		{
			"a wrong checksum stays wrong", in(outside, damaged(fromClient(alice, vip80, "A", data(9)), 60)),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.0.0.1 tcp 20001>80 A seq 1 ack 0 len 9 ttl 63 csum bad tcp"},
		},
		{
			"FIN", in(outside, fromClient(alice, vip80, "FA")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.0.0.1 tcp 20001>80 FA seq 1 ack 0 ttl 63 csum ok"},
		},
		{"C4: input only", listed("FIN_WAIT"), counted{}, nil},
		{
			"RST", in(outside, fromClient(alice, vip80, "R")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.0.0.1 tcp 20001>80 R seq 1 ttl 63 csum ok"},
		},
		{"C4: RST", listed("CLOSE"), counted{}, nil},
	}},
	{"direct routing: a mark's service, whose answers pass here", wishes{
		settings: kernel, marks: someRules,
		services: []wish{{mark: 7, servers: []string{"10.9.0.11:0 direct"}}},
	}, []step{
		{
			"SYN", in(outside, fromClient(alice, "10.0.0.2:80", "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.0.0.2 tcp 20001>80 S seq 1 ttl 63 csum ok"},
		},
		{
			"C1.3, C1.5: an answer", in(inside, fromServer(1, "10.0.0.2:80", alice, "SA")),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.2 > 172.16.0.1 tcp 80>20001 SA seq 1 ack 0 ttl 63 csum ok"},
		},
		{
			"FIN", in(outside, fromClient(alice, "10.0.0.2:80", "A"), fromClient(alice, "10.0.0.2:80", "FA")),
			counted{ForwardInput: 2},
			sent{
				"1: 172.16.0.1 > 10.0.0.2 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.0.0.2 tcp 20001>80 FA seq 1 ack 0 ttl 63 csum ok",
			},
		},
		{"the states are those of both directions", listed("CLOSE_WAIT"), counted{}, nil},
	}},
	{"direct routing: UDP", with(kernel, wish{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.11:53 direct"}}), []step{
		{
			"question", in(outside, datagram(alice, "10.0.0.1:53", data(12))),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.0.0.1 udp 20001>53 len 12 ttl 63 csum ok"},
		},
		{
			"without a checksum it stays without", in(outside, datagram(alice, "10.0.0.1:53", data(12), lcoretest.NoChecksum())),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.0.0.1 udp 20001>53 len 12 ttl 63 csum none"},
		},
		{
			"C7.3: the client's ICMP error goes to the server as it is", in(outside, lcoretest.ICMPError(ip("172.16.0.1"), ip("10.0.0.1"), 3, 3, 0,
				lcoretest.UDP(addrPort("10.0.0.1:53"), addrPort(alice)), fromGateway)),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.0.0.1 icmp 3/3 (10.0.0.1 > 172.16.0.1 udp 53>20001 csum ok) ttl 63 csum ok"},
		},
		{
			"C7.4: a router's ICMP error about the question comes from the VIP", in(inside, lcoretest.ICMPError(ip("10.9.0.12"), ip("172.16.0.1"), 3, 1, 0,
				lcoretest.UDP(addrPort(alice), addrPort("10.0.0.1:53")), lcoretest.Link(serverMAC(2), insideMAC))),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/1 (172.16.0.1 > 10.0.0.1 udp 20001>53 csum ok) ttl 63 csum ok"},
		},
		{"the server itself is no client of NAT", in(inside, answered(1, "10.0.0.1:53", alice)), counted{DropSource: 1}, nil},
	}},
	{"direct routing: the way", with(kernel, wish{proto: flow.TCP, vip: vip80, servers: []string{"10.9.0.9:80 direct"}}, wish{proto: flow.TCP, vip: "10.0.0.1:81", servers: []string{"192.0.2.9:81 direct"}}), []step{
		{
			"F1.3: TTL", in(outside, fromClient(alice, vip80, "S", lcoretest.TTL(1))),
			counted{AnswerTimeExceeded: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 11/0 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"},
		},
		{
			"F1.4: MTU", in(outside, fromClient(alice, vip80, "SA", lcoretest.DF(), data(1461))),
			counted{AnswerFragmentNeeded: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/4 mtu 1500 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"},
		},
		{
			"F1.1: no way to the server", in(outside, fromClient(alice, "10.0.0.1:81", "S")),
			counted{AnswerNoRoute: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/1 (172.16.0.1 > 10.0.0.1 tcp 20001>81 csum ok) ttl 64 csum ok"},
		},
		{"the server is asked for", in(outside, fromClient(alice, vip80, "A")), counted{Held: 1}, nil},
		{
			"and known", learn(inside, "10.9.0.9", serverMAC(9)),
			counted{},
			sent{"1: 172.16.0.1 > 10.0.0.1 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok"},
		},
	}},
	{"direct routing on two workers", wishes{settings: kernel, workers: 2, services: []wish{{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.11:53 direct"}}}}, []step{
		{"a question", func(r *rig) {
			r.ports[outside].Inject(1-r.owner(alice), datagram(alice, "10.0.0.1:53"))
		}, counted{HandedOver: 1, ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.0.0.1 udp 20001>53 ttl 63 csum ok"}},
		{
			"an ICMP error about it finds the client's worker", func(r *rig) {
				r.ports[inside].Inject(1-r.owner(alice), lcoretest.ICMPError(ip("10.9.0.12"), ip("172.16.0.1"), 3, 1, 0,
					lcoretest.UDP(addrPort(alice), addrPort("10.0.0.1:53")), lcoretest.Link(serverMAC(2), insideMAC)))
			},
			counted{HandedOver: 1, ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/1 (172.16.0.1 > 10.0.0.1 udp 20001>53 csum ok) ttl 63 csum ok"},
		},
	}},
	{"NAT, direct routing and a tunnel in one service", with(kernel, wish{proto: flow.TCP, vip: vip80, servers: []string{"10.9.0.11:80", "10.9.0.12:80 direct", "10.9.0.13:80 ipip"}}), []step{
		{
			"one client each", in(outside, fromClient(alice, vip80, "S"), fromClient(bob, vip80, "S"), fromClient("172.16.0.3:1", vip80, "S")),
			counted{ForwardInput: 3},
			sent{
				"1: 10.9.0.1 > 10.9.0.13 ipip [172.16.0.1 > 10.0.0.1 tcp 20001>80 S seq 1 ttl 63 csum ok] ttl 63 csum ok",
				"1: 172.16.0.2 > 10.0.0.1 tcp 20001>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.3 > 10.9.0.11 tcp 1>80 S seq 1 ttl 63 csum ok",
			},
		},
	}},
}
