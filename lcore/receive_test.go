package lcore

import (
	"testing"
	"time"

	"cleat/lcore/lcoretest"
)

// TestNoSourceStarves: a worker to which others hand over more than it can take still takes from its own queues.
func TestNoSourceStarves(t *testing.T) {
	r := newRig(t, wishes{settings: kernel, workers: 3})
	for n := range 200 {
		for _, peer := range []int{1, 2} { // they never run dry
			p := r.workers[0].peers[peer].from
			for p.Len() < 64 {
				frame := fromClient(client(n, 1), "10.0.0.1:9999", "R")
				r.ports[outside].Inject(peer, frame)
				r.workers[peer].receive()
				if !p.Push(&r.workers[peer].in.packet[0]) {
					t.Fatal("ring full")
				}
			}
		}
		if n == 0 {
			r.ports[inside].Inject(0, lcoretest.ARPRequest(neighborMAC, ip("10.9.0.11"), ip("10.9.0.1")))
		}
		r.workers[0].between(r.workers[0].Turn())
	}
	if n := r.ports[inside].Waiting(); n != 0 {
		t.Errorf("%d packets still wait in a queue", n)
	}
}

// TestEverySourceIsFirst: in turn, of ports, of peers, and of both kinds.
func TestEverySourceIsFirst(t *testing.T) {
	seen := map[order]int{}
	var o order
	for range 2 * 3 * 4 {
		o.next(3, 4)
		seen[o]++
	}
	if len(seen) != 2*3*4 {
		t.Errorf("%d orders, want %d: %v", len(seen), 2*3*4, seen)
	}
}

// TestStartIsNoGap: what lies between a worker's making and its first turn, the start of the ports, is no poll gap.
func TestStartIsNoGap(t *testing.T) {
	r := newRig(t, wishes{settings: kernel})
	r.now += time.Hour
	w := r.workers[0]
	w.Stop()
	w.Run()
	w.Turn()
	if gap := time.Duration(r.counters().GapMax); gap != 0 {
		t.Errorf("longest gap %v", gap)
	}
}
