package director

import (
	"context"
	"testing"
	"time"

	"cleat/lcore"
	"cleat/lcore/burst"
	"cleat/lcore/conn"
	"cleat/lcore/lcoretest"
	"cleat/lcore/memory"
	"cleat/lcore/wheel"

	"cleat/perf/gen"
	"cleat/perf/reflect"
	"cleat/perf/trial"
)

// cable joins two ports in memory.
type cable [2]*lcoretest.Port

func newCable(packets *lcoretest.Pool) cable {
	return cable{lcoretest.NewPort(packets, 1), lcoretest.NewPort(packets, 1)}
}

// carry takes what each end sent to the other one.
func (c cable) carry() {
	for i, p := range c {
		c[1-i].Inject(0, p.Sent()...)
	}
}

// step is the time between two turns of everybody.
const step = 50 * time.Microsecond

// try runs a trial through a worker in memory, and checks that every packet is in a counter of the worker's.
func try(t *testing.T, s *Setup, rate float64) (trial.Outcome, reflect.Counts) {
	now := time.Hour
	clock := func() time.Duration { return now }
	packets := lcoretest.NewPool(t, 4096)
	near, far, past := newCable(packets), newCable(packets), newCable(packets)
	far[0].Number = Inside
	w, err := s.New([2]burst.Queue{near[1].Queue(0), far[0].Queue(0)}, packets, memory.Heap, clock)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gen.New(s.Load, s.Link(), []burst.Queue{near[0].Queue(0), past[1].Queue(0)}, packets, clock)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	r := reflect.New(s.Reflector(), []burst.Queue{far[1].Queue(0), past[0].Queue(0)}, packets, clock)
	b := &gen.Bench{Generator: g, Beside: func() {
		for _, work := range []func() int{w.Turn, r.Turn, w.Turn} {
			for _, c := range []cable{near, far, past} {
				c.carry()
			}
			for work() != 0 {
			}
		}
		near.carry()
		past.carry()
		now += step
	}}
	o, err := b.Run(context.Background(), rate, time.Duration(2000/rate*float64(time.Second)))
	if err != nil {
		t.Fatal(err)
	}
	w.Drain()
	conserved(t, w)
	return o, r.Counts()
}

func conserved(t *testing.T, w *lcore.Worker) {
	t.Helper()
	c := w.Counters()
	if n := c.Unaccounted(); n != 0 {
		t.Errorf("%d packets are in no counter", n)
	}
	for _, v := range lcore.Verdicts() {
		if n := c.Verdicts[v]; n != 0 && v.Drop() {
			t.Errorf("the worker dropped %d: %v", n, v)
		}
	}
}

// setup is one with persistence, changed.
func setup(change func(*Setup)) *Setup {
	l := gen.DefaultLoad()
	l.Targets, l.Clients, l.Unit, l.Requests, l.Flows = []string{"192.0.2.10:80"}, []string{"100.64.0.0/25"}, "connections", 2, 2048
	s := &Setup{Load: &l, Servers: 4, Forward: "nat", Scheduler: "rr", Persistence: l.Persistence, Connections: 4096}
	change(s)
	return s
}

// TestClean: through the real data path nothing is lost, and persistence holds every client to its server.
func TestClean(t *testing.T) {
	kinds := map[string]func(*gen.Load){
		"tcp connections": func(*gen.Load) {},
		"tcp packets":     func(l *gen.Load) { l.Unit, l.Requests = "packets", 0 },
		"udp":             func(l *gen.Load) { l.Proto, l.Unit, l.Requests = "udp", "packets", 0 },
		"IPv6": func(l *gen.Load) {
			l.Targets, l.Clients, l.Sizes = []string{"[2001:db8::10]:80"}, []string{"fd16::/57"}, "84"
		},
		"imix":         func(l *gen.Load) { l.Sizes = "64x7 594x4 1400" }, // a tunnel has to fit
		"wide netmask": func(l *gen.Load) { l.Netmask = 28 },
		"two services": func(l *gen.Load) { l.Targets = append(l.Targets, "192.0.2.11:443") },
		"flood":        func(l *gen.Load) { l.Flood, l.FloodFrom = 5000, []string{"198.18.0.0/20"} },
	}
	for name, change := range kinds {
		for forward := range forwards {
			t.Run(name+" by "+forward, func(t *testing.T) {
				s := setup(func(s *Setup) { s.Forward = forward; change(s.Load) })
				o, r := try(t, s, 1e5)
				if o.Sent != 2000 || o.Lost != 0 || o.Late != 0 || o.Reordered+o.Duplicated+o.Foreign+o.Violations != 0 {
					t.Errorf("%+v; want 2000 sent and received, and nothing else", o)
				}
				if r.Foreign != 0 || r.Overrun != 0 || r.Answered < 2000 {
					t.Errorf("real servers: %+v", r)
				}
			})
		}
	}
}

// TestUnfaithful: without persistence, round robin gives a client another server each time, and that is seen.
func TestUnfaithful(t *testing.T) {
	for forward := range forwards {
		s := setup(func(s *Setup) { s.Forward, s.Persistence, s.Load.Flows = forward, 0, 127 })
		// One flow a client: 127 of them take turns, and 127 is no multiple of 4 servers.
		o, _ := try(t, s, 1e5)
		if want := uint64(2000 - 127); o.Violations != want || o.Lost != 0 {
			t.Errorf("%s: %d violations, %d lost; want %d, 0", forward, o.Violations, o.Lost, want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for want, change := range map[string]func(*Setup){
		`forward: "fast": must be nat, dr or tun`:                          func(s *Setup) { s.Forward = "fast" },
		`servers: 0: must be 1 to 200`:                                     func(s *Setup) { s.Servers = 0 },
		`connections: 0: must be at least 1`:                               func(s *Setup) { s.Connections = 0 },
		`closed: -1s: must not be less than 0`:                             func(s *Setup) { s.Closed = -time.Second },
		`targets: "here": must be an address and a port, like 10.0.0.1:80`: func(s *Setup) { s.Load.Targets = []string{"here"} },
		`clients: "everybody": must be a network, like 100.64.0.0/16`:      func(s *Setup) { s.Load.Clients = []string{"everybody"} },
	} {
		if _, err := setup(change).New([2]burst.Queue{}, nil, memory.Heap, nil); err == nil || err.Error() != want {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

// TestClosed: only what is over ends sooner.
func TestClosed(t *testing.T) {
	if got := (&Setup{}).timeouts(); got != conn.DefaultTimeouts() {
		t.Errorf("%v where nothing was asked for", got)
	}
	got, want := (&Setup{Closed: time.Second}).timeouts(), conn.DefaultTimeouts()
	if got[conn.TimeWait] != wheel.Second || got[conn.FinWait] != wheel.Second || got[conn.Established] != want[conn.Established] || got[conn.SynRecv] != want[conn.SynRecv] {
		t.Errorf("%v", got)
	}
}
