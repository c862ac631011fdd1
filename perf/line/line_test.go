package line

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"cleat/cgo/eal/ealtest"
	"cleat/lcore"
	"cleat/lcore/burst"
	"cleat/lcore/lcoretest"

	"cleat/perf/bed"
	"cleat/perf/director"
	"cleat/perf/gen"
)

// The CPUs of worker and tester, looked at before a line keeps the test itself off one of them.
var worker, tester = bed.LastCPU(), bed.FirstCPU()

func TestMain(m *testing.M) {
	if os.Geteuid() != 0 || worker == tester {
		return // DPDK needs root, and a line two CPUs
	}
	os.Exit(ealtest.Run(m))
}

// options are those of a small line for a load that a busy machine gets through as well.
func options(change func(*director.Setup)) Options {
	l := gen.DefaultLoad()
	l.Targets, l.Clients, l.Flows, l.Slack = []string{"192.0.2.10:80"}, []string{"100.64.0.0/25"}, 1024, time.Second
	o := Options{
		Director: director.Setup{Load: &l, Servers: 4, Forward: "nat", Scheduler: "rr", Persistence: l.Persistence, Connections: 4096},
		Room:     512, Worker: worker, Tester: tester,
	}
	change(&o.Director)
	return o
}

// TestLine: what is offered comes back, through DPDK's ports, again and again and by every forwarding method.
func TestLine(t *testing.T) {
	for _, forward := range []string{"nat", "dr", "tun"} {
		l, err := New(options(func(s *director.Setup) { s.Forward = forward }))
		if err != nil {
			t.Fatal(err)
		}
		before := l.Counters()
		for _, unit := range []string{"packets", "connections"} {
			load := *l.Director.Load
			if load.Unit = unit; unit == "connections" {
				load.Requests = 1
			}
			b, err := l.Bench(&load)
			if err != nil {
				t.Fatal(err)
			}
			o, err := b.Run(t.Context(), 5000, 100*time.Millisecond)
			if err != nil || o.Sent+o.Late != 500 || o.Lost+o.Violations+o.Foreign != 0 || o.Sent == 0 {
				t.Errorf("%s, %s: %+v, %v", forward, unit, o, err)
			}
			b.Close()
		}
		if after := l.Counters(); PollGap(&before, &after) == 0 {
			t.Errorf("%s: no poll gap in all the time", forward)
		}
		if err := l.Close(); err != nil {
			t.Errorf("%s: %v", forward, err)
		}
	}
}

func TestMistakes(t *testing.T) {
	if _, err := New(options(func(s *director.Setup) { s.Forward = "fast" })); err == nil || !strings.HasPrefix(err.Error(), "forward: ") {
		t.Errorf("%v", err)
	}
	l, err := New(options(func(*director.Setup) {}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := l.Bench(&gen.Load{}); err == nil {
		t.Error("a load without anything was taken")
	}
	b, err := l.Bench(l.Director.Load)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Run(ctx, 1000, time.Second); err == nil {
		t.Error("a trial was made after its end")
	}
	for _, n := range []int{-1, 0, 32, 63, 100, 1 << 17} {
		if CheckRoom(n) == nil {
			t.Errorf("a ring of %d", n)
		}
	}
	if err := CheckRoom(4096); err != nil {
		t.Error(err)
	}
}

// narrow takes a few packets and no more.
type narrow struct {
	burst.Queue
	room int
}

func (n *narrow) Transmit(p []burst.Packet) int {
	took := min(n.room, len(p))
	n.room -= took
	return took
}

// TestWire: a wire never waits, and keeps nothing.
func TestWire(t *testing.T) {
	packets := lcoretest.NewPool(t, 64)
	w := &wire{Queue: &narrow{room: 3}, pool: packets}
	p := make([]burst.Packet, 5)
	if !packets.Alloc(p) {
		t.Fatal("no packets")
	}
	if n := w.Transmit(p); n != 5 {
		t.Errorf("took %d of 5", n)
	}
	packets.Free(p[:3]) // those that the port took; the pool's test says if another one was freed or not
}

func TestPollGap(t *testing.T) {
	var before, after lcore.Counters
	before.Gaps[9], after.Gaps[9] = 7, 7
	after.Gaps[3] = 1
	if got := PollGap(&before, &after); got != 8*time.Microsecond {
		t.Errorf("%v, want 8µs", got)
	}
	if got := PollGap(&after, &after); got != 0 {
		t.Errorf("%v where nothing was counted", got)
	}
}
