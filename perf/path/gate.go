package path

import (
	"sync/atomic"
	"time"

	"cleat/cgo/steady"
	"cleat/lcore/burst"

	"cleat/perf/bed"
)

// gate keeps a worker from getting packets while there are too many on their way between workers: a port without end would fill the ring to
// a worker that has not got its core for a moment, and what is measured would be dropping. Who waits sleeps, which takes hardly any CPU time.
type gate struct {
	bed.Source
	own *flight
	all []*flight // none: the gate is always open
}

// flight is how many packets a worker has got less those that it has let go; those of all workers together are on their way. On a cache
// line of its own: one worker writes it, the others read it.
type flight struct {
	_ [64]byte
	n atomic.Int64
	_ [64]byte
}

const (
	// onTheWay is half of what fits into a ring.
	onTheWay = 512
	doze     = 200 * time.Microsecond // less would show: a sleep costs the CPU some 20 µs
)

// Receive implements burst.Queue.
func (g *gate) Receive(p []burst.Packet) int {
	var open int64
	for _, f := range g.all {
		open += f.n.Load()
	}
	if open > onTheWay {
		steady.Pause(doze)
		return 0
	}
	return g.count(+1, g.Source.Receive(p))
}

// Transmit implements burst.Queue.
func (g *gate) Transmit(p []burst.Packet) int { return g.count(-1, g.Source.Transmit(p)) }

// Free implements burst.Pool.
func (g *gate) Free(p []burst.Packet) {
	g.Source.Free(p)
	g.count(-1, len(p))
}

// count adds n packets, or takes them away; one thread writes, so that this is no addition under lock.
func (g *gate) count(sign int64, n int) int {
	g.own.n.Store(g.own.n.Load() + sign*int64(n))
	return n
}
