package bed

import (
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/sys/unix"

	"cleat/cgo/pktmbuf"
	"cleat/lcore/burst"
	"cleat/lcore/ring"

	"cleat/perf/traffic"
)

// Bell is a Source that gives a packet only when somebody rings, and knows how long it took until the packet was transmitted.
type Bell struct {
	*pktmbuf.Pool
	writer *traffic.Writer
	rung   *ring.Ring[call] // from Ring to the worker
	took   *ring.Ring[time.Duration]
	since  time.Duration // when the packet under way was put into the ring
	given  uint64
}

type call struct {
	packet burst.Packet
	at     time.Duration
}

// Bell makes one.
func (b *Bed) Bell(w *traffic.Writer) (*Bell, error) {
	b.ports++
	pool, err := b.pool(0, w.Len())
	if err != nil {
		return nil, err
	}
	return &Bell{Pool: pool, writer: w, rung: ring.New[call](1), took: ring.New[time.Duration](1)}, nil
}

var (
	errNoBuffer = errors.New("no packet buffer is left")
	errSilent   = errors.New("a packet was not transmitted within a second")
)

// glance is how often Ring looks whether the packet is back; when it left, the worker knows.
const glance = 100 * time.Microsecond

// Ring gives the worker a packet of flow f and waits until it has been transmitted: after how long. One goroutine, not the worker's.
func (b *Bell) Ring(f traffic.Flow) (time.Duration, error) {
	var c [1]burst.Packet
	if !b.Alloc(c[:]) {
		return 0, errNoBuffer
	}
	c[0].Data = c[0].Data[:b.writer.Len()]
	c[0].Len = uint32(b.writer.Len())
	b.writer.Write(c[0].Data, f)
	at := clock(unix.CLOCK_MONOTONIC)
	b.rung.Push(&call{c[0], at})
	for end := at + time.Second; clock(unix.CLOCK_MONOTONIC) < end; {
		time.Sleep(glance) // who spins here keeps the CPU from what wakes the worker
		var took [1]time.Duration
		if b.took.Pop(took[:]) != 0 {
			return took[0], nil
		}
	}
	return 0, errSilent
}

// Pause is a time between two rings: 1 to 3 ms, so that they do not keep step with the worker's sleep.
func Pause() time.Duration { return time.Millisecond + rand.N(2*time.Millisecond) }

// Receive implements burst.Queue.
func (b *Bell) Receive(p []burst.Packet) int {
	var c [1]call
	if len(p) == 0 || b.rung.Pop(c[:]) == 0 {
		return 0
	}
	p[0], b.since = c[0].packet, c[0].at
	b.given++
	return 1
}

// Transmit implements burst.Queue.
func (b *Bell) Transmit(p []burst.Packet) int {
	took := clock(unix.CLOCK_MONOTONIC) - b.since
	b.took.Push(&took)
	b.Free(p)
	return len(p)
}

// Given implements Source.
func (b *Bell) Given() uint64 { return b.given }

// Close implements Source.
func (b *Bell) Close() error {
	b.Pool.Close()
	return nil
}
