package lcore

import (
	"fmt"
	"time"

	"cleat/lcore/lcoretest"
)

// routeFixtures: the way to the next hop, for a service's packets and for others (forwarding.md F1).
var routeFixtures = []fixture{
	{"routing", with(kernel, web(0)), []step{
		{
			"to the inside", in(outside, fromClient(alice, "10.9.0.12:22", "S")),
			counted{Route: 1},
			sent{"1: 172.16.0.1 > 10.9.0.12 tcp 20001>22 S seq 1 ttl 63 csum ok"},
		},
		{
			"to the outside", in(inside, fromServer(2, "10.9.0.12:22", alice, "SA")),
			counted{Route: 1},
			sent{"0: 10.9.0.12 > 172.16.0.1 tcp 22>20001 SA seq 1 ack 0 ttl 63 csum ok"},
		},
		{
			"back where it came from", in(inside, fromServer(1, "10.9.0.11:9", "10.9.0.12:9", "S")),
			counted{Route: 1},
			sent{"1: 10.9.0.11 > 10.9.0.12 tcp 9>9 S seq 1 ttl 63 csum ok"},
		},
		{
			"a protocol that no service knows", in(outside, ofProtocol(47, lcoretest.Echo(ip("172.16.0.1"), ip("10.9.0.12"), 1, 1, fromGateway))),
			counted{Route: 1},
			sent{"1: 172.16.0.1 > 10.9.0.12 gre len 8 ttl 63 csum ok"},
		},
		{
			"no way", in(inside, fromServer(1, "10.9.0.11:9", "192.0.2.1:9", "S")),
			counted{AnswerNoRoute: 1},
			sent{"1: 10.9.0.1 > 10.9.0.11 icmp 3/1 (10.9.0.11 > 192.0.2.1 tcp 9>9 csum ok) ttl 64 csum ok"},
		},
		{"no way for an ICMP error", in(inside, lcoretest.ICMPError(ip("10.9.0.11"), ip("192.0.2.1"), 3, 3, 0,
			fromServer(1, "192.0.2.1:9", "10.9.0.11:9", "S"), fromInside)), counted{DropNoRoute: 1}, nil},
	}},
	{"fragments", with(kernel, web(0)), []step{
		{"through us", in(outside, lcoretest.Fragments(datagram(alice, "10.9.0.9:9", data(16)), 16)...), counted{Held: 2}, nil},
		{"through us, known", learn(inside, "10.9.0.9", serverMAC(9)), counted{}, sent{
			"1: 172.16.0.1 > 10.9.0.9 udp fragment 0+16 of 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.9 udp fragment 16+8 of 0 ttl 63 csum ok",
		}},
		{
			"from a real server", in(inside, lcoretest.Fragments(answered(1, "10.9.0.11:53", alice, data(16)), 16)...),
			counted{Route: 2},
			sent{"0: 10.9.0.11 > 172.16.0.1 udp fragment 0+16 of 0 ttl 63 csum ok", "0: 10.9.0.11 > 172.16.0.1 udp fragment 16+8 of 0 ttl 63 csum ok"},
		},
	}},
	{"forwarding is off", with(Settings{}, web(0)), []step{
		{"to the inside", in(outside, fromClient(alice, "10.9.0.12:22", "S")), counted{DropNotForwarding: 1}, nil},
		{"to the outside", in(inside, fromServer(2, "10.9.0.12:22", alice, "SA")), counted{DropNotForwarding: 1}, nil},
		{
			"a service is still one", in(outside, fromClient(alice, vip80, "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok"},
		},
		{
			"so are its answers", in(inside, fromServer(3, "10.9.0.13:80", alice, "SA")),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 SA seq 1 ack 0 ttl 63 csum ok"},
		},
	}},
	{"F1.3: TTL", with(kernel, web(0)), []step{
		{
			"used up on the way through: from the port's address", in(outside, fromClient(alice, "10.9.0.12:22", "S", lcoretest.TTL(1))),
			counted{AnswerTimeExceeded: 1},
			sent{"0: 10.8.0.1 > 172.16.0.1 icmp 11/0 (172.16.0.1 > 10.9.0.12 tcp 20001>22 csum ok) ttl 64 csum ok"},
		},
		{
			"on the way to the service: from the VIP", in(outside, fromClient(alice, vip80, "S", lcoretest.TTL(1))),
			counted{AnswerTimeExceeded: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 11/0 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"},
		},
		{
			"on the way back: to the server, from the inside", in(inside, fromServer(3, "10.9.0.13:80", alice, "SA", lcoretest.TTL(1))),
			counted{AnswerTimeExceeded: 1},
			sent{"1: 10.9.0.1 > 10.9.0.13 icmp 11/0 (10.9.0.13 > 172.16.0.1 tcp 80>20001 csum ok) ttl 64 csum ok"},
		},
		{"an ICMP error's", in(outside, lcoretest.ICMPError(ip("172.16.0.1"), ip("10.9.0.12"), 3, 3, 0,
			fromServer(2, "10.9.0.12:22", alice, "A"), fromGateway, lcoretest.TTL(1))), counted{DropTTL: 1}, nil},
		{
			"2 is enough", in(outside, fromClient(alice, vip80, "A", lcoretest.TTL(2))),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 1 csum ok"},
		},
	}},
	{"F1.4: MTU 1500", with(kernel, web(0)), []step{
		{
			"too big through us", in(outside, datagram(alice, "10.9.0.12:9", lcoretest.DF(), data(1473))),
			counted{AnswerFragmentNeeded: 1},
			sent{"0: 10.8.0.1 > 172.16.0.1 icmp 3/4 mtu 1500 (172.16.0.1 > 10.9.0.12 udp 20001>9 csum ok) ttl 64 csum ok"},
		},
		{
			"SYN", in(outside, fromClient(alice, vip80, "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok"},
		},
		{
			"too big for the way to the server: from the VIP", in(outside, fromClient(alice, vip80, "A", lcoretest.DF(), data(1461))),
			counted{AnswerFragmentNeeded: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/4 mtu 1500 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"},
		},
		{
			"too big through us, an echo", in(outside, lcoretest.Echo(ip("172.16.0.1"), ip("10.9.0.12"), 1, 1, fromGateway, lcoretest.DF(), data(1500))),
			counted{AnswerFragmentNeeded: 1},
			sent{"0: 10.8.0.1 > 172.16.0.1 icmp 3/4 mtu 1500 (172.16.0.1 > 10.9.0.12 icmpv4 csum ok) ttl 64 csum ok"},
		},
		{
			"too big, an ICMP error", in(outside, longError("10.9.0.12", fromGateway, lcoretest.DF())),
			counted{DropTooBig: 1},
			nil,
		},
	}},
	{"neighbours", with(kernel, web(0)), []step{
		{"at most 3 packets wait for one", in(outside, toUnknown(1), toUnknown(2), toUnknown(3), toUnknown(4)), counted{Held: 3, DropNeighbor: 1}, nil},
		{"it is found", learn(inside, "10.9.0.9", serverMAC(9)), counted{}, sent{
			"1: 172.16.0.1 > 10.9.0.9 udp 20001>1 ttl 63 csum ok",
			"1: 172.16.0.1 > 10.9.0.9 udp 20001>2 ttl 63 csum ok",
			"1: 172.16.0.1 > 10.9.0.9 udp 20001>3 ttl 63 csum ok",
		}},
		{"and known", in(outside, toUnknown(5)), counted{Route: 1}, sent{"1: 172.16.0.1 > 10.9.0.9 udp 20001>5 ttl 63 csum ok"}},
	}},
	{"a neighbour that does not answer", with(kernel, web(0)), []step{
		{"one waits", in(outside, toUnknown(1)), counted{Held: 1}, nil},
		{"for a second", wait(time.Second), counted{}, nil},
		{"and no longer", wait(100 * time.Millisecond), counted{DropNeighbor: 1}, nil},
		{"the next one waits again", in(outside, toUnknown(2)), counted{Held: 1}, nil},
		{"it is found after all", learn(inside, "10.9.0.9", serverMAC(9)), counted{}, sent{"1: 172.16.0.1 > 10.9.0.9 udp 20001>2 ttl 63 csum ok"}},
	}},
	{"a real server that has to be asked for", with(kernel, wish{proto: 6, vip: vip80, servers: []string{"10.9.0.9:80"}}), []step{
		{"its first packet waits", in(outside, fromClient(alice, vip80, "S")), counted{Held: 1}, nil},
		{
			"translated", learn(inside, "10.9.0.9", serverMAC(9)),
			counted{},
			sent{"1: 172.16.0.1 > 10.9.0.9 tcp 20001>80 S seq 1 ttl 63 csum ok"},
		},
	}},
}

// longError is an ICMP error of 1528 bytes from alice.
func longError(to string, opts ...lcoretest.Option) []byte {
	about := append(lcoretest.TCP(addrPort(to+":80"), addrPort(alice), "A"), make([]byte, 1446)...)
	return lcoretest.ICMPErrorWhole(ip("172.16.0.1"), ip(to), 3, 1, 0, about[:14+1500], opts...)
}

// toUnknown is a datagram to a neighbour whose MAC address is not known.
func toUnknown(port uint16) []byte { return datagram(alice, fmt.Sprintf("10.9.0.9:%d", port)) }

// ofProtocol returns an IPv4 frame with another protocol number, its header checksum made right.
func ofProtocol(n byte, frame []byte) []byte { return header(frame, 9, n) }
