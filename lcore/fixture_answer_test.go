package lcore

import (
	"time"

	"cleat/lcore/lcoretest"
)

var (
	neighborMAC = [6]byte{2, 0, 0, 0, 8, 9}
	everybody   = [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
)

// answerFixtures: what the director says itself, on link, IP and transport level.
var answerFixtures = []fixture{
	{"ARP", with(kernel, web(0)), []step{
		{
			"for the port's address", in(outside, lcoretest.ARPRequest(neighborMAC, ip("10.8.0.9"), ip("10.8.0.1"))),
			counted{AnswerARP: 1},
			sent{"0: arp 10.8.0.1 is at 02:00:00:00:08:01, to 10.8.0.9 at 02:00:00:00:08:09"},
		},
		{
			"for a VIP", in(outside, lcoretest.ARPRequest(neighborMAC, ip("10.8.0.9"), ip("10.0.0.1"))),
			counted{AnswerARP: 1},
			sent{"0: arp 10.0.0.1 is at 02:00:00:00:08:01, to 10.8.0.9 at 02:00:00:00:08:09"},
		},
		{
			"for a VIP, on the inside", in(inside, lcoretest.ARPRequest(serverMAC(1), ip("10.9.0.11"), ip("10.0.0.1"))),
			counted{AnswerARP: 1},
			sent{"1: arp 10.0.0.1 is at 02:00:00:00:09:01, to 10.9.0.11 at 02:00:00:00:09:0b"},
		},
		{"for somebody else", in(outside, lcoretest.ARPRequest(neighborMAC, ip("10.8.0.9"), ip("10.8.0.8"))), counted{DropOtherHost: 1}, nil},
		{"for a client", in(outside, lcoretest.ARPRequest(neighborMAC, ip("10.8.0.9"), ip("172.16.0.1"))), counted{DropOtherHost: 1}, nil},
		{
			"an answer to us is management's", in(outside, lcoretest.ARPReply(neighborMAC, ip("10.8.0.9"), outsideMAC, ip("10.8.0.1"))),
			counted{Punted: 1},
			nil,
		},
		{
			"an answer to somebody else", in(outside, lcoretest.ARPReply(neighborMAC, ip("10.8.0.9"), outsideMAC, ip("10.8.0.7"))),
			counted{DropOtherHost: 1},
			nil,
		},
		{"a known neighbour that announces another MAC address is management's", in(outside,
			lcoretest.ARPRequest(neighborMAC, ip("10.8.0.2"), ip("10.8.0.2"))), counted{Punted: 1}, nil},
		{"one that announces the old one is nobody's", in(outside,
			lcoretest.ARPRequest(gatewayMAC, ip("10.8.0.2"), ip("10.8.0.2"))), counted{DropOtherHost: 1}, nil},
		{"cut off", in(outside, lcoretest.ARPRequest(neighborMAC, ip("10.8.0.9"), ip("10.8.0.1"))[:40]), counted{DropFrame: 1}, nil},
		{"a question from a group of hosts", in(outside, lcoretest.ARPRequest(everybody, ip("10.8.0.9"), ip("10.8.0.1"),
			lcoretest.Link(neighborMAC, everybody))), counted{DropSource: 1}, nil},
		{"an answer that names a group of hosts", in(outside, lcoretest.ARPReply(everybody, ip("10.8.0.9"), outsideMAC, ip("10.8.0.1"),
			lcoretest.Link(neighborMAC, outsideMAC))), counted{DropSource: 1}, nil},
	}},
	{"echo", with(kernel, web(0)), []step{
		{
			"to the VIP", in(outside, lcoretest.Echo(ip("172.16.0.1"), ip("10.0.0.1"), 7, 8, fromGateway, data(56))),
			counted{AnswerEcho: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp echo reply 7 seq 8 len 56 ttl 64 csum ok"},
		},
		{
			"to the other port's address", in(outside, lcoretest.Echo(ip("172.16.0.1"), ip("10.9.0.1"), 7, 9, fromGateway, lcoretest.TTL(1))),
			counted{AnswerEcho: 1},
			sent{"0: 10.9.0.1 > 172.16.0.1 icmp echo reply 7 seq 9 ttl 64 csum ok"},
		},
		{
			"through us", in(outside, lcoretest.Echo(ip("172.16.0.1"), ip("10.9.0.12"), 7, 10, fromGateway)),
			counted{Route: 1},
			sent{"1: 172.16.0.1 > 10.9.0.12 icmp echo request 7 seq 10 ttl 63 csum ok"},
		},
		{
			"with IP options", in(outside, lcoretest.Echo(ip("172.16.0.1"), ip("10.0.0.1"), 7, 8, fromGateway, lcoretest.RouterAlert())),
			counted{DropNoAnswer: 1},
			nil,
		},
		{"an answer to us", in(outside, lcoretest.EchoReply(ip("172.16.0.1"), ip("10.0.0.1"), 7, 8, fromGateway)), counted{DropICMP: 1}, nil},
		{"an error to us", in(outside, lcoretest.ICMPError(ip("172.16.0.1"), ip("10.0.0.1"), 3, 1, 0,
			fromClient("10.0.0.1:80", alice, "A"), fromGateway)), counted{DropICMP: 1}, nil},
	}},
	{"nobody listens", with(kernel, web(0)), []step{
		{
			"SYN to another port of the VIP", in(outside, fromClient(alice, "10.0.0.1:81", "S", lcoretest.Seq(41, 0))),
			counted{AnswerReset: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 tcp 81>20001 RA seq 0 ack 42 ttl 64 csum ok"},
		},
		{
			"data to our own address", in(outside, fromClient(alice, "10.8.0.1:80", "PA", lcoretest.Seq(41, 50), data(9))),
			counted{AnswerReset: 1},
			sent{"0: 10.8.0.1 > 172.16.0.1 tcp 80>20001 R seq 50 ttl 64 csum ok"},
		},
		{
			"a datagram to our own address", in(inside, answered(1, "10.9.0.11:9", "10.9.0.1:53")),
			counted{AnswerUnreachable: 1},
			sent{"1: 10.9.0.1 > 10.9.0.11 icmp 3/3 (10.9.0.11 > 10.9.0.1 udp 9>53 csum ok) ttl 64 csum ok"},
		},
		{"a damaged SYN", in(outside, damaged(fromClient(alice, "10.0.0.1:81", "S"), 50)), counted{DropNoAnswer: 1}, nil},
	}},
	{"answer_rate", with(Settings{AnswerRate: 2}, web(0)), []step{
		{
			"three in one second", in(outside, fromClient(alice, "10.0.0.1:81", "S"), datagram(alice, "10.0.0.1:82"), fromClient(bob, "10.0.0.1:83", "S")),
			counted{AnswerReset: 1, AnswerUnreachable: 1, DropAnswerRate: 1},
			sent{
				"0: 10.0.0.1 > 172.16.0.1 tcp 81>20001 RA seq 0 ack 2 ttl 64 csum ok",
				"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 udp 20001>82 csum ok) ttl 64 csum ok",
			},
		},
		{
			"ARP is not counted among them", in(outside, lcoretest.ARPRequest(neighborMAC, ip("10.8.0.9"), ip("10.0.0.1"))),
			counted{AnswerARP: 1},
			sent{"0: arp 10.0.0.1 is at 02:00:00:00:08:01, to 10.8.0.9 at 02:00:00:00:08:09"},
		},
		{"echo is", in(outside, lcoretest.Echo(ip("172.16.0.1"), ip("10.0.0.1"), 1, 1, fromGateway)), counted{DropAnswerRate: 1}, nil},
		{"a second later", func(r *rig) {
			r.pass(time.Second)
			in(outside, fromClient(bob, "10.0.0.1:83", "S"))(r)
		}, counted{AnswerReset: 1}, sent{"0: 10.0.0.1 > 172.16.0.2 tcp 83>20001 RA seq 0 ack 2 ttl 64 csum ok"}},
	}},
}
