package lcore

import (
	"net/netip"
	"testing"
	"time"

	"cleat/lcore/flow"
)

// ofWorker returns n clients that belong to a worker.
func (r *rig) ofWorker(worker, n int) (clients []string) {
	for i := 1; len(clients) < n; i++ {
		c := client(i, 20001)
		if r.workers[0].Steering.Worker(flow.FromNetip(netip.MustParseAddrPort(c).Addr())) == worker {
			clients = append(clients, c)
		}
	}
	return clients
}

// TestOverloadEndsWithOthersConnections: a worker without connections to a server learns that the server is free again when the connections of
// another worker have ended (connections.md C9.3).
func TestOverloadEndsWithOthersConnections(t *testing.T) {
	r := newRig(t, wishes{settings: kernel, workers: 2, services: []wish{balanced("rr", "10.9.0.11:80 1 2 1")}})
	a, b := r.ofWorker(0, 1)[0], r.ofWorker(1, 2)
	r.send(outside, fromClient(a, vip80, "S"), fromClient(a, vip80, "A"))
	r.pass(time.Second)
	r.send(outside, fromClient(b[0], vip80, "S"), fromClient(b[0], vip80, "R")) // SYN_RECV, 60 s: the second of two
	r.pass(62 * time.Second)
	before := r.counters()
	r.send(outside, fromClient(a, vip80, "R")) // CLOSE, 10 s
	r.pass(12 * time.Second)
	r.send(outside, fromClient(b[1], vip80, "S"))
	if got := r.counters().ConnectionInserts - before.ConnectionInserts; got != 1 {
		t.Errorf("%d connections to a server that has none, want 1", got)
	}
}

// TestOverloadEndsUnseen: a server that once had few enough connections is free, also if its clients' templates have brought it more before the
// worker that schedules looks (connections.md C9.3, persistence.md P5.5), whichever worker had them.
func TestOverloadEndsUnseen(t *testing.T) {
	for worker := range 2 {
		s := balanced("rr", "10.9.0.11:80 1 3 2")
		s.persist = 300 * time.Second
		r := newRig(t, wishes{settings: kernel, workers: 2, scope: ServiceScope, services: []wish{s}})
		clients := r.ofWorker(worker, 3)
		served := func(from string, ports ...int) (n uint64) {
			t.Helper()
			before := r.counters().ConnectionInserts
			for _, port := range ports {
				r.send(outside, fromClient(netip.AddrPortFrom(netip.MustParseAddrPort(from).Addr(), uint16(port)).String(), vip80, "S"))
			}
			return r.counters().ConnectionInserts - before
		}
		if served(clients[0], 1, 2, 3) != 3 || served(clients[1], 1) != 0 {
			t.Errorf("worker %d: three of one client, then none of another are wanted", worker)
		}
		r.pass(62 * time.Second) // SYN_RECV, 60 s
		if served(clients[0], 1, 2) != 2 || served(clients[2], 1) != 1 {
			t.Errorf("worker %d: no connection to a server that once had none, and has two", worker)
		}
		if served(clients[1], 1) != 0 {
			t.Errorf("worker %d: a connection to a server that has three", worker)
		}
	}
}
