package lcore

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
)

// Names for what tests over IPv6 are about.
const (
	vip6   = "[fd00::1]:80"
	alice6 = "[fd16::1]:20001"
	bob6   = "[fd16::2]:20001"
)

var three6 = []string{"[fd09::11]:80", "[fd09::12]:80", "[fd09::13]:80"}

func web6(more ...func(*wish)) wish {
	w := wish{proto: flow.TCP, vip: vip6, servers: three6}
	for _, change := range more {
		change(&w)
	}
	return w
}

func persist6(mask int) func(*wish) {
	return func(w *wish) { w.persist, w.mask = 300*second, mask }
}

func resolver6() wish {
	return wish{proto: flow.UDP, vip: "[fd00::1]:53", servers: []string{"[fd09::11]:53", "[fd09::12]:5353"}}
}

// ipv6Fixtures: what natFixtures and serviceFixtures show of IPv4 (forwarding.md F2.6).
var ipv6Fixtures = []fixture{
	{"IPv6: a TCP connection", with(kernel, web6()), []step{
		{
			"SYN", in(outside, fromClient(alice6, vip6, "S")),
			counted{ForwardInput: 1},
			sent{"1: fd16::1 > fd09::13 tcp 20001>80 S seq 1 ttl 63 csum ok"},
		},
		{
			"its answer", in(inside, fromServer(3, "[fd09::13]:80", alice6, "SA", lcoretest.Seq(9, 2))),
			counted{ForwardOutput: 1},
			sent{"0: fd00::1 > fd16::1 tcp 80>20001 SA seq 9 ack 2 ttl 63 csum ok"},
		},
		{
			"data", in(outside, fromClient(alice6, vip6, "PA", lcoretest.Seq(2, 10), data(100))),
			counted{ForwardInput: 1},
			sent{"1: fd16::1 > fd09::13 tcp 20001>80 PA seq 2 ack 10 len 100 ttl 63 csum ok"},
		},
		{
			"behind extension headers", in(outside, fromClient(alice6, vip6, "A", lcoretest.Extension(0), lcoretest.Extension(60))),
			counted{ForwardInput: 1},
			sent{"1: fd16::1 > fd09::13 hop dest tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok"},
		},
		{
			"in a fragment that is all of it (RFC 6946)", in(inside, fromServer(3, "[fd09::13]:80", alice6, "A", lcoretest.Extension(44))),
			counted{ForwardOutput: 1},
			sent{"0: fd00::1 > fd16::1 frag tcp 80>20001 A seq 1 ack 0 ttl 63 csum ok"},
		},
		{
			"another client, another server", in(outside, fromClient(bob6, vip6, "S", lcoretest.TOS(0x28))),
			counted{ForwardInput: 1},
			sent{"1: fd16::2 > fd09::12 tcp 20001>80 S seq 1 ttl 63 csum ok"},
		},
		{"the last hop", in(outside, fromClient(bob6, vip6, "A", lcoretest.TTL(2))), counted{ForwardInput: 1}, sent{
			"1: fd16::2 > fd09::12 tcp 20001>80 A seq 1 ack 0 ttl 1 csum ok",
		}},
	}},
	{"IPv6: UDP, and another port at the server", with(kernel, resolver6()), []step{
		{
			"question", in(outside, datagram(alice6, "[fd00::1]:53", data(12))),
			counted{ForwardInput: 1},
			sent{"1: fd16::1 > fd09::12 udp 20001>5353 len 12 ttl 63 csum ok"},
		},
		{
			"answer", in(inside, answered(2, "[fd09::12]:5353", alice6, data(40))),
			counted{ForwardOutput: 1},
			sent{"0: fd00::1 > fd16::1 udp 53>20001 len 40 ttl 63 csum ok"},
		},
		{
			"F1.8: without a checksum it leaves with one", in(outside, datagram(alice6, "[fd00::1]:53", data(13), lcoretest.NoChecksum())),
			counted{ForwardInput: 1},
			sent{"1: fd16::1 > fd09::12 udp 20001>5353 len 13 ttl 63 csum ok"},
		},
		{
			"a server's own question is no answer", in(inside, answered(2, "[fd09::12]:53", "[fd16::1]:5353")),
			counted{Route: 1},
			sent{"0: fd09::12 > fd16::1 udp 53>5353 ttl 63 csum ok"},
		},
	}},
	{"IPv6: fragments (C11.2)", with(kernel, resolver6()), []step{
		{
			"in order", in(outside, lcoretest.Fragments6(datagram(alice6, "[fd00::1]:53", data(40)), 24)...),
			counted{ForwardInput: 2},
			sent{
				"1: fd16::1 > fd09::12 frag udp fragment 0+24 of 9 ttl 63 csum ok",
				"1: fd16::1 > fd09::12 frag udp fragment 24+24 of 9 ttl 63 csum ok",
			},
		},
		{
			"the answer, the last one first", in(inside, lcoretest.Fragments6(answered(2, "[fd09::12]:5353", alice6, data(40)), 24)[1]),
			counted{Held: 1},
			nil,
		},
		{
			"the first one comes", in(inside, lcoretest.Fragments6(answered(2, "[fd09::12]:5353", alice6, data(40)), 24)[0]),
			counted{ForwardOutput: 2},
			sent{
				"0: fd00::1 > fd16::1 frag udp fragment 0+24 of 9 ttl 63 csum ok",
				"0: fd00::1 > fd16::1 frag udp fragment 24+24 of 9 ttl 63 csum ok",
			},
		},
	}},
	{"IPv6: ICMPv6 errors about a connection", with(kernel, resolver6()), []step{
		{"question", in(outside, datagram(alice6, "[fd00::1]:53")), counted{ForwardInput: 1}, sent{"1: fd16::1 > fd09::12 udp 20001>5353 ttl 63 csum ok"}},
		{
			"C7.4: from the server", in(inside, lcoretest.ICMPError(ip("fd09::12"), ip("fd16::1"), 1, 4, 0, datagram(alice6, "[fd09::12]:5353"), fromInside)),
			counted{ForwardOutput: 1},
			sent{"0: fd00::1 > fd16::1 icmp6 1/4 (fd16::1 > fd00::1 udp 20001>53) ttl 63 csum ok"},
		},
		{
			"C7.4: from a router in front of it", in(inside, lcoretest.ICMPError(ip("fd09::13"), ip("fd16::1"), 3, 0, 0, datagram(alice6, "[fd09::12]:5353"), fromInside)),
			counted{ForwardOutput: 1},
			sent{"0: fd00::1 > fd16::1 icmp6 3/0 (fd16::1 > fd00::1 udp 20001>53) ttl 63 csum ok"},
		},
		{
			"C7.3: too big, from a router in front of the client", in(outside,
				lcoretest.ICMPError(ip("fd16:9::9"), ip("fd00::1"), 2, 0, 1400, datagram("[fd00::1]:53", alice6, data(64)), fromGateway)),
			counted{ForwardInput: 1},
			sent{"1: fd16:9::9 > fd09::12 icmp6 2/0 mtu 1400 (fd09::12 > fd16::1 udp 5353>20001) ttl 63 csum ok"},
		},
		{
			"C7.1: a parameter problem is an error too", in(outside,
				lcoretest.ICMPError(ip("fd16:9::9"), ip("fd00::1"), 4, 1, 6, datagram("[fd00::1]:53", alice6), fromGateway)),
			counted{ForwardInput: 1},
			sent{"1: fd16:9::9 > fd09::12 icmp6 4/1 (fd09::12 > fd16::1 udp 5353>20001) ttl 63 csum ok"},
		},
		{"C7.3: damaged", in(outside, damaged(lcoretest.ICMPError(ip("fd16:9::9"), ip("fd00::1"), 2, 0, 1400, datagram("[fd00::1]:53", alice6), fromGateway), 61)), counted{DropICMP: 1}, nil},
		{"C7.7: behind a fragment header", in(outside, lcoretest.ICMPError(ip("fd16:9::9"), ip("fd00::1"), 2, 0, 1400,
			datagram("[fd00::1]:53", alice6), fromGateway, lcoretest.Extension(44))), counted{DropICMP: 1}, nil},
		{"C7.2: about a later fragment", in(outside, lcoretest.ICMPError(ip("fd16:9::9"), ip("fd00::1"), 1, 0, 0,
			lcoretest.Fragments6(datagram("[fd00::1]:53", alice6, data(64)), 24)[1], fromGateway)), counted{DropICMP: 1}, nil},
		{"about an IPv4 address in IPv6 form", in(outside, lcoretest.ICMPError(ip("fd16:9::9"), ip("fd00::1"), 1, 0, 0,
			mapped(datagram("[fd00::1]:53", alice6), 38), fromGateway)), counted{DropICMP: 1}, nil},
		{"about no connection, to the VIP", in(outside, lcoretest.ICMPError(ip("fd16:9::9"), ip("fd00::1"), 2, 0, 1400, datagram("[fd00::1]:54", alice6), fromGateway)), counted{DropICMP: 1}, nil},
		{
			"about no connection, through us", in(inside, lcoretest.ICMPError(ip("fd09::12"), ip("fd16::1"), 1, 4, 0, datagram(alice6, "[fd09::12]:53"), fromInside)),
			counted{Route: 1},
			sent{"0: fd09::12 > fd16::1 icmp6 1/4 (fd16::1 > fd09::12 udp 20001>53) ttl 63 csum ok"},
		},
		{"behind destination options", in(inside, lcoretest.ICMPError(ip("fd09::12"), ip("fd16::1"), 1, 4, 0, datagram(alice6, "[fd09::12]:5353"), fromInside,
			lcoretest.Extension(60))), counted{ForwardOutput: 1}, sent{
			"0: fd00::1 > fd16::1 dest icmp6 1/4 (fd16::1 > fd00::1 udp 20001>53) ttl 63 csum ok",
		}},
	}},
	{"IPv6: persistence by /64", with(kernel, web6(persist6(64))), []step{
		{"a client", in(outside, fromClient("[fd16::1]:1", vip6, "S")), counted{ForwardInput: 1}, sent{"1: fd16::1 > fd09::13 tcp 1>80 S seq 1 ttl 63 csum ok"}},
		{"its neighbour", in(outside, fromClient("[fd16::ffff:1]:1", vip6, "S")), counted{ForwardInput: 1}, sent{"1: fd16::ffff:1 > fd09::13 tcp 1>80 S seq 1 ttl 63 csum ok"}},
		{"another network", in(outside, fromClient("[fd16:0:0:1::1]:1", vip6, "S")), counted{ForwardInput: 1}, sent{"1: fd16:0:0:1::1 > fd09::12 tcp 1>80 S seq 1 ttl 63 csum ok"}},
	}},
	{"IPv6: a firewall mark", wishes{settings: kernel, services: []wish{{mark: 3, persist: 600 * second, servers: []string{"[fd09::11]:0", "[fd09::12]:0"}}}, marks: []service.Rule{
		{Mark: 3, Proto: flow.TCP, Dst: addr("fd00::1"), DstMask: flow.MaskOf(128, false)},
	}}, []step{
		{"port 80", in(outside, fromClient(alice6, vip6, "S")), counted{ForwardInput: 1}, sent{"1: fd16::1 > fd09::12 tcp 20001>80 S seq 1 ttl 63 csum ok"}},
		{"port 443", in(outside, fromClient(alice6, "[fd00::1]:443", "S")), counted{ForwardInput: 1}, sent{"1: fd16::1 > fd09::12 tcp 20001>443 S seq 1 ttl 63 csum ok"}},
	}},
	{"IPv6: direct routing", with(kernel, web6(func(w *wish) { w.servers = []string{"[fd09::11]:80 direct"} })), []step{
		{"SYN", in(outside, fromClient(alice6, vip6, "S")), counted{ForwardInput: 1}, sent{"1: fd16::1 > fd00::1 tcp 20001>80 S seq 1 ttl 63 csum ok"}},
		{
			"C7.3: an error goes to the server as it is", in(outside, lcoretest.ICMPError(ip("fd16::1"), ip("fd00::1"), 2, 0, 1400, fromClient(vip6, alice6, "SA"), fromGateway)),
			counted{ForwardInput: 1},
			sent{"1: fd16::1 > fd00::1 icmp6 2/0 mtu 1400 (fd00::1 > fd16::1 tcp 80>20001) ttl 63 csum ok"},
		},
	}},
	{"IPv6: tunnels", with(kernel, wish{proto: flow.TCP, vip: vip6, servers: []string{"[fd09::11]:80 1 0 0 1 ipip", "[fd09::12]:80 1 0 0 2 gue+csum", "10.9.0.13:80 1 0 0 3 gre"}}), []step{
		{"to an IPv4 server", in(outside, fromClient("[fd16::1]:1", vip6, "S")), counted{ForwardInput: 1}, sent{
			"1: 10.9.0.1 > 10.9.0.13 gre [fd16::1 > fd00::1 tcp 1>80 S seq 1 ttl 63 csum ok] ttl 63 csum ok",
		}},
		{"gue", in(outside, fromClient("[fd16::1]:2", vip6, "S")), counted{ForwardInput: 1}, sent{
			"1: fd09::1 > fd09::12 gue 52228>6080+csum [fd16::1 > fd00::1 tcp 2>80 S seq 1 ttl 63 csum ok] ttl 63 csum ok",
		}},
		{"ipip", in(outside, fromClient("[fd16::1]:3", vip6, "S")), counted{ForwardInput: 1}, sent{
			"1: fd09::1 > fd09::11 ipip [fd16::1 > fd00::1 tcp 3>80 S seq 1 ttl 63 csum ok] ttl 63 csum ok",
		}},
		{"F4.3: too big for what the tunnel leaves", in(outside, fromClient("[fd16::1]:3", vip6, "A", data(1420))), counted{AnswerFragmentNeeded: 1}, sent{
			"0: fd00::1 > fd16::1 icmp6 2/0 mtu 1460 (fd16::1 > fd00::1 tcp 3>80) ttl 64 csum ok",
		}},
	}},
}

// mapped puts an IPv4 address in IPv6 form into a frame.
func mapped(frame []byte, at int) []byte {
	frame = append([]byte(nil), frame...)
	copy(frame[at:], []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 172, 16, 0, 1})
	return frame
}

// TestWorkersShareIPv6: whichever queue packets come in by, both directions of a client's connections meet at its worker, and a /64 has one template.
func TestWorkersShareIPv6(t *testing.T) {
	r := newRig(t, wishes{settings: kernel, workers: 2, services: []wish{web6(persist6(64))}})
	const clients = 40
	for n := range clients {
		address := [16]byte{0: 0xfd, 1: 0x16, 15: byte(n%2 + 1)}
		binary.BigEndian.PutUint32(address[4:], uint32(n/2+1)*0x9e3779b1) // far apart: neighbours are alike to a steering hash
		client := netip.AddrPortFrom(netip.AddrFrom16(address), 20001)
		r.ports[outside].Inject(n/2%2, fromClient(client.String(), vip6, "S"))
		r.turn()
		_, to, _ := strings.Cut(r.sent()[0], " > ")
		server, _, _ := strings.Cut(to, " ")
		r.ports[inside].Inject(n%2, fromServer(1, "["+server+"]:80", client.String(), "SA"))
		r.turn()
		want := fmt.Sprintf("0: fd00::1 > %v tcp 80>20001 SA seq 1 ack 0 ttl 63 csum ok", client.Addr())
		if got := r.sent(); len(got) != 1 || got[0] != want {
			t.Fatalf("the answer of %s leaves as %q, want %s", server, got, want)
		}
	}
	if c := r.counters(); c.Templates != clients/2 || c.Connections != clients || c.Verdicts[HandedOver] == 0 {
		t.Errorf("%d templates, %d connections, %d handed over", c.Templates, c.Connections, c.Verdicts[HandedOver])
	}
	for _, w := range r.workers {
		if w.tmpls.Used == 0 {
			t.Error("a worker has no client")
		}
	}
	r.conserve()
}
