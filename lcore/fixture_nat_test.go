package lcore

import (
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
)

// natFixtures: what NAT does to packets of both directions (forwarding.md F2).
var natFixtures = []fixture{
	{"a TCP connection", with(kernel, web(0)), []step{
		{
			"SYN", in(outside, fromClient(alice, vip80, "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok"},
		},
		{
			"its answer", in(inside, fromServer(3, "10.9.0.13:80", alice, "SA", lcoretest.Seq(9, 2))),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 SA seq 9 ack 2 ttl 63 csum ok"},
		},
		{
			"data", in(outside, fromClient(alice, vip80, "PA", lcoretest.Seq(2, 10), data(100))),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 PA seq 2 ack 10 len 100 ttl 63 csum ok"},
		},
		{
			"the server's RST is passed on", in(inside, fromServer(3, "10.9.0.13:80", alice, "R")),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 R seq 1 ttl 63 csum ok"},
		},
	}},
	{"UDP", with(kernel, resolver()), []step{
		{
			"question", in(outside, datagram(alice, "10.0.0.1:53", data(12))),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.12 udp 20001>53 len 12 ttl 63 csum ok"},
		},
		{
			"answer", in(inside, answered(2, "10.9.0.12:53", alice, data(40))),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 udp 53>20001 len 40 ttl 63 csum ok"},
		},
		{
			"F1.8: without a checksum it leaves with one", in(outside, datagram(alice, "10.0.0.1:53", data(12), lcoretest.NoChecksum())),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.12 udp 20001>53 len 12 ttl 63 csum ok"},
		},
		{
			"F1.8, the answer too", in(inside, answered(2, "10.9.0.12:53", alice, data(41), lcoretest.NoChecksum())),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 udp 53>20001 len 41 ttl 63 csum ok"},
		},
		{
			"a server's own question is no answer", in(inside, answered(2, "10.9.0.12:53", "172.16.0.1:5353")),
			counted{Route: 1},
			sent{"0: 10.9.0.12 > 172.16.0.1 udp 53>5353 ttl 63 csum ok"},
		},
	}},
	{"the server has another port", with(kernel, wish{proto: flow.TCP, vip: vip80, servers: []string{"10.9.0.11:8080"}},
		wish{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.12:5353"}}), []step{
		{
			"F2.5: TCP", in(outside, fromClient(alice, vip80, "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 tcp 20001>8080 S seq 1 ttl 63 csum ok"},
		},
		{
			"TCP back", in(inside, fromServer(1, "10.9.0.11:8080", alice, "SA")),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 SA seq 1 ack 0 ttl 63 csum ok"},
		},
		{
			"UDP", in(outside, datagram(alice, "10.0.0.1:53")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.12 udp 20001>5353 ttl 63 csum ok"},
		},
		{
			"UDP back", in(inside, answered(2, "10.9.0.12:5353", alice)),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 udp 53>20001 ttl 63 csum ok"},
		},
		{
			"the service's port on the server is not the connection's", in(inside, fromServer(1, "10.9.0.11:80", alice, "A")),
			counted{Route: 1},
			sent{"0: 10.9.0.11 > 172.16.0.1 tcp 80>20001 A seq 1 ack 0 ttl 63 csum ok"},
		},
	}},
	{"the server has no port", with(kernel, wish{proto: flow.TCP, vip: vip80, servers: []string{"10.9.0.11:0"}}), []step{
		{
			"C3.4: the packet's is kept", in(outside, fromClient(alice, vip80, "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 tcp 20001>80 S seq 1 ttl 63 csum ok"},
		},
	}},
	{"headers and sizes", with(kernel, web(0)), []step{
		{
			"IP and TCP options", in(outside, fromClient(alice, vip80, "S", lcoretest.RouterAlert(), lcoretest.MSS(1460))),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 mss 1460 ttl 63 csum ok"},
		},
		{
			"as long as the MTU", in(outside, fromClient(alice, vip80, "A", lcoretest.DF(), data(1460))),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 len 1460 ttl 63 csum ok"},
		},
		{"in several segments", func(r *rig) {
			r.ports[outside].Segment = 60
			in(outside, fromClient(alice, vip80, "A", data(1000)))(r)
		}, counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 len 1000 ttl 63 csum ok"}},
		{
			"a damaged segment stays recognizable as such", in(outside, damaged(fromClient(alice, vip80, "A"), 50)),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 63 csum bad tcp"},
		},
	}},
	{"C7: ICMP errors about a connection", with(kernel, wish{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.12:5353"}}), []step{
		{
			"question", in(outside, datagram(alice, "10.0.0.1:53")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.12 udp 20001>5353 ttl 63 csum ok"},
		},
		{
			"C7.4: from the server", in(inside, lcoretest.ICMPError(ip("10.9.0.12"), ip("172.16.0.1"), 3, 3, 0, datagram(alice, "10.9.0.12:5353"), fromInside)),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 udp 20001>53 csum ok) ttl 63 csum ok"},
		},
		{
			"C7.4: from a router in front of it", in(inside, lcoretest.ICMPError(ip("10.9.0.13"), ip("172.16.0.1"), 11, 0, 0, datagram(alice, "10.9.0.12:5353"), fromInside)),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 11/0 (172.16.0.1 > 10.0.0.1 udp 20001>53 csum ok) ttl 63 csum ok"},
		},
		{
			"C7.3: from a router in front of the client", in(outside, lcoretest.ICMPError(ip("172.16.9.9"), ip("10.0.0.1"), 3, 4, 1400, datagram("10.0.0.1:53", alice), fromGateway)),
			counted{ForwardInput: 1},
			sent{"1: 172.16.9.9 > 10.9.0.12 icmp 3/4 mtu 1400 (10.9.0.12 > 172.16.0.1 udp 5353>20001 csum ok) ttl 63 csum ok"},
		},
		{
			"C7.3: damaged", in(outside, damaged(lcoretest.ICMPError(ip("172.16.9.9"), ip("10.0.0.1"), 3, 4, 1400, datagram("10.0.0.1:53", alice), fromGateway), 41)),
			counted{DropICMP: 1},
			nil,
		},
		{
			"C7.1: a redirect is not the server's business", in(outside, lcoretest.ICMPError(ip("172.16.9.9"), ip("10.0.0.1"), 5, 1, 0, datagram("10.0.0.1:53", alice), fromGateway)),
			counted{DropICMP: 1},
			nil,
		},
		{
			"C7.1: nor is a parameter problem the client's", in(inside, lcoretest.ICMPError(ip("10.9.0.12"), ip("172.16.0.1"), 12, 0, 0, datagram(alice, "10.9.0.12:5353"), fromInside)),
			counted{Route: 1},
			sent{"0: 10.9.0.12 > 172.16.0.1 icmp 12/0 (172.16.0.1 > 10.9.0.12 udp 20001>5353 csum ok) ttl 63 csum ok"},
		},
		{
			"about no connection, to the VIP", in(outside, lcoretest.ICMPError(ip("172.16.9.9"), ip("10.0.0.1"), 3, 4, 1400, datagram("10.0.0.1:54", alice), fromGateway)),
			counted{DropICMP: 1},
			nil,
		},
		{
			"about no connection, through us", in(inside, lcoretest.ICMPError(ip("10.9.0.12"), ip("172.16.0.1"), 3, 3, 0, datagram(alice, "10.9.0.12:53"), fromInside)),
			counted{Route: 1},
			sent{"0: 10.9.0.12 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.9.0.12 udp 20001>53 csum ok) ttl 63 csum ok"},
		},
		{
			"about what somebody else has sent", in(outside, lcoretest.ICMPError(ip("172.16.9.9"), ip("10.0.0.1"), 3, 4, 1400, datagram("10.9.0.1:53", alice), fromGateway)),
			counted{DropICMP: 1},
			nil,
		},
	}},
	{"one burst as several", with(kernel, web(0)), []step{
		{
			"two SYNs of one connection, its RST, and one that comes again", in(outside,
				fromClient(alice, vip80, "S"), fromClient(alice, vip80, "S"), fromClient(bob, vip80, "S"), fromClient(alice, vip80, "R")),
			counted{ForwardInput: 4},
			sent{
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.2 > 10.9.0.12 tcp 20001>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 R seq 1 ttl 63 csum ok",
			},
		},
	}},
	{"a connection that opens again behind a new one", with(kernel, web(0)), []step{
		{"alice is reset", acts(establish(alice, 3), fromAlice("R")), counted{ForwardInput: 3, ForwardOutput: 1}, sent{
			"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 SA seq 1 ack 0 ttl 63 csum ok",
			"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok",
			"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok",
			"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 R seq 1 ttl 63 csum ok",
		}},
		{"in one burst: bob, then alice from the same port", in(outside, fromClient(bob, vip80, "S"), fromClient(alice, vip80, "S")), counted{ForwardInput: 2}, sent{
			"1: 172.16.0.2 > 10.9.0.12 tcp 20001>80 S seq 1 ttl 63 csum ok",
			"1: 172.16.0.1 > 10.9.0.11 tcp 20001>80 S seq 1 ttl 63 csum ok",
		}},
	}},
	{"a known connection behind a new one", with(kernel, balanced("lc", three[:2]...)), []step{
		{"alice at 12, bob at 11", in(outside, fromClient(alice, vip80, "S"), fromClient(bob, vip80, "S")), counted{ForwardInput: 2}, sent{
			"1: 172.16.0.1 > 10.9.0.12 tcp 20001>80 S seq 1 ttl 63 csum ok",
			"1: 172.16.0.2 > 10.9.0.11 tcp 20001>80 S seq 1 ttl 63 csum ok",
		}},
		{
			"bob's FIN relieves 11 after the choice only", in(outside, fromClient("172.16.0.3:1", vip80, "S"), fromClient(bob, vip80, "FA")),
			counted{ForwardInput: 2},
			sent{
				"1: 172.16.0.3 > 10.9.0.12 tcp 1>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.2 > 10.9.0.11 tcp 20001>80 FA seq 1 ack 0 ttl 63 csum ok",
			},
		},
	}},
}

// damaged returns a copy of frame with one bit of byte i turned over.
func damaged(frame []byte, i int) []byte {
	frame = append([]byte(nil), frame...)
	frame[i] ^= 1
	return frame
}
