package lcore

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/lcore/flow"
)

// ops is resolver with one-packet scheduling and three servers.
func ops(persist time.Duration) wish {
	return wish{proto: flow.UDP, vip: "10.0.0.1:53", onePacket: true, persist: persist, servers: []string{"10.9.0.11:53", "10.9.0.12:53", "10.9.0.13:53"}}
}

// onePacketFixtures: services.md S4; what the kernel did in scenario b26-ops-udp-nat.
var onePacketFixtures = []fixture{
	{"one-packet scheduling", with(kernel, ops(0)), []step{
		{
			"four datagrams of one flow, in one burst", in(outside, datagram(alice, "10.0.0.1:53"), datagram(alice, "10.0.0.1:53"), datagram(alice, "10.0.0.1:53"), datagram(alice, "10.0.0.1:53")),
			counted{ForwardInput: 4},
			sent{
				"1: 172.16.0.1 > 10.9.0.13 udp 20001>53 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.12 udp 20001>53 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.11 udp 20001>53 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.13 udp 20001>53 ttl 63 csum ok",
			},
		},
		{"C6.2: an answer is routed as it is", in(inside, answered(3, "10.9.0.13:53", alice)), counted{Route: 1}, sent{"0: 10.9.0.13 > 172.16.0.1 udp 53>20001 ttl 63 csum ok"}},
	}},
	{"one-packet scheduling needs no room", wishes{settings: kernel, size: 1, services: []wish{ops(0), web(0)}}, []step{
		{
			"a connection fills the table, datagrams pass", in(outside, fromClient(alice, vip80, "S"), datagram(alice, "10.0.0.1:53"), datagram(alice, "10.0.0.1:53")),
			counted{ForwardInput: 3},
			sent{
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.13 udp 20001>53 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.12 udp 20001>53 ttl 63 csum ok",
			},
		},
	}},
}

// TestOnePacketCounts: every datagram is a connection of its server, none is left; scenario b26-ops-udp-nat.
func TestOnePacketCounts(t *testing.T) {
	r := newRig(t, with(kernel, ops(0)))
	for range 4 {
		r.send(outside, datagram(alice, "10.0.0.1:53"))
	}
	r.workers[0].publish()
	want := []RealCounters{
		{Connections: 1, InPackets: 1, InBytes: 28}, {Connections: 1, InPackets: 1, InBytes: 28}, {Connections: 2, InPackets: 2, InBytes: 56},
	}
	for slot := range want {
		if diff := cmp.Diff(want[slot], r.workers[0].Real(uint32(slot))); diff != "" {
			t.Errorf("server %d (-want +got):\n%s", slot+1, diff)
		}
	}
	if n := r.counters().Connections; n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// TestOnePacketUnderTemplate: P4.3: each datagram goes to the remembered server and restarts the timer; the state stays NONE; scenario b27-ops-udp-persistent.
func TestOnePacketUnderTemplate(t *testing.T) {
	ask := in(outside, datagram("172.16.0.1:5000", "10.0.0.1:53"))
	timeline(t, with(kernel, ops(60*second)), []moment{
		{0, acts(ask, ask, in(outside, datagram("172.16.0.2:5000", "10.0.0.1:53"))), []string{
			"UDP 00:59 NONE 172.16.0.1:0 10.0.0.1:53 10.9.0.13:53", "UDP 00:59 NONE 172.16.0.2:0 10.0.0.1:53 10.9.0.12:53",
		}},
		{30 * second, acts(ask, in(inside, answered(3, "10.9.0.13:53", "172.16.0.1:5000"))), []string{
			"UDP 00:29 NONE 172.16.0.2:0 10.0.0.1:53 10.9.0.12:53", "UDP 00:59 NONE 172.16.0.1:0 10.0.0.1:53 10.9.0.13:53",
		}},
		{75 * second, nil, []string{"UDP 00:14 NONE 172.16.0.1:0 10.0.0.1:53 10.9.0.13:53"}},
		{95 * second, nil, nil},
	})
}
