package lcore

import (
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
)

const hour = time.Hour

// mark marks with n what is for these ports of 10.0.0.1; for all of them if none is named.
func mark(n uint32, ports ...service.PortRange) service.Rule {
	return service.Rule{Mark: n, Dst: addr("10.0.0.1"), DstMask: flow.MaskOf(32, true), Ports: ports}
}

// serviceFixtures: which service a packet is for (services.md S2), and what happens if that has nothing for it (connections.md C3, C8).
var serviceFixtures = []fixture{
	{"S2: order of look-up", wishes{
		settings: kernel, marks: []service.Rule{mark(7, service.PortRange{First: 443, Last: 443}), mark(8, service.PortRange{First: 81, Last: 81})},
		services: []wish{
			{mark: 7, servers: []string{"10.9.0.11:0"}},
			{proto: flow.TCP, vip: "10.0.0.1:443", servers: []string{"10.9.0.12:443"}},
			{proto: flow.TCP, vip: "10.0.0.1:81", servers: []string{"10.9.0.12:81"}},
			{proto: flow.TCP, vip: "10.0.0.1:21", persist: hour, servers: []string{"10.9.0.13:21"}},
			{proto: flow.TCP, vip: "10.0.0.1:0", persist: hour, servers: []string{"10.9.0.12:0"}},
		},
	}, []step{
		{
			"S2 1: a mark goes before an address", in(outside, fromClient(alice, "10.0.0.1:443", "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 tcp 20001>443 S seq 1 ttl 63 csum ok"},
		},
		{
			"S1.1: a mark's service is for UDP too", in(outside, datagram(alice, "10.0.0.1:443")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 udp 20001>443 ttl 63 csum ok"},
		},
		{
			"S2.1: a mark without a service counts for nothing", in(outside, fromClient(alice, "10.0.0.1:81", "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.12 tcp 20001>81 S seq 1 ttl 63 csum ok"},
		},
		{
			"S2 3: ports from 1024 on belong to FTP", in(outside, fromClient(alice, "10.0.0.1:1024", "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>1024 S seq 1 ttl 63 csum ok"},
		},
		{
			"S2 4: any other port", in(outside, fromClient(bob, "10.0.0.1:1023", "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.2 > 10.9.0.12 tcp 20001>1023 S seq 1 ttl 63 csum ok"},
		},
		{
			"UDP has no such service", in(outside, datagram(alice, "10.0.0.1:9")),
			counted{AnswerUnreachable: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 udp 20001>9 csum ok) ttl 64 csum ok"},
		},
	}},
	{"C3: what opens a connection", with(kernel, web(0)), []step{
		{
			"not an ACK", in(outside, fromClient(alice, vip80, "A", lcoretest.Seq(5, 6))),
			counted{AnswerReset: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 R seq 6 ttl 64 csum ok"},
		},
		{
			"not a FIN", in(outside, fromClient(alice, vip80, "FA", lcoretest.Seq(5, 6))),
			counted{AnswerReset: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 R seq 6 ttl 64 csum ok"},
		},
		{"not a RST, and RFC 9293 forbids an answer", in(outside, fromClient(alice, vip80, "R")), counted{DropNoAnswer: 1}, nil},
		{
			"C3.2: nothing from port 20", in(outside, fromClient("172.16.0.1:20", vip80, "S")),
			counted{AnswerReset: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20 RA seq 0 ack 2 ttl 64 csum ok"},
		},
		{
			"SYN+ACK does", in(outside, fromClient(alice, vip80, "SA")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 SA seq 1 ack 0 ttl 63 csum ok"},
		},
	}},
	{"sloppy_tcp", with(Settings{SloppyTCP: true}, web(0)), []step{
		{
			"an ACK opens a connection", in(outside, fromClient(alice, vip80, "A")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok"},
		},
		{
			"so does a FIN", in(outside, fromClient(bob, vip80, "FA")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.2 > 10.9.0.12 tcp 20001>80 FA seq 1 ack 0 ttl 63 csum ok"},
		},
		{"a RST never", in(outside, fromClient("172.16.0.3:20001", vip80, "R")), counted{DropNoAnswer: 1}, nil},
	}},
	{"C8: no server", with(kernel, wish{proto: flow.TCP, vip: vip80, servers: []string{"10.9.0.11:80 0"}},
		wish{proto: flow.UDP, vip: "10.0.0.1:53"}, wish{proto: flow.TCP, vip: "10.0.0.1:0", servers: three},
		wish{proto: flow.TCP, vip: "10.0.0.1:21", persist: hour},
		wish{proto: flow.TCP, vip: "10.0.0.1:22", persist: hour, servers: []string{"10.9.0.11:22 0"}}), []step{
		{
			"TCP gets port unreachable too, no RST", in(outside, fromClient(alice, vip80, "S")),
			counted{AnswerNoDestination: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"},
		},
		{
			"UDP", in(outside, datagram(alice, "10.0.0.1:53")),
			counted{AnswerNoDestination: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 udp 20001>53 csum ok) ttl 64 csum ok"},
		},
		{
			"P2 4: persistent", in(outside, fromClient(alice, "10.0.0.1:22", "S")),
			counted{AnswerNoDestination: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 tcp 20001>22 csum ok) ttl 64 csum ok"},
		},
		{
			"C3.3: all ports need persistence", in(outside, fromClient(alice, "10.0.0.1:443", "S")),
			counted{AnswerNoDestination: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 tcp 20001>443 csum ok) ttl 64 csum ok"},
		},
		{
			"C8 2: other ports are not FTP's", in(outside, fromClient(alice, "10.0.0.1:2121", "S")),
			counted{AnswerReset: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 tcp 2121>20001 RA seq 0 ack 2 ttl 64 csum ok"},
		},
	}},
	{"P6: the server goes", with(kernel, web(0)), []step{
		{
			"SYN", in(outside, fromClient(alice, vip80, "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok"},
		},
		{"P6.2: silently", func(r *rig) {
			r.change(with(kernel, wish{proto: flow.TCP, vip: vip80, servers: []string{"10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80 1 gone"}}))
			in(outside, fromClient(alice, vip80, "A"))(r)
		}, counted{DropServerGone: 1}, nil},
		{
			"what the server still says gets through", in(inside, fromServer(3, "10.9.0.13:80", alice, "FA")),
			counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 FA seq 1 ack 0 ttl 63 csum ok"},
		},
		{"P6.5: it comes back", func(r *rig) {
			r.change(with(kernel, web(0)))
			in(outside, fromClient(alice, vip80, "A"))(r)
		}, counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok"}},
	}},
	{"the service goes", with(kernel, resolver(), web(0)), []step{
		{
			"SYN", in(outside, fromClient(alice, vip80, "S")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok"},
		},
		{"C14.2: while another is there, its servers are gone", func(r *rig) {
			r.change(with(kernel, resolver()))
			in(outside, fromClient(alice, vip80, "A"))(r)
		}, counted{DropServerGone: 1}, nil},
		{"C2 1: without any, its connections are nobody's", func(r *rig) {
			r.change(with(kernel))
			in(outside, fromClient(alice, vip80, "A"))(r)
		}, counted{AnswerReset: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 R seq 0 ttl 64 csum ok"}},
		{"it comes back", func(r *rig) {
			r.change(with(kernel, resolver(), web(0)))
			in(outside, fromClient(alice, vip80, "A"))(r)
		}, counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok"}},
	}},
}
