package lcore

import (
	"fmt"
	"testing"
	"time"

	"cleat/lcore/conn"
	"cleat/lcore/lcoretest"
)

// defended is the kernel's settings with a change.
func defended(change func(*Settings)) Settings {
	s := kernel
	s.AmDropRate, s.Amemthresh = 10, 1024
	change(&s)
	return s
}

// defenceFixtures: drop_packet (C10.5), and what the ICMP settings do (C3, C8 3, F2.3).
var defenceFixtures = []fixture{
	{"drop_packet in mode 3", with(defended(func(s *Settings) { s.DropPacket, s.AmDropRate = always, 2 }), web(0)), []step{
		{"the defences are looked at each second", wait(time.Second), counted{}, nil},
		{"every second SYN, the first one first", in(outside, fromClient(bob, vip80, "S"), fromClient(alice, vip80, "S")), counted{ForwardInput: 1, DropPacketRate: 1}, sent{
			"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok",
		}},
		{"not what belongs to a connection, or to no service", in(outside, fromClient(alice, vip80, "A"), fromClient(alice, vip80, "A"), fromClient(bob, "10.0.0.1:81", "S"), fromClient(bob, "10.0.0.1:81", "S")),
			counted{ForwardInput: 2, AnswerReset: 2}, sent{
				"0: 10.0.0.1 > 172.16.0.2 tcp 81>20001 RA seq 0 ack 2 ttl 64 csum ok", "0: 10.0.0.1 > 172.16.0.2 tcp 81>20001 RA seq 0 ack 2 ttl 64 csum ok",
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok",
			}},
	}},
	{"schedule_icmp", with(defended(func(s *Settings) { s.ScheduleICMP = true }), resolver(), wish{proto: resolver().proto, vip: "10.0.0.1:54"}), []step{
		{
			"an error about what no connection sent opens one", in(outside, lcoretest.ICMPError(ip("10.8.0.7"), ip("10.0.0.1"), 3, 1, 0, datagram("10.0.0.1:53", alice), fromGateway)),
			counted{ForwardInput: 1},
			sent{"1: 10.8.0.7 > 10.9.0.12 icmp 3/1 (10.9.0.12 > 172.16.0.1 udp 53>20001 csum ok) ttl 63 csum ok"},
		},
		{"which the client's datagrams belong to", in(outside, datagram(alice, "10.0.0.1:53")), counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.12 udp 20001>53 ttl 63 csum ok"}},
		{"C8 3: without a server it is dropped", in(outside, lcoretest.ICMPError(ip("10.8.0.7"), ip("10.0.0.1"), 3, 1, 0, datagram("10.0.0.1:54", alice), fromGateway)), counted{DropICMP: 1}, nil},
	}},
	{"nat_icmp_send", wishes{
		settings: defended(func(s *Settings) { s.NATICMPSend = true }),
		services: []wish{web(0), {mark: 7, servers: []string{"10.9.0.12:9000"}}},
	}, []step{
		{
			"a server's segment without a connection", in(inside, fromServer(1, "10.9.0.11:80", alice, "A")),
			counted{AnswerUnreachable: 1},
			sent{"1: 10.9.0.1 > 10.9.0.11 icmp 3/3 (10.9.0.11 > 172.16.0.1 tcp 80>20001 csum ok) ttl 64 csum ok"},
		},
		{
			"a mark's server serves all protocols", in(inside, answered(2, "10.9.0.12:9000", alice)),
			counted{AnswerUnreachable: 1},
			sent{"1: 10.9.0.1 > 10.9.0.12 icmp 3/3 (10.9.0.12 > 172.16.0.1 udp 9000>20001 csum ok) ttl 64 csum ok"},
		},
		{
			"an RST, another port, another protocol", in(inside, fromServer(1, "10.9.0.11:80", alice, "R"), fromServer(1, "10.9.0.11:81", alice, "A"), answered(1, "10.9.0.11:80", alice)),
			counted{Route: 3},
			sent{
				"0: 10.9.0.11 > 172.16.0.1 tcp 80>20001 R seq 1 ttl 63 csum ok", "0: 10.9.0.11 > 172.16.0.1 tcp 81>20001 A seq 1 ack 0 ttl 63 csum ok",
				"0: 10.9.0.11 > 172.16.0.1 udp 80>20001 ttl 63 csum ok",
			},
		},
	}},
}

// TestScheduledByError: C3.5: a connection that an ICMP error opened has a state and 3 seconds, no more.
func TestScheduledByError(t *testing.T) {
	about := lcoretest.ICMPError(ip("10.8.0.7"), ip("10.0.0.1"), 3, 1, 0, fromClient(vip80, alice, "A"), fromGateway)
	timeline(t, with(defended(func(s *Settings) { s.ScheduleICMP = true }), web(0)), []moment{
		{0, in(outside, about), []string{"TCP 00:02 NONE 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80"}},
		{3 * second, nil, nil},
	})
}

// TestDropEntry: C10.3, C10.4, P8.5, P8.6: what ends when, by whom nobody used it.
func TestDropEntry(t *testing.T) {
	dns := wish{proto: resolver().proto, vip: "10.0.0.1:53", persist: hour, servers: []string{"10.9.0.11:53"}}
	dropping := with(defended(func(s *Settings) { s.DropEntry = always }), web(hour), dns)
	opened := acts(establish(alice, 3), in(outside, fromClient(bob, vip80, "S"), datagram(bob, "10.0.0.1:53")))
	timeline(t, with(kernel, web(hour), dns), []moment{
		{0, acts(opened, change(dropping)), []string{
			"TCP 00:59 SYN_RECV 172.16.0.2:20001 10.0.0.1:80 10.9.0.12:80", "TCP 59:59 NONE 172.16.0.2:0 10.0.0.1:80 10.9.0.12:80",
			"TCP 14:59" + kept, "TCP 59:59" + bound,
			"UDP 04:59 UDP 172.16.0.2:20001 10.0.0.1:53 10.9.0.11:53", "UDP 59:59 NONE 172.16.0.2:0 10.0.0.1:53 10.9.0.11:53",
		}},
		{10 * second, nil, []string{ // a handshake that is not over is dropped at the first look, with its template
			"TCP 14:49" + kept, "TCP 59:49" + bound,
			"UDP 04:49 UDP 172.16.0.2:20001 10.0.0.1:53 10.9.0.11:53", "UDP 59:49 NONE 172.16.0.2:0 10.0.0.1:53 10.9.0.11:53",
		}},
		{59 * second, nil, []string{
			"TCP 14:00" + kept, "TCP 59:00" + bound,
			"UDP 04:00 UDP 172.16.0.2:20001 10.0.0.1:53 10.9.0.11:53", "UDP 59:00 NONE 172.16.0.2:0 10.0.0.1:53 10.9.0.11:53",
		}},
		{75 * second, nil, []string{"TCP 58:44" + bound}}, // others when they have been idle for a minute; an assured template stays
	})
}

// TestDropEntryOfManyPackets: C10.4: the first and after that every nth idle connection of n packets ends; none that sent more than 8.
func TestDropEntryOfManyPackets(t *testing.T) {
	for n, want := range map[int]int{1: 0, 2: 6, 3: 8, 8: 10, 9: 12} {
		t.Run(fmt.Sprint(n, " packets"), func(t *testing.T) {
			r := newRig(t, with(defended(func(s *Settings) { s.DropEntry = always }), resolver()))
			for c := range 12 {
				for range n {
					r.send(outside, datagram(client(c, 9), "10.0.0.1:53"))
				}
			}
			r.pass(59 * time.Second)
			before := int(r.counters().Connections)
			r.now += 12 * time.Second // 1/32 of 12 is one a second; less time for the last of them than a second round would take
			for range 12 {
				r.workers[0].defence.judged = 0
				r.turn()
			}
			if got := int(r.counters().Connections); before != 12 || got != want {
				t.Errorf("%d connections, then %d; want 12 and %d", before, got, want)
			}
		})
	}
}

// TestOnePacketTemplatesAreDropped: P8.5: those follow the rule of packets.
func TestOnePacketTemplatesAreDropped(t *testing.T) {
	timeline(t, with(defended(func(s *Settings) { s.DropEntry = always }), ops(hour)), []moment{
		{0, in(outside, datagram(alice, "10.0.0.1:53")), []string{"UDP 59:59 NONE 172.16.0.1:0 10.0.0.1:53 10.9.0.13:53"}},
		{50 * second, nil, []string{"UDP 59:09 NONE 172.16.0.1:0 10.0.0.1:53 10.9.0.13:53"}},
		{62 * second, nil, nil},
	})
}

// TestAutomaticDefence: C10.2, C10.6: modes 1 and 2 are on while less of a table is free than Amemthresh says; how many packets are dropped follows
// from how much less.
func TestAutomaticDefence(t *testing.T) {
	for _, mode := range []int{1, 2} {
		set := defended(func(s *Settings) { s.DropEntry, s.DropPacket, s.SecureTCP, s.Amemthresh = mode, mode, mode, parts/2 })
		r := newRig(t, wishes{settings: set, size: 8, services: []wish{web(0)}})
		d := &r.workers[0].defence
		for c, want := range []struct {
			rate int
			on   bool
		}{{0, false}, {0, false}, {0, false}, {0, false}, {0, false}, {4, true}, {2, true}, {1, true}, {1, true}} { // by used eighths
			if c > 0 {
				d.rate = 0
				r.send(outside, fromClient(client(c, 9), vip80, "S"))
				if used := r.workers[0].conns.Used; used != uint64(c) {
					t.Fatalf("%d connections, want %d", used, c)
				}
			}
			r.workers[0].judge(free(r.workers[0].conns.Used, 8))
			if d.rate != want.rate || d.secure != want.on || (d.left > 0) != want.on {
				t.Errorf("mode %d with %d of 8 used: %+v, want %+v", mode, c, *d, want)
			}
			d.left = 0
		}
	}
}

// TestSecureTCP: C4.6: an ACK does not end the handshake.
func TestSecureTCP(t *testing.T) {
	for mode, want := range map[int]conn.State{0: conn.Established, always: conn.SynRecv} {
		r := newRig(t, with(defended(func(s *Settings) { s.SecureTCP = mode }), web(0)))
		r.pass(time.Second)
		r.send(outside, fromClient(alice, vip80, "S"), fromClient(alice, vip80, "A"))
		if got := r.workers[0].conns.Entries[1].State; got != want {
			t.Errorf("mode %d: %v, want %v", mode, got, want)
		}
	}
}
