package lcore

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"cleat/lcore/conn"
	"cleat/lcore/template"
)

// run lets the workers of a rig run by themselves, the clock at the given multiple of time, and stops them at the end of the test.
func (r *rig) run(speed time.Duration) (stop func()) {
	var running sync.WaitGroup
	begin := time.Now()
	for _, w := range r.workers {
		base := r.now
		w.Clock = func() time.Duration { return base + speed*time.Since(begin) + time.Duration(r.ahead.Load()) }
		w.Idle = Idle{After: 10, Sleep: 50 * time.Microsecond}
		running.Add(1)
		go func() {
			defer running.Done()
			w.Run()
		}()
	}
	stop = sync.OnceFunc(func() {
		for _, w := range r.workers {
			w.Stop()
		}
		running.Wait()
	})
	r.t.Cleanup(stop)
	return stop
}

// TestWalks lists the tables of running workers while connections come and go: each entry that lives throughout is in every list, once.
func TestWalks(t *testing.T) {
	const lasting = 1500 // more than three steps of a walk
	r := newRig(t, wishes{settings: kernel, workers: 2, size: 4096, services: []wish{web(10 * second)}})
	stay := map[netip.AddrPort]bool{}
	for i := range lasting {
		client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{172, 16, byte(i / 250), byte(i%250 + 1)}), 7)
		stay[client] = true
		r.ports[outside].Inject(i%2, fromClient(client.String(), vip80, "SA"), fromClient(client.String(), vip80, "A"))
		r.turn()
	}
	r.sent()
	stop := r.run(100) // CLOSE and a template take 0.1 s, an established connection 9 s
	over := make(chan struct{})
	var churn sync.WaitGroup
	churn.Add(1)
	go func() {
		defer churn.Done()
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			default:
			}
			client := fmt.Sprintf("172.20.%d.%d:9", i/250%250, i%250+1)
			r.ports[outside].Inject(i%2, fromClient(client, vip80, "S"), fromClient(client, vip80, "A"), fromClient(client, vip80, "R"))
			if i%10 == 0 {
				r.ports[inside].Take()
				time.Sleep(time.Millisecond)
			}
		}
	}()
	deadline := time.Now().Add(500 * time.Millisecond)
	for walks := 0; walks < 3 || time.Now().Before(deadline); walks++ {
		seen, bound := map[netip.AddrPort]int{}, map[netip.Addr]int{}
		for _, w := range r.workers {
			walkAll(t, w.Connections, func(e *conn.Row) {
				a, port := e.Client()
				seen[netip.AddrPortFrom(a.Netip(), port)]++
			})
			walkAll(t, w.Templates, func(e *template.Row) { bound[e.Key.Client.Netip()]++ })
			w.Real(0)
			w.Virtual(0)
			if c := w.Counters(); c.Unaccounted() != 0 {
				t.Errorf("%d packets unaccounted", c.Unaccounted())
			}
		}
		for client := range stay {
			if seen[client] != 1 || bound[client.Addr()] != 1 {
				t.Fatalf("walk %d: %v is listed %d times, its template %d times", walks, client, seen[client], bound[client.Addr()])
			}
		}
	}
	close(over)
	churn.Wait()
	stop()
	if c := r.counters(); c.ConnectionExpiries == 0 || c.ConnectionInserts < lasting+100 {
		t.Errorf("too little came and went: %d made, %d ended", c.ConnectionInserts, c.ConnectionExpiries)
	}
}

// walkAll visits all that a walk finds, in steps of few rows.
func walkAll[E any](t *testing.T, walk func(uint32, []Row[E]) (int, uint32, error), visit func(*E)) {
	t.Helper()
	rows := make([]Row[E], 100)
	for from := uint32(0); ; {
		n, next, err := walk(from, rows)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows[:n] {
			visit(&rows[i].Entry)
		}
		if from = next; next == 0 {
			return
		}
	}
}

// TestWalkTellsTimeLeft: in ticks.
func TestWalkTellsTimeLeft(t *testing.T) {
	r := newRig(t, with(kernel, web(300*second)))
	establish(alice, 3)(r)
	r.pass(100 * second)
	r.while(func() error {
		rows := make([]Row[conn.Row], 2)
		n, next, err := r.workers[0].Connections(0, rows)
		if n != 1 || next != 0 || rows[0].Left != 800*250 {
			t.Errorf("%d connections, next %d, %d ticks left of the first", n, next, rows[0].Left)
		}
		return err
	})
	r.while(func() error {
		rows := make([]Row[template.Row], 2)
		n, next, err := r.workers[0].Templates(0, rows)
		if n != 1 || next != 0 || rows[0].Left != 200*250 {
			t.Errorf("%d templates, next %d, %d ticks left of the first", n, next, rows[0].Left)
		}
		return err
	})
}

// TestStopped: what management asks of a worker that has stopped is refused, and what the worker had is given back.
func TestStopped(t *testing.T) {
	r := newRig(t, with(kernel, web(0)))
	stop := r.run(1)
	if err := r.workers[0].Do(func() bool { return true }); err != nil {
		t.Errorf("of a running worker: %v", err)
	}
	stop()
	if err := r.workers[0].Do(func() bool { return true }); !errors.Is(err, ErrStopped) {
		t.Errorf("of one that has stopped: %v, want %v", err, ErrStopped)
	}
}

// TestBusyWorkers: two and four workers, every packet at a queue that chance picks: nothing is lost or left unaccounted, and a
// connection's packets all go to one server.
func TestBusyWorkers(t *testing.T) {
	for _, workers := range []int{2, 4} {
		r := newRig(t, wishes{settings: kernel, workers: workers, size: 4096, services: []wish{web(hour)}})
		const clients, segments = 200, 6
		for i := range clients * segments {
			client, flags := fmt.Sprintf("172.16.0.%d:9", i%clients+1), "A"
			if i < clients {
				flags = "S"
			}
			r.ports[outside].Inject(i*7%workers, fromClient(client, vip80, flags))
			if i%50 == 49 {
				r.turn()
			}
		}
		r.turn()
		server := map[string]string{}
		for _, line := range r.sent() {
			var port, from, to string
			if _, err := fmt.Sscanf(line, "%s %s > %s", &port, &from, &to); err != nil || port != "1:" {
				t.Fatalf("%d workers: sent %q", workers, line)
			}
			if before, known := server[from]; known && before != to {
				t.Errorf("%d workers: %s went to %s and to %s", workers, from, before, to)
			}
			server[from] = to
		}
		c := r.counters()
		if c.Received != clients*segments || c.Transmitted != clients*segments || c.Verdicts[ForwardInput] != clients*segments || c.Connections != clients {
			t.Errorf("%d workers: %d received, %d transmitted, %d connections", workers, c.Received, c.Transmitted, c.Connections)
		}
		if c.Taken == 0 || c.Taken != c.Verdicts[HandedOver] {
			t.Errorf("%d workers: %d handed over, %d taken", workers, c.Verdicts[HandedOver], c.Taken)
		}
		r.conserve()
	}
}
