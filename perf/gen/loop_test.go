package gen

import (
	"testing"
	"time"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"

	"cleat/perf/host"
	"cleat/perf/reflect"
)

// loop is a generator whose port is a reflector, on one heap of buffers and without a copy: what both cost, and nothing else.
type loop struct {
	*Generator
	reflector *reflect.Reflector
	now       time.Duration
	// out are packets on their way to the reflector, back those on their way to the generator.
	out, back []burst.Packet
	buffers   []burst.Packet // that nobody holds
}

// end is one side's queue.
type end struct{ in, out *[]burst.Packet }

func (e end) Receive(p []burst.Packet) int {
	n := copy(p, *e.in)
	*e.in = (*e.in)[:copy(*e.in, (*e.in)[n:])]
	return n
}

func (e end) Transmit(p []burst.Packet) int {
	*e.out = append(*e.out, p...)
	return len(p)
}

// Alloc implements burst.Pool.
func (l *loop) Alloc(p []burst.Packet) bool {
	left := len(l.buffers) - len(p)
	if left < 0 {
		return false
	}
	for i := range p {
		p[i] = burst.Packet{Data: l.buffers[left+i].Data[:0], Segments: 1}
	}
	l.buffers = l.buffers[:left]
	return true
}

// Free implements burst.Pool.
func (l *loop) Free(p []burst.Packet) { l.buffers = append(l.buffers, p...) }

func newLoop(load *Load) (*loop, error) {
	const n = 2048
	l := &loop{now: time.Hour, out: make([]burst.Packet, 0, n), back: make([]burst.Packet, 0, n), buffers: make([]burst.Packet, 0, n)}
	for range n {
		l.buffers = append(l.buffers, burst.Packet{Data: make([]byte, 0, 2048)})
	}
	clock := func() time.Duration { return l.now }
	link := Link{MAC: routerMAC, Addrs: []flow.Addr{router4, router6}, Next: [2]host.Next{{MAC: serverMAC}, {MAC: serverMAC}}}
	var err error
	if l.Generator, err = New(load, link, []burst.Queue{end{&l.back, &l.out}}, l, clock); err != nil {
		return nil, err
	}
	c := &reflect.Config{MAC: serverMAC, Servers: make([]reflect.Server, 1), Router: host.Next{MAC: wire.MAC(routerMAC)}}
	for _, t := range l.targets {
		c.VIPs = append(c.VIPs, flow.FromNetip(t.Addr()))
	}
	l.reflector = reflect.New(c, []burst.Queue{end{&l.out, &l.back}}, l, clock)
	return l, nil
}

// turn is one of each.
func (l *loop) turn() {
	l.now += 10 * time.Microsecond
	l.Turn()
	for l.reflector.Turn() != 0 {
	}
}

// BenchmarkTurn is what a question and its answer cost generator and reflector together, ports apart.
func BenchmarkTurn(b *testing.B) {
	// As many a second, and a turn 10 µs later, as the generator can receive answers.
	for name, rate := range map[string]float64{"tcp packets": 3e6, "udp packets, imix": 3e6, "tcp connections": 7e5, "IPv6": 3e6} {
		b.Run(name, func(b *testing.B) {
			l, err := newLoop(loads[name])
			if err != nil {
				b.Fatal(err)
			}
			l.offer(rate, 1000*time.Hour)
			for l.phase != offering {
				l.turn()
			}
			b.ResetTimer()
			for l.counts.Answered < uint64(b.N) {
				l.turn()
			}
		})
	}
}
