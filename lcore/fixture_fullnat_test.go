package lcore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
)

// disguised is a service whose servers see its clients as local addresses.
func disguised(tell service.ClientAddress, more ...func(*wish)) wish {
	w := wish{
		proto: flow.TCP, vip: vip80, tell: tell, locals: []string{"10.9.0.100", "10.9.0.101", "10.9.0.102"},
		servers: []string{"10.9.0.11:80 fullnat", "10.9.0.12:8080 fullnat"},
	}
	for _, change := range more {
		change(&w)
	}
	return w
}

func disguised6(tell service.ClientAddress) wish {
	return wish{proto: flow.TCP, vip: vip6, tell: tell, locals: []string{"fd09::100"}, servers: []string{"[fd09::11]:80 fullnat"}}
}

func overUDP(w *wish) {
	w.proto, w.vip, w.servers = flow.UDP, "10.0.0.1:53", []string{"10.9.0.11:5353 fullnat"}
}

// What servers see of sequence number 0 of the first connections, since a rig fixes clock and secrets.
const (
	first4  = 4037040685
	second4 = 4209621593
	third4  = 443690087
	first6  = 512422757
)

func shifted(by uint32, n uint32, text string) string { return fmt.Sprintf(text, by+n) }

// opened are the steps up to a connection of alice with 10.9.0.12.
var opened = []step{
	{
		"SYN, without its time stamps", in(outside, fromClient(alice, vip80, "S", lcoretest.MSS(1460), lcoretest.Timestamp(7, 0))),
		counted{ForwardInput: 1},
		sent{shifted(first4, 1, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 S seq %d mss 1460 ttl 63 csum ok")},
	},
	{
		"its answer", in(inside, fromServer(2, "10.9.0.12:8080", "10.9.0.102:1027", "SA", lcoretest.Seq(9, first4+2), lcoretest.MSS(1460))),
		counted{ForwardOutput: 1},
		sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 SA seq 9 ack 2 mss 1460 ttl 63 csum ok"},
	},
}

var fullNATFixtures = []fixture{
	{"FULLNAT: a TCP connection (F8.2, F8.5)", with(kernel, disguised(service.Untold)), append(opened[:2:2], []step{
		{
			"data", in(outside, fromClient(alice, vip80, "PA", lcoretest.Seq(2, 10), data(100))),
			counted{ForwardInput: 1},
			sent{shifted(first4, 2, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 PA seq %d ack 10 len 100 ttl 63 csum ok")},
		},
		{
			"acknowledged, a later piece too", in(inside, fromServer(2, "10.9.0.12:8080", "10.9.0.102:1027", "A", lcoretest.Seq(10, first4+102), lcoretest.SACK(first4+202, first4+302))),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 A seq 10 ack 102 sack 202-302 ttl 63 csum ok"},
		},
		{
			"another client: another server, another local address", in(outside, fromClient(bob, vip80, "S")),
			counted{ForwardInput: 1},
			sent{shifted(second4, 1, "1: 10.9.0.100 > 10.9.0.11 tcp 1028>80 S seq %d ttl 63 csum ok")},
		},
		{
			"without a connection: RST, as from any address of ours", in(inside, fromServer(2, "10.9.0.12:8080", "10.9.0.101:1027", "A")),
			counted{AnswerReset: 1},
			sent{"1: 10.9.0.101 > 10.9.0.12 tcp 1027>8080 R seq 0 ttl 64 csum ok"},
		},
		{
			"nor has another server one with the same local port", in(inside, fromServer(1, "10.9.0.11:80", "10.9.0.102:1027", "A")),
			counted{AnswerReset: 1},
			sent{"1: 10.9.0.102 > 10.9.0.11 tcp 1027>80 R seq 0 ttl 64 csum ok"},
		},
		{"damaged, it stays so", in(outside, damaged(fromClient(alice, vip80, "PA", lcoretest.Seq(102, 10), data(100)), 80)), counted{ForwardInput: 1}, sent{
			shifted(first4, 102, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 PA seq %d ack 10 len 100 ttl 63 csum bad tcp"),
		}},
		{"RST", in(outside, fromClient(alice, vip80, "R", lcoretest.Seq(202, 0))), counted{ForwardInput: 1}, sent{
			shifted(first4, 202, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 R seq %d ttl 63 csum ok"),
		}},
		{
			"F8.4: the next connection from the same port has a local port of its own", in(outside, fromClient(alice, vip80, "S", lcoretest.Seq(5000, 0))),
			counted{ForwardInput: 1},
			sent{shifted(third4, 5000, "1: 10.9.0.101 > 10.9.0.12 tcp 1029>8080 S seq %d ttl 63 csum ok")},
		},
	}...)},
	{"FULLNAT: local addresses are ours", with(kernel, disguised(service.Untold)), []step{
		{
			"ARP", in(inside, lcoretest.ARPRequest(serverMAC(1), ip("10.9.0.11"), ip("10.9.0.101"))),
			counted{AnswerARP: 1},
			sent{"1: arp 10.9.0.101 is at 02:00:00:00:09:01, to 10.9.0.11 at 02:00:00:00:09:0b"},
		},
		{
			"echo", in(inside, lcoretest.Echo(ip("10.9.0.11"), ip("10.9.0.101"), 1, 2, fromInside)),
			counted{AnswerEcho: 1},
			sent{"1: 10.9.0.101 > 10.9.0.11 icmp echo reply 1 seq 2 ttl 64 csum ok"},
		},
		{"nobody else's", in(outside, fromClient("10.9.0.101:5", vip80, "S")), counted{DropSource: 1}, nil},
		{"a datagram", in(inside, answered(1, "10.9.0.11:53", "10.9.0.101:5")), counted{AnswerUnreachable: 1}, sent{
			"1: 10.9.0.101 > 10.9.0.11 icmp 3/3 (10.9.0.11 > 10.9.0.101 udp 53>5 csum ok) ttl 64 csum ok",
		}},
		{"no service's client", in(outside, fromClient(alice, "10.9.0.101:80", "S")), counted{AnswerReset: 1}, sent{"0: 10.9.0.101 > 172.16.0.1 tcp 80>20001 RA seq 0 ack 2 ttl 64 csum ok"}},
		{"a server of this method alone that is a client", in(inside, fromServer(1, "10.9.0.11:5000", vip80, "S")), counted{ForwardInput: 1}, sent{shifted(first4, 1, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 S seq %d ttl 63 csum ok")}},
	}},
	{"FULLNAT: UDP", with(kernel, disguised(service.TOA, overUDP)), []step{
		{"question", in(outside, datagram(alice, "10.0.0.1:53", data(12))), counted{ForwardInput: 1}, sent{"1: 10.9.0.102 > 10.9.0.11 udp 1027>5353 len 12 ttl 63 csum ok"}},
		{"answer", in(inside, answered(1, "10.9.0.11:5353", "10.9.0.102:1027", data(40))), counted{ForwardOutput: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 udp 53>20001 len 40 ttl 63 csum ok"}},
		{"without a checksum it leaves with one (F1.8)", in(outside, datagram(alice, "10.0.0.1:53", data(13), lcoretest.NoChecksum())), counted{ForwardInput: 1}, sent{"1: 10.9.0.102 > 10.9.0.11 udp 1027>5353 len 13 ttl 63 csum ok"}},
		{"in fragments", in(outside, pieces(datagram(alice, "10.0.0.1:53", data(40)), 24, 0, 1)...), counted{ForwardInput: 2}, sent{
			"1: 10.9.0.102 > 10.9.0.11 udp fragment 0+24 of 0 ttl 63 csum ok",
			"1: 10.9.0.102 > 10.9.0.11 udp fragment 24+24 of 0 ttl 63 csum ok",
		}},
		{"the answer too", in(inside, pieces(answered(1, "10.9.0.11:5353", "10.9.0.102:1027", data(40)), 24, 0, 1)...), counted{ForwardOutput: 2}, sent{
			"0: 10.0.0.1 > 172.16.0.1 udp fragment 0+24 of 0 ttl 63 csum ok",
			"0: 10.0.0.1 > 172.16.0.1 udp fragment 24+24 of 0 ttl 63 csum ok",
		}},
		{"the last hop", in(outside, datagram(alice, "10.0.0.1:53", lcoretest.TTL(1))), counted{AnswerTimeExceeded: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 icmp 11/0 (172.16.0.1 > 10.0.0.1 udp 20001>53 csum ok) ttl 64 csum ok"}},
		{"too long for the client's way", in(inside, answered(1, "10.9.0.11:5353", "10.9.0.102:1027", data(1473), lcoretest.DF())), counted{AnswerFragmentNeeded: 1}, sent{"1: 10.9.0.102 > 10.9.0.11 icmp 3/4 mtu 1500 (10.9.0.11 > 10.9.0.102 udp 5353>1027 csum ok) ttl 64 csum ok"}},
		{"and in pieces", in(inside, answered(1, "10.9.0.11:5353", "10.9.0.102:1027", data(1473))), counted{ForwardOutput: 1}, sent{
			"0: 10.0.0.1 > 172.16.0.1 udp fragment 0+1480 of 0 ttl 63 csum ok",
			"0: 10.0.0.1 > 172.16.0.1 udp fragment 1480+1 of 0 ttl 63 csum ok",
		}},
	}},
	{"FULLNAT: ICMP errors (C7.3, C7.4)", with(kernel, disguised(service.Untold)), append(opened[:2:2], []step{
		{
			"from a router in front of the server, about what the client has sent", in(inside, lcoretest.ICMPError(ip("10.9.0.13"), ip("10.9.0.102"), 3, 4, 1400,
				fromServer(2, "10.9.0.102:1027", "10.9.0.12:8080", "A", lcoretest.Seq(first4+2, 10)), fromInside)),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/4 mtu 1400 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 63 csum ok"},
		},
		{
			"about what nobody has sent", in(inside, lcoretest.ICMPError(ip("10.9.0.13"), ip("10.9.0.102"), 3, 4, 1400,
				fromServer(2, "10.9.0.102:1028", "10.9.0.12:8080", "A"), fromInside)),
			counted{DropICMP: 1},
			nil,
		},
		{
			"from a router in front of the client, about what the server has sent", in(outside, lcoretest.ICMPError(ip("10.8.0.7"), ip("10.0.0.1"), 3, 1, 0,
				fromClient(vip80, alice, "A", lcoretest.Seq(10, 2)), fromGateway)),
			counted{ForwardInput: 1},
			sent{"1: 10.9.0.102 > 10.9.0.12 icmp 3/1 (10.9.0.12 > 10.9.0.102 tcp 8080>1027 csum ok) ttl 63 csum ok"},
		},
	}...)},
	{"FULLNAT: IPv6", with(kernel, disguised6(service.Untold)), []step{
		{"SYN", in(outside, fromClient(alice6, vip6, "S")), counted{ForwardInput: 1}, sent{shifted(first6, 1, "1: fd09::100 > fd09::11 tcp 1027>80 S seq %d ttl 63 csum ok")}},
		{"its answer", in(inside, fromServer(1, "[fd09::11]:80", "[fd09::100]:1027", "SA", lcoretest.Seq(9, first6+2))), counted{ForwardOutput: 1}, sent{"0: fd00::1 > fd16::1 tcp 80>20001 SA seq 9 ack 2 ttl 63 csum ok"}},
		{"behind extension headers", in(outside, fromClient(alice6, vip6, "PA", lcoretest.Seq(2, 10), data(9), lcoretest.Extension(60))), counted{ForwardInput: 1}, sent{shifted(first6, 2, "1: fd09::100 > fd09::11 dest tcp 1027>80 PA seq %d ack 10 len 9 ttl 63 csum ok")}},
		{"too big, from a router in front of the server", in(inside, lcoretest.ICMPError(ip("fd09::13"), ip("fd09::100"), 2, 0, 1400,
			fromServer(1, "[fd09::100]:1027", "[fd09::11]:80", "A", lcoretest.Seq(first6+2, 10)), fromInside)), counted{ForwardOutput: 1}, sent{"0: fd00::1 > fd16::1 icmp6 2/0 mtu 1400 (fd16::1 > fd00::1 tcp 20001>80) ttl 63 csum ok"}},
		{"unreachable, from a router in front of the client", in(outside, lcoretest.ICMPError(ip("fd08::7"), ip("fd00::1"), 1, 0, 0,
			fromClient(vip6, alice6, "A", lcoretest.Seq(10, 2)), fromGateway)), counted{ForwardInput: 1}, sent{"1: fd09::100 > fd09::11 icmp6 1/0 (fd09::11 > fd09::100 tcp 80>1027) ttl 63 csum ok"}},
		{"the local address is ours", in(inside, lcoretest.Solicitation(serverMAC(1), ip("fd09::11"), ip("fd09::100"))), counted{AnswerNeighbor: 1}, sent{"1: fd09::100 > fd09::11 fd09::100 is at 02:00:00:00:09:01 flags RSO ttl 255 csum ok"}},
		{"too long for the server's way", in(outside, fromClient(alice6, vip6, "A", lcoretest.Seq(11, 10), data(1441))), counted{AnswerFragmentNeeded: 1}, sent{"0: fd00::1 > fd16::1 icmp6 2/0 mtu 1500 (fd16::1 > fd00::1 tcp 20001>80) ttl 64 csum ok"}},
	}},
	{"FULLNAT: TOA (F9)", with(kernel, disguised(service.TOA)), []step{
		{
			"SYN, without what a client would have the server believe", in(outside, fromClient(alice, vip80, "S", lcoretest.TCPOption(254, 0, 80, 1, 2, 3, 4))), counted{ForwardInput: 1},
			sent{shifted(first4, 1, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 S seq %d ttl 63 csum ok")},
		},
		{"F8.5: its answer leaves room", in(inside, fromServer(2, "10.9.0.12:8080", "10.9.0.102:1027", "SA", lcoretest.Seq(9, first4+2), lcoretest.MSS(1460))), counted{ForwardOutput: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 SA seq 9 ack 2 mss 1452 ttl 63 csum ok"}},
		{"F9.2: the end of the handshake", in(outside, fromClient(alice, vip80, "A", lcoretest.Seq(2, 10))), counted{ForwardInput: 1}, sent{shifted(first4, 2, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 A seq %d ack 10 toa 172.16.0.1:20001 ttl 63 csum ok")}},
		{"and the request", in(outside, fromClient(alice, vip80, "PA", lcoretest.Seq(2, 10), data(100))), counted{ForwardInput: 1}, sent{shifted(first4, 2, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 PA seq %d ack 10 toa 172.16.0.1:20001 len 100 ttl 63 csum ok")}},
		{"again", in(outside, fromClient(alice, vip80, "PA", lcoretest.Seq(2, 10), data(100))), counted{ForwardInput: 1}, sent{shifted(first4, 2, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 PA seq %d ack 10 toa 172.16.0.1:20001 len 100 ttl 63 csum ok")}},
		{"F9.3: too long for it", in(outside, fromClient(alice, vip80, "A", lcoretest.Seq(102, 10), data(1453))), counted{ForwardInput: 1}, sent{shifted(first4, 102, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 A seq %d ack 10 len 1453 ttl 63 csum ok")}},
		{"just not too long", in(outside, fromClient(alice, vip80, "A", lcoretest.Seq(102, 10), data(1452))), counted{ForwardInput: 1}, sent{shifted(first4, 102, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 A seq %d ack 10 toa 172.16.0.1:20001 len 1452 ttl 63 csum ok")}},
		{"in several segments", func(r *rig) {
			r.ports[outside].Segment = 80
			in(outside, fromClient(alice, vip80, "A", lcoretest.Seq(102, 10), data(200)))(r)
		}, counted{ForwardInput: 1}, sent{shifted(first4, 102, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 A seq %d ack 10 toa 172.16.0.1:20001 len 200 ttl 63 csum ok")}},
		{"in fragments: without", in(outside, pieces(fromClient(alice, vip80, "A", lcoretest.Seq(102, 10), data(36)), 32, 0, 1)...), counted{ForwardInput: 2}, sent{
			"1: 10.9.0.102 > 10.9.0.12 tcp fragment 0+32 of 0 ttl 63 csum ok",
			"1: 10.9.0.102 > 10.9.0.12 tcp fragment 32+24 of 0 ttl 63 csum ok",
		}},
		{"not with RST", in(outside, fromClient(alice, vip80, "RA", lcoretest.Seq(102, 10))), counted{ForwardInput: 1}, sent{shifted(first4, 102, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 RA seq %d ack 10 ttl 63 csum ok")}},
	}},
	{"FULLNAT: TOA, when the server has answered", with(kernel, disguised(service.TOA)), []step{
		{"SYN", in(outside, fromClient(alice, vip80, "S")), counted{ForwardInput: 1}, sent{shifted(first4, 1, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 S seq %d ttl 63 csum ok")}},
		{"its answer", in(inside, fromServer(2, "10.9.0.12:8080", "10.9.0.102:1027", "SA", lcoretest.Seq(9, first4+2))), counted{ForwardOutput: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 SA seq 9 ack 2 ttl 63 csum ok"}},
		{"its first byte is acknowledged", in(outside, fromClient(alice, vip80, "A", lcoretest.Seq(2, 11))), counted{ForwardInput: 1}, sent{shifted(first4, 2, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 A seq %d ack 11 ttl 63 csum ok")}},
	}},
	{"FULLNAT: TOA over IPv6", with(kernel, disguised6(service.TOA)), []step{
		{"SYN", in(outside, fromClient(alice6, vip6, "S")), counted{ForwardInput: 1}, sent{shifted(first6, 1, "1: fd09::100 > fd09::11 tcp 1027>80 S seq %d ttl 63 csum ok")}},
		{"its answer", in(inside, fromServer(1, "[fd09::11]:80", "[fd09::100]:1027", "SA", lcoretest.Seq(9, first6+2), lcoretest.MSS(1440))), counted{ForwardOutput: 1}, sent{"0: fd00::1 > fd16::1 tcp 80>20001 SA seq 9 ack 2 mss 1420 ttl 63 csum ok"}},
		{"data", in(outside, fromClient(alice6, vip6, "PA", lcoretest.Seq(2, 10), data(9))), counted{ForwardInput: 1}, sent{shifted(first6, 2, "1: fd09::100 > fd09::11 tcp 1027>80 PA seq %d ack 10 toa [fd16::1]:20001 len 9 ttl 63 csum ok")}},
		{"behind extension headers", in(outside, fromClient(alice6, vip6, "PA", lcoretest.Seq(2, 10), data(9), lcoretest.Extension(60))), counted{ForwardInput: 1}, sent{shifted(first6, 2, "1: fd09::100 > fd09::11 dest tcp 1027>80 PA seq %d ack 10 toa [fd16::1]:20001 len 9 ttl 63 csum ok")}},
	}},
	{"FULLNAT: PROXY protocol, version 1 (F8.7)", with(kernel, disguised(service.ProxyV1)), []step{
		{"SYN", in(outside, fromClient(alice, vip80, "S")), counted{ForwardInput: 1}, sent{shifted(first4, 1, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 S seq %d ttl 63 csum ok")}},
		{"its answer leaves room", in(inside, fromServer(2, "10.9.0.12:8080", "10.9.0.102:1027", "SA", lcoretest.Seq(9, first4+2), lcoretest.MSS(1460))), counted{ForwardOutput: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 SA seq 9 ack 2 mss 1419 ttl 63 csum ok"}},
		{"the end of the handshake", in(outside, fromClient(alice, vip80, "A", lcoretest.Seq(2, 10))), counted{ForwardInput: 1}, sent{shifted(first4, 2, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 A seq %d ack 10 ttl 63 csum ok")}},
		{"the first bytes, 41 more", in(outside, fromClient(alice, vip80, "PA", lcoretest.Seq(2, 10), data(100))), counted{ForwardInput: 1}, sent{shifted(first4, 2, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 PA seq %d ack 10 len 141 ttl 63 csum ok")}},
		{"those behind them, which overtake", in(outside, fromClient(alice, vip80, "PA", lcoretest.Seq(102, 10), data(100))), counted{ForwardInput: 1}, sent{shifted(first4, 143, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 PA seq %d ack 10 len 100 ttl 63 csum ok")}},
		{"the first ones again", in(outside, fromClient(alice, vip80, "PA", lcoretest.Seq(2, 10), data(100))), counted{ForwardInput: 1}, sent{shifted(first4, 2, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 PA seq %d ack 10 len 141 ttl 63 csum ok")}},
		{"too long with it", in(outside, fromClient(alice, vip80, "A", lcoretest.Seq(2, 10), data(1420), lcoretest.DF())), counted{AnswerFragmentNeeded: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/4 mtu 1459 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"}},
		{"a router in front of the server says that it is too long", in(inside, lcoretest.ICMPError(ip("10.9.0.13"), ip("10.9.0.102"), 3, 4, 1400,
			fromServer(2, "10.9.0.102:1027", "10.9.0.12:8080", "A", lcoretest.Seq(first4+2, 10)), fromInside)), counted{ForwardOutput: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/4 mtu 1359 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 63 csum ok"}},
		{"in a fragment, it would not fit its offsets", in(outside, pieces(fromClient(alice, vip80, "A", lcoretest.Seq(2, 10), data(36)), 32, 0)...), counted{DropFragment: 1}, nil},
		{"the server has the header and 50 bytes", in(inside, fromServer(2, "10.9.0.12:8080", "10.9.0.102:1027", "A", lcoretest.Seq(10, first4+2+41+50))), counted{ForwardOutput: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 A seq 10 ack 52 ttl 63 csum ok"}},
		{"the first ones again: it has the header", in(outside, fromClient(alice, vip80, "PA", lcoretest.Seq(2, 10), data(100))), counted{ForwardInput: 1}, sent{shifted(first4, 43, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 PA seq %d ack 10 len 100 ttl 63 csum ok")}},
	}},
	{"FULLNAT: PROXY protocol, version 2", with(kernel, disguised(service.ProxyV2)), []step{
		{"SYN", in(outside, fromClient(alice, vip80, "S")), counted{ForwardInput: 1}, sent{shifted(first4, 1, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 S seq %d ttl 63 csum ok")}},
		{"its answer leaves room", in(inside, fromServer(2, "10.9.0.12:8080", "10.9.0.102:1027", "SA", lcoretest.Seq(9, first4+2), lcoretest.MSS(1460))), counted{ForwardOutput: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 SA seq 9 ack 2 mss 1432 ttl 63 csum ok"}},
		{"a client that says nothing", in(outside, fromClient(alice, vip80, "FA", lcoretest.Seq(2, 10))), counted{ForwardInput: 1}, sent{shifted(first4, 2, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 FA seq %d ack 10 len 28 ttl 63 csum ok")}},
		{"and closes", in(outside, fromClient(alice, vip80, "A", lcoretest.Seq(3, 11))), counted{ForwardInput: 1}, sent{shifted(first4, 31, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 A seq %d ack 11 ttl 63 csum ok")}},
	}},
	{"FULLNAT: PROXY protocol over IPv6", with(kernel, disguised6(service.ProxyV2)), []step{
		{"SYN", in(outside, fromClient(alice6, vip6, "S")), counted{ForwardInput: 1}, sent{shifted(first6, 1, "1: fd09::100 > fd09::11 tcp 1027>80 S seq %d ttl 63 csum ok")}},
		{"its answer", in(inside, fromServer(1, "[fd09::11]:80", "[fd09::100]:1027", "SA", lcoretest.Seq(9, first6+2), lcoretest.MSS(1440))), counted{ForwardOutput: 1}, sent{"0: fd00::1 > fd16::1 tcp 80>20001 SA seq 9 ack 2 mss 1388 ttl 63 csum ok"}},
		{"data", in(outside, fromClient(alice6, vip6, "PA", lcoretest.Seq(2, 10), data(9), lcoretest.Extension(60))), counted{ForwardInput: 1}, sent{shifted(first6, 2, "1: fd09::100 > fd09::11 dest tcp 1027>80 PA seq %d ack 10 len 61 ttl 63 csum ok")}},
		{"too long with it", in(outside, fromClient(alice6, vip6, "A", lcoretest.Seq(2, 10), data(1400))), counted{AnswerFragmentNeeded: 1}, sent{"0: fd00::1 > fd16::1 icmp6 2/0 mtu 1448 (fd16::1 > fd00::1 tcp 20001>80) ttl 64 csum ok"}},
		{"a router in front of the server says that it is too long", in(inside, lcoretest.ICMPError(ip("fd09::13"), ip("fd09::100"), 2, 0, 1400,
			fromServer(1, "[fd09::100]:1027", "[fd09::11]:80", "A", lcoretest.Seq(first6+2, 10)), fromInside)), counted{ForwardOutput: 1}, sent{"0: fd00::1 > fd16::1 icmp6 2/0 mtu 1348 (fd16::1 > fd00::1 tcp 20001>80) ttl 63 csum ok"}},
	}},
	{"FULLNAT: no way to the server", with(kernel, disguised(service.Untold, func(w *wish) { w.servers = []string{"10.7.0.1:80 fullnat"} })), []step{
		{"SYN", in(outside, fromClient(alice, vip80, "S", lcoretest.Seq(7, 0))), counted{AnswerNoRoute: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/1 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"}},
	}},
	{"FULLNAT: local ports", wishes{settings: kernel, workers: 1, services: []wish{disguised(service.Untold, func(w *wish) { w.locals = nil })}}, []step{
		{"without local addresses", in(outside, fromClient(alice, vip80, "S")), counted{DropLocalPortsFull: 1}, nil},
	}},
	{"FULLNAT: AH and ESP", with(kernel, disguised(service.Untold, overUDP, func(w *wish) { w.vip = "10.0.0.1:500" })), []step{
		{"a negotiation", in(outside, datagram("172.16.0.1:500", "10.0.0.1:500")), counted{ForwardInput: 1}, sent{"1: 10.9.0.102 > 10.9.0.11 udp 1027>5353 ttl 63 csum ok"}},
		{"what follows it would have no way back", in(outside, sealed("172.16.0.1", "10.0.0.1", fromGateway)), counted{DropProtocol: 1}, nil},
	}},
	{"FULLNAT: a service of datagrams that are scheduled alone", with(kernel, disguised(service.Untold, overUDP, func(w *wish) { w.onePacket = true })), []step{
		{"has no way back", in(outside, datagram(alice, "10.0.0.1:53")), counted{DropLocalPortsFull: 1}, nil},
	}},
	{"FULLNAT: the table is full", wishes{settings: kernel, size: 1, services: []wish{disguised(service.Untold)}}, []step{
		{"one", in(outside, fromClient(alice, vip80, "S")), counted{ForwardInput: 1}, sent{shifted(first4, 1, "1: 10.9.0.102 > 10.9.0.12 tcp 1027>8080 S seq %d ttl 63 csum ok")}},
		{"another makes it end, since its handshake is not over", in(outside, fromClient(bob, vip80, "S"), fromClient(bob, vip80, "A"), fromClient(alice, vip80, "A")), counted{ForwardInput: 2, AnswerReset: 1}, sent{
			"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 R seq 0 ttl 64 csum ok",
			shifted(second4, 1, "1: 10.9.0.100 > 10.9.0.11 tcp 1028>80 S seq %d ttl 63 csum ok"),
			shifted(second4, 1, "1: 10.9.0.100 > 10.9.0.11 tcp 1028>80 A seq %d ack 0 ttl 63 csum ok"),
		}},
		{"a third one finds no room", in(outside, fromClient(carol, vip80, "S")), counted{DropConnectionsFull: 1}, nil},
	}},
}

// TestFullNATWorkers: each of two workers has its own local addresses, and what comes back to one of them goes to it, whichever worker receives it.
func TestFullNATWorkers(t *testing.T) {
	r := newRig(t, wishes{settings: kernel, workers: 2, services: []wish{disguised(service.Untold, overUDP, func(w *wish) { w.locals = w.locals[:2] })}})
	for worker, local := range []string{"10.9.0.100:1027", "10.9.0.101:1027"} {
		client := clientOf(r, worker)
		says := func(port int, frame []byte, want string) {
			t.Helper()
			r.ports[port].Inject(1-worker, frame)
			r.turn()
			want = strings.NewReplacer("CLIENT", ip(strings.TrimSuffix(client, ":20001")).String(), "LOCAL", strings.TrimSuffix(local, ":1027")).Replace(want)
			if diff := cmp.Diff([]string{want}, r.sent()); diff != "" {
				t.Errorf("worker %d: (-want +got):\n%s", worker, diff)
			}
		}
		says(outside, datagram(client, "10.0.0.1:53"), "1: LOCAL > 10.9.0.11 udp 1027>5353 ttl 63 csum ok")
		says(inside, answered(1, "10.9.0.11:5353", local), "0: 10.0.0.1 > CLIENT udp 53>20001 ttl 63 csum ok")
		says(inside, lcoretest.ICMPError(ip("10.9.0.13"), ip(strings.TrimSuffix(local, ":1027")), 3, 1, 0, answered(1, local, "10.9.0.11:5353"), fromInside),
			"0: 10.0.0.1 > CLIENT icmp 3/1 (CLIENT > 10.0.0.1 udp 20001>53 csum ok) ttl 63 csum ok")
	}
	if c := r.counters(); c.Verdicts[HandedOver] != 6 {
		t.Errorf("%d packets were handed over, want 6", c.Verdicts[HandedOver])
	}
}

// clientOf is a client of a worker.
func clientOf(r *rig, worker int) string {
	for n := 1; ; n++ {
		if c := fmt.Sprintf("172.16.0.%d:20001", n); r.owner(c) == worker {
			return c
		}
	}
}
