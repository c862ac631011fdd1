package lcore

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/lcore/lcoretest"
)

// TestCounters: C2.1: IP lengths, both directions, per server and service; templates are no connections (P3.1); and what became of a connection's state.
func TestCounters(t *testing.T) {
	r := newRig(t, with(kernel, resolver(), web(300*second)))
	const slot, service = 4, 1 // 10.9.0.13, web
	none := RealCounters{}
	for _, s := range []struct {
		what    string
		act     act
		real    RealCounters
		virtual VirtualCounters
	}{
		{
			"SYN", fromAlice("S"),
			RealCounters{Connections: 1, InPackets: 1, InBytes: 40, Active: 1, Templates: 1},
			VirtualCounters{Connections: 1, InPackets: 1, InBytes: 40},
		},
		{
			"SYN+ACK with an option", in(inside, fromServer(3, "10.9.0.13:80", alice, "SA", lcoretest.MSS(1460))),
			RealCounters{Connections: 1, InPackets: 1, InBytes: 40, OutPackets: 1, OutBytes: 44, Active: 1, Templates: 1},
			VirtualCounters{Connections: 1, InPackets: 1, InBytes: 40, OutPackets: 1, OutBytes: 44},
		},
		{
			"data", in(outside, fromClient(alice, vip80, "PA", data(1000))),
			RealCounters{Connections: 1, InPackets: 2, InBytes: 1080, OutPackets: 1, OutBytes: 44, Active: 1, Templates: 1},
			VirtualCounters{Connections: 1, InPackets: 2, InBytes: 1080, OutPackets: 1, OutBytes: 44},
		},
		{
			"FIN", fromAlice("FA"),
			RealCounters{Connections: 1, InPackets: 3, InBytes: 1120, OutPackets: 1, OutBytes: 44, Inactive: 1, Templates: 1},
			VirtualCounters{Connections: 1, InPackets: 3, InBytes: 1120, OutPackets: 1, OutBytes: 44},
		},
		{
			"what is for nobody counts for nobody", in(outside, fromClient(bob, vip80, "A"), fromClient(bob, "10.0.0.1:81", "S")),
			RealCounters{Connections: 1, InPackets: 3, InBytes: 1120, OutPackets: 1, OutBytes: 44, Inactive: 1, Templates: 1},
			VirtualCounters{Connections: 1, InPackets: 3, InBytes: 1120, OutPackets: 1, OutBytes: 44},
		},
		{
			"a second connection under the template", in(outside, fromClient("172.16.0.1:20002", vip80, "S")),
			RealCounters{Connections: 2, InPackets: 4, InBytes: 1160, OutPackets: 1, OutBytes: 44, Active: 1, Inactive: 1, Templates: 1},
			VirtualCounters{Connections: 2, InPackets: 4, InBytes: 1160, OutPackets: 1, OutBytes: 44},
		},
		{
			"all is over", wait(301 * second),
			RealCounters{Connections: 2, InPackets: 4, InBytes: 1160, OutPackets: 1, OutBytes: 44},
			VirtualCounters{Connections: 2, InPackets: 4, InBytes: 1160, OutPackets: 1, OutBytes: 44},
		},
	} {
		s.act(r)
		r.turn()
		r.workers[0].publish()
		if diff := cmp.Diff(s.real, r.workers[0].Real(slot)); diff != "" {
			t.Errorf("%s: real server (-want +got):\n%s", s.what, diff)
		}
		if diff := cmp.Diff(s.virtual, r.workers[0].Virtual(service)); diff != "" {
			t.Errorf("%s: service (-want +got):\n%s", s.what, diff)
		}
		for _, other := range []uint32{0, 1, 2, 3} {
			if got := r.workers[0].Real(other); got != none {
				t.Errorf("%s: server in slot %d has %+v", s.what, other, got)
			}
		}
	}
}

// TestGoneServerCounts: C2.1: nothing for a server that is not available.
func TestGoneServerCounts(t *testing.T) {
	r := newRig(t, with(kernel, web(0)))
	establish(alice, 3)(r)
	r.change(with(kernel, balanced("rr", "10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80 1 gone")))
	acts(fromAlice("A"), fromWeb("A"))(r)
	r.workers[0].publish()
	if got := r.workers[0].Real(2); got.InPackets != 2 || got.OutPackets != 1 {
		t.Errorf("%+v, want 2 packets in and 1 out", got)
	}
}

// TestPublication: what happened is published within a millisecond, by turns alone.
func TestPublication(t *testing.T) {
	r := newRig(t, with(kernel, web(hour)))
	w := r.workers[0]
	establish(alice, 3)(r)
	r.now += time.Millisecond
	r.turn()
	c := w.Counters()
	if c.Received != 3 || c.Transmitted != 3 || c.Connections != 1 || c.Templates != 1 || c.Verdicts[ForwardInput] != 2 || c.Verdicts[ForwardOutput] != 1 {
		t.Errorf("%+v", c)
	}
	if got := w.Real(2); got.Connections != 1 || got.Active != 1 || got.Templates != 1 {
		t.Errorf("server: %+v", got)
	}
	if got := w.Virtual(0); got.Connections != 1 || got.InPackets != 2 || got.OutPackets != 1 {
		t.Errorf("service: %+v", got)
	}
	if templates, connections := w.Capacities(); templates != 1024 || connections != 1024 {
		t.Errorf("capacities %d and %d", templates, connections)
	}
}

func TestAdd(t *testing.T) {
	a, b := RealCounters{1, 2, 3, 4, 5, 6, 7, 8, 9}, VirtualCounters{1, 2, 3, 4, 5}
	a.Add(RealCounters{10, 20, 30, 40, 50, 60, 70, 80, 90})
	b.Add(VirtualCounters{10, 20, 30, 40, 50})
	if a != (RealCounters{11, 22, 33, 44, 55, 66, 77, 88, 99}) || b != (VirtualCounters{11, 22, 33, 44, 55}) {
		t.Errorf("%+v %+v", a, b)
	}
}

// TestGaps: every turn's distance from the one before is in the histogram.
func TestGaps(t *testing.T) {
	r := newRig(t, with(kernel))
	for _, gap := range []time.Duration{0, 999, 1000, 1999, 2 * time.Microsecond, time.Second, time.Hour} {
		r.now += gap
		r.workers[0].Turn()
	}
	c := r.counters()
	want := [GapBuckets]uint64{0: 2, 1: 2, 2: 1, 20: 1, GapBuckets - 1: 1}
	if c.Gaps != want || c.GapMax != uint64(time.Hour) || c.GapSum != uint64(time.Hour+time.Second+5998) || c.Turns != 7 {
		t.Errorf("%v, longest %d, sum %d, %d turns", c.Gaps, c.GapMax, c.GapSum, c.Turns)
	}
}

// TestLinkAddresses: whose frame it is that leaves, and that it has no padding.
func TestLinkAddresses(t *testing.T) {
	r := newRig(t, with(kernel, web(0)))
	for _, s := range []struct {
		what string
		act  act
		port int
		want string
	}{
		{"to the real server", fromAlice("S"), inside, "54: 02:00:00:00:09:01 > 02:00:00:00:09:0d"},
		{"back to the client, through the gateway", fromWeb("SA"), outside, "54: 02:00:00:00:08:01 > 02:00:00:00:08:02"},
		{"routed", in(outside, fromClient(alice, "10.9.0.12:22", "S")), inside, "54: 02:00:00:00:09:01 > 02:00:00:00:09:0c"},
		{"RST", in(outside, fromClient(alice, "10.0.0.1:81", "S")), outside, "54: 02:00:00:00:08:01 > 02:00:00:00:08:02"},
		{"ICMP error", in(inside, answered(1, "10.9.0.11:9", "10.9.0.1:9")), inside, "70: 02:00:00:00:09:01 > 02:00:00:00:09:0b"},
		{"ARP", in(outside, lcoretest.ARPRequest(neighborMAC, ip("10.8.0.9"), ip("10.8.0.1"))), outside, "60: 02:00:00:00:08:01 > 02:00:00:00:08:09"},
		{"after waiting", acts(in(outside, toUnknown(9)), learn(inside, "10.9.0.9", serverMAC(9))), inside, "42: 02:00:00:00:09:01 > 02:00:00:00:09:13"},
	} {
		s.act(r)
		r.turn()
		frames := r.ports[s.port].Sent()
		if len(frames) != 1 {
			t.Fatalf("%s: %d frames", s.what, len(frames))
		}
		if got := fmt.Sprintf("%d: %s", len(frames[0]), lcoretest.DescribeLink(frames[0])); got != s.want {
			t.Errorf("%s: %s, want %s", s.what, got, s.want)
		}
	}
}

// TestNeighborNews: what management hears from workers: who asked, who answered, and who is to be asked, once for three packets.
func TestNeighborNews(t *testing.T) {
	r := newRig(t, with(kernel))
	r.send(outside, lcoretest.ARPRequest(neighborMAC, ip("10.8.0.9"), ip("10.8.0.1")), arpAnswer(), toUnknown(1), toUnknown(2), toUnknown(3), toUnknown(4))
	news := make([]Neighbor, 9)
	news = news[:r.workers[0].Neighbors(news)]
	want := []Neighbor{
		{Port: outside, Addr: addr("10.8.0.9"), MAC: neighborMAC},
		{Port: inside, Addr: addr("10.9.0.9")},
		{Port: outside, Reply: true, Addr: addr("10.8.0.9"), MAC: neighborMAC},
	}
	if diff := cmp.Diff(want, news); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
