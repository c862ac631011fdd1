package lcore

import (
	"net/netip"

	"cleat/lcore/lcoretest"
)

// ipv6AnswerFixtures: what the director says and refuses over IPv6.
var ipv6AnswerFixtures = []fixture{
	{"IPv6: echo", with(kernel, web6()), []step{
		{
			"to the VIP", in(outside, lcoretest.Echo(ip("fd16::1"), ip("fd00::1"), 7, 8, fromGateway, data(56))),
			counted{AnswerEcho: 1},
			sent{"0: fd00::1 > fd16::1 icmp6 echo reply 7 seq 8 len 56 ttl 64 csum ok"},
		},
		{
			"to the port's own link-local address, from another", in(outside, lcoretest.Echo(ip("fe80::9"), ip("fe80::ff:fe00:801"), 7, 8, fromGateway)),
			counted{AnswerEcho: 1},
			sent{"0: fe80::ff:fe00:801 > fe80::9 icmp6 echo reply 7 seq 8 ttl 64 csum ok"},
		},
		{
			"through us", in(outside, lcoretest.Echo(ip("fd16::1"), ip("fd09::12"), 7, 10, fromGateway)),
			counted{Route: 1},
			sent{"1: fd16::1 > fd09::12 icmp6 echo request 7 seq 10 ttl 63 csum ok"},
		},
		{"with extension headers", in(outside, lcoretest.Echo(ip("fd16::1"), ip("fd00::1"), 7, 8, fromGateway, lcoretest.Extension(60))), counted{DropNoAnswer: 1}, nil},
		{"an answer to us", in(outside, lcoretest.EchoReply(ip("fd16::1"), ip("fd00::1"), 7, 8, fromGateway)), counted{DropICMP: 1}, nil},
		{"cut off", in(outside, cut6(lcoretest.Echo(ip("fd16::1"), ip("fd00::1"), 7, 8, fromGateway), 4)), counted{DropTransportHeader: 1}, nil},
	}},
	{"IPv6: nobody listens", with(kernel, web6()), []step{
		{
			"SYN to another port of the VIP", in(outside, fromClient(alice6, "[fd00::1]:81", "S", lcoretest.Seq(41, 0))),
			counted{AnswerReset: 1},
			sent{"0: fd00::1 > fd16::1 tcp 81>20001 RA seq 0 ack 42 ttl 64 csum ok"},
		},
		{
			"data to our own address, behind extension headers", in(outside, fromClient(alice6, "[fd08::1]:80", "PA", lcoretest.Seq(41, 50), data(9), lcoretest.Extension(60))),
			counted{AnswerReset: 1},
			sent{"0: fd08::1 > fd16::1 tcp 80>20001 R seq 50 ttl 64 csum ok"},
		},
		{
			"a datagram to our own address", in(inside, answered(1, "[fd09::11]:9", "[fd09::1]:53")),
			counted{AnswerUnreachable: 1},
			sent{"1: fd09::1 > fd09::11 icmp6 1/4 (fd09::11 > fd09::1 udp 9>53) ttl 64 csum ok"},
		},
		{"a RST", in(outside, fromClient(alice6, "[fd00::1]:81", "R")), counted{DropNoAnswer: 1}, nil},
		{"a damaged SYN", in(outside, damaged(fromClient(alice6, "[fd00::1]:81", "S"), 60)), counted{DropNoAnswer: 1}, nil},
		{"no header", in(outside, cut6(fromClient(alice6, "[fd00::1]:81", "S"), 10)), counted{DropTransportHeader: 1}, nil},
		{"AH to us", in(outside, protocol6(datagram(alice6, vip6, data(20)), 51)), counted{DropProtocol: 1}, nil},
		{"AH through us", in(outside, protocol6(datagram(alice6, "[fd09::11]:9", data(20)), 51)), counted{Route: 1}, sent{
			"1: fd16::1 > fd09::11 protocol 51 len 28 ttl 63 csum ok",
		}},
	}},
	{"IPv6: no server", with(kernel, web6(func(w *wish) { w.servers = nil })), []step{
		{
			"C8: port unreachable from the VIP", in(outside, fromClient(alice6, vip6, "S")),
			counted{AnswerNoDestination: 1},
			sent{"0: fd00::1 > fd16::1 icmp6 1/4 (fd16::1 > fd00::1 tcp 20001>80) ttl 64 csum ok"},
		},
		{"answer_rate", func(r *rig) {
			w := r.wishes
			w.settings.AnswerRate = 1
			r.change(w)
			in(outside, fromClient(bob6, vip6, "S"))(r)
		}, counted{DropAnswerRate: 1}, nil},
	}},
	{"IPv6: on the way", with(kernel, web6()), []step{
		{
			"F1.3: the last hop is here", in(outside, fromClient(alice6, vip6, "S", lcoretest.TTL(1))),
			counted{AnswerTimeExceeded: 1},
			sent{"0: fd00::1 > fd16::1 icmp6 3/0 (fd16::1 > fd00::1 tcp 20001>80) ttl 64 csum ok"},
		},
		{
			"and of what we route", in(inside, answered(1, "[fd09::11]:9", alice6, lcoretest.TTL(1))),
			counted{AnswerTimeExceeded: 1},
			sent{"1: fd09::1 > fd09::11 icmp6 3/0 (fd09::11 > fd16::1 udp 9>20001) ttl 64 csum ok"},
		},
		{
			"F1.1: no route", in(inside, answered(1, "[fd09::11]:9", "[fd77::1]:9")),
			counted{AnswerNoRoute: 1},
			sent{"1: fd09::1 > fd09::11 icmp6 1/0 (fd09::11 > fd77::1 udp 9>9) ttl 64 csum ok"},
		},
		{
			"F1.4: too big", in(outside, fromClient(alice6, vip6, "A", data(1441))),
			counted{AnswerFragmentNeeded: 1},
			sent{"0: fd00::1 > fd16::1 icmp6 2/0 mtu 1500 (fd16::1 > fd00::1 tcp 20001>80) ttl 64 csum ok"},
		},
		{
			"F1.4: an echo request too, which is no error", in(outside, lcoretest.Echo(ip("fd16::1"), ip("fd09::12"), 1, 1, fromGateway, data(1500))),
			counted{AnswerFragmentNeeded: 1},
			sent{"0: fd08::1 > fd16::1 icmp6 2/0 mtu 1500 (fd16::1 > fd09::12 icmp6) ttl 64 csum ok"},
		},
		{"F1.3: about an error there is none", in(outside, lcoretest.ICMPError(ip("fd16::1"), ip("fd09::12"), 1, 4, 0, datagram("[fd09::12]:9", alice6, data(1200)), fromGateway, lcoretest.TTL(1))),
			counted{DropTTL: 1}, nil},
		{"network.forward is off", func(r *rig) {
			w := r.wishes
			w.settings.Forward = false
			r.change(w)
			in(inside, answered(1, "[fd09::11]:9", alice6))(r)
		}, counted{DropNotForwarding: 1}, nil},
	}},
	{"IPv6: refused", with(kernel, web6()), []step{
		{"shorter than it says", in(outside, fromClient(alice6, vip6, "S")[:70]), counted{DropIPHeader: 1}, nil},
		{"extension headers without end", in(outside, fromClient(alice6, vip6, "S", func() []lcoretest.Option {
			var many []lcoretest.Option
			for range 9 {
				many = append(many, lcoretest.Extension(60))
			}
			return many
		}()...)), counted{DropIPHeader: 1}, nil},
		{"hop-by-hop options not in front", in(outside, fromClient(alice6, vip6, "S", lcoretest.Extension(60), lcoretest.Extension(0))), counted{DropIPHeader: 1}, nil},
		{"somebody's route through us", in(outside, fromClient(alice6, vip6, "S", lcoretest.Extension(43))), counted{DropIPHeader: 1}, nil},
		{"a route through somebody else", in(outside, fromClient(alice6, "[fd09::77]:9", "S", lcoretest.Extension(43))), counted{Held: 1}, nil},
		{"from a group", in(outside, fromClient("[ff05::1]:1", vip6, "S")), counted{DropSource: 1}, nil},
		{"from loopback", in(outside, fromClient("[::1]:1", vip6, "S")), counted{DropSource: 1}, nil},
		{"from no address", in(outside, fromClient("[::]:1", vip6, "S")), counted{DropSource: 1}, nil},
		{"from ourselves", in(outside, fromClient("[fd00::1]:1", vip6, "S")), counted{DropSource: 1}, nil},
		{"from an IPv4 address in IPv6 form", in(outside, mapped(fromClient(alice6, vip6, "S"), 22)), counted{DropSource: 1}, nil},
		{"to one", in(outside, mapped(fromClient(alice6, vip6, "S"), 38)), counted{DropBroadcast: 1}, nil},
		{"a link-local client of a service", in(outside, fromClient("[fe80::9]:1", vip6, "S")), counted{DropSource: 1}, nil},
		{"to another link", in(outside, fromClient(alice6, "[fe80::9]:1", "S")), counted{DropNoRoute: 1}, nil},
		{"to a group", in(outside, datagram(alice6, "[ff02::1]:9", lcoretest.Link(gatewayMAC, [6]byte{0x33, 0x33, 0, 0, 0, 1}))), counted{DropBroadcast: 1}, nil},
		{"GRE in fragments, to us", in(outside, lcoretest.Fragments6(protocol6(datagram(alice6, vip6, data(64)), 47), 24)...), counted{DropFragment: 3}, nil},
		{"a fragment through us", in(outside, lcoretest.Fragments6(datagram(alice6, "[fd09::77]:9", data(64)), 24)[1]), counted{Held: 1}, nil},
	}},
}

// cut6 makes an IPv6 frame without extension headers one that carries n bytes only.
func cut6(frame []byte, n int) []byte {
	frame[18], frame[19] = 0, byte(n)
	return frame[:14+40+n]
}

// protocol6 makes an IPv6 frame without extension headers carry another protocol.
func protocol6(frame []byte, n uint8) []byte {
	frame[20] = n
	return frame
}

var routersMAC = [6]byte{0x33, 0x33, 0, 0, 0, 1}

// neighborFixtures: neighbour discovery (RFC 4861), which is to IPv6 what ARP is to IPv4.
var neighborFixtures = []fixture{
	{"neighbour solicitations", with(kernel, web6()), []step{
		{
			"for the port's address", in(outside, lcoretest.Solicitation(neighborMAC, ip("fd08::9"), ip("fd08::1"))),
			counted{AnswerNeighbor: 1},
			sent{"0: fd08::1 > fd08::9 fd08::1 is at 02:00:00:00:08:01 flags RSO ttl 255 csum ok"},
		},
		{
			"for its link-local address", in(outside, lcoretest.Solicitation(neighborMAC, ip("fe80::9"), ip("fe80::ff:fe00:801"))),
			counted{AnswerNeighbor: 1},
			sent{"0: fe80::ff:fe00:801 > fe80::9 fe80::ff:fe00:801 is at 02:00:00:00:08:01 flags RSO ttl 255 csum ok"},
		},
		{
			"for a VIP, on the inside", in(inside, lcoretest.Solicitation(serverMAC(1), ip("fd09::11"), ip("fd00::1"))),
			counted{AnswerNeighbor: 1},
			sent{"1: fd00::1 > fd09::11 fd00::1 is at 02:00:00:00:09:01 flags RSO ttl 255 csum ok"},
		},
		{
			"a probe for an address that is ours", in(outside, lcoretest.Solicitation(neighborMAC, netip.IPv6Unspecified(), ip("fd00::1"))),
			counted{AnswerNeighbor: 1},
			sent{"0: fd00::1 > ff02::1 fd00::1 is at 02:00:00:00:08:01 flags RO ttl 255 csum ok"},
		},
		{"for somebody else", in(outside, lcoretest.Solicitation(neighborMAC, ip("fd08::9"), ip("fd08::8"))), counted{DropOtherHost: 1}, nil},
		{"from behind a router", in(outside, lcoretest.Solicitation(neighborMAC, ip("fd08::9"), ip("fd08::1"), lcoretest.TTL(254))), counted{DropFrame: 1}, nil},
		{"damaged", in(outside, damaged(lcoretest.Solicitation(neighborMAC, ip("fd08::9"), ip("fd08::1")), 80)), counted{DropFrame: 1}, nil},
		{"from a group of hosts", in(outside, lcoretest.Solicitation(everybody, ip("fd08::9"), ip("fd08::1"),
			lcoretest.Link(neighborMAC, [6]byte{0x33, 0x33, 0xff, 0, 0, 1}))), counted{DropSource: 1}, nil},
		{"with our own address", in(outside, lcoretest.Solicitation(neighborMAC, ip("fd08::1"), ip("fd08::9"))), counted{DropSource: 1}, nil},
		{"a known neighbour with another MAC address is management's", in(outside, lcoretest.Solicitation(neighborMAC, ip("fd08::2"), ip("fd08::9"))), counted{Punted: 1}, nil},
	}},
	{"neighbour advertisements", with(kernel, web6()), []step{
		{"an answer to us is management's", in(outside, lcoretest.Advertisement(neighborMAC, ip("fd08::9"), outsideMAC, ip("fd08::1"), 0x60)), counted{Punted: 1}, nil},
		{"to our link-local address too", in(outside, lcoretest.Advertisement(neighborMAC, ip("fd08::9"), outsideMAC, ip("fe80::ff:fe00:801"), 0x60)), counted{Punted: 1}, nil},
		{"a known neighbour announces another MAC address", in(outside, lcoretest.Advertisement(neighborMAC, ip("fd08::2"), routersMAC, ip("ff02::1"), 0x20)), counted{Punted: 1}, nil},
		{"one that shall not override", in(outside, lcoretest.Advertisement(neighborMAC, ip("fd08::2"), routersMAC, ip("ff02::1"), 0)), counted{DropOtherHost: 1}, nil},
		{"the old one", in(outside, lcoretest.Advertisement(gatewayMAC, ip("fd08::2"), routersMAC, ip("ff02::1"), 0x20)), counted{DropOtherHost: 1}, nil},
		{"a solicited one to a group", in(outside, lcoretest.Advertisement(neighborMAC, ip("fd08::2"), routersMAC, ip("ff02::1"), 0x60)), counted{DropFrame: 1}, nil},
		{"somebody with our VIP", in(outside, lcoretest.Advertisement(neighborMAC, ip("fd00::1"), routersMAC, ip("ff02::1"), 0x20)), counted{DropSource: 1}, nil},
	}},
	{"a neighbour that is not known", with(kernel, web6()), []step{
		{"three packets wait, more do not", in(outside, repeat(4, datagram(alice6, "[fd09::99]:9"))...), counted{Held: 3, DropNeighbor: 1}, nil},
		{"he answers", learn(inside, "fd09::99", neighborMAC), counted{}, sent{
			"1: fd16::1 > fd09::99 udp 20001>9 ttl 63 csum ok", "1: fd16::1 > fd09::99 udp 20001>9 ttl 63 csum ok", "1: fd16::1 > fd09::99 udp 20001>9 ttl 63 csum ok",
		}},
	}},
}
