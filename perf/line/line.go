// Package line is a whole test line in one process: generator, director and real servers, over DPDK ports that are joined back to back.
//
//	generator ── near ── worker ── far ── reflector
//	    └──────────── past (DR, TUN) ─────────┘
//
// The worker has a CPU to itself. Generator and reflector take turns on another one, so that the line fits on two CPUs; in exchange the
// tester's side costs more a packet than the worker does, and may be what gives out first. The line never takes that for the
// worker's limit: see Bench.
package line

import (
	"errors"
	"fmt"
	"math/bits"
	"time"

	"cleat/cgo/eal"
	"cleat/cgo/ethdev"
	"cleat/cgo/netring"
	"cleat/cgo/pktmbuf"
	"cleat/cgo/steady"
	"cleat/lcore"
	"cleat/lcore/burst"

	"cleat/perf/bed"
	"cleat/perf/director"
	"cleat/perf/reflect"
)

// Options say what is in the line.
type Options struct {
	Director director.Setup
	// Worker and Tester are the CPUs of the worker, and of generator and reflector.
	Worker, Tester int
	// Room is how many packets wait in a port's receive ring before more are lost, a power of two.
	Room int
}

const (
	dataRoom  = 2048 // bytes of a buffer
	cacheSize = 256  // buffers that a thread keeps for itself
	// stock are buffers outside of rings: the generator's blank ones, caches, bursts under way.
	stock      = 8191
	entryBytes = 64 + 9 // a connection or a template, its share of the index included
)

// buffers is how many packets there are: all rings of three cables may be full.
func (o *Options) buffers() int { return 6*o.Room + stock }

// Memory is what the line needs of DPDK, in MiB. Connections and templates have room of both families.
func (o *Options) Memory() int {
	return (o.buffers()*(dataRoom+512)+4*o.Director.Connections*entryBytes)>>20 + 64
}

// Line is at work from New to Close.
type Line struct {
	Options
	pool      *pktmbuf.Pool
	cables    []*netring.Cable
	started   []ethdev.Port
	tables    bed.Tables
	worker    *lcore.Worker
	done      <-chan struct{}
	reflector *reflect.Reflector
	near      *wire       // the generator's queues
	past      burst.Queue // … nil under NAT
	clock     func() time.Duration
}

// New builds a line and sets its worker to work. The EAL runs.
func New(o Options) (*Line, error) {
	begin := time.Now()
	l := &Line{Options: o, clock: func() time.Duration { return time.Since(begin) }}
	if err := l.build(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Line) build() (err error) {
	if l.pool, err = pktmbuf.NewPool("line", l.buffers(), cacheSize, dataRoom, eal.SocketAny); err != nil {
		return err
	}
	near, err := l.cable("near", 0, director.Outside)
	if err != nil {
		return err
	}
	far, err := l.cable("far", director.Inside, 0)
	if err != nil {
		return err
	}
	l.near = &wire{Queue: near[0], pool: l.pool}
	servers := []burst.Queue{far[1]}
	if l.Director.Direct() {
		past, err := l.cable("past", 1, 1)
		if err != nil {
			return err
		}
		l.past, servers = past[1], append(servers, past[0])
	}
	l.reflector = reflect.New(l.Director.Reflector(), servers, l.pool, l.clock)
	if l.worker, err = l.Director.New([2]burst.Queue{near[1], far[0]}, l.pool, l.tables.Alloc, l.clock); err != nil {
		return err
	}
	if l.done, err = eal.Thread("cleat-worker", l.Worker, func() { steady.Run(l.worker.Run) }); err != nil {
		return err
	}
	return eal.KeepOff([]int{l.Worker}) // the tester has another one
}

// cable returns the queues at both ends of a new one. a and b are the ports' numbers to whoever uses them.
func (l *Line) cable(name string, a, b uint16) (ends [2]burst.Queue, err error) {
	c, err := netring.New(name, l.Room, eal.SocketAny)
	if err != nil {
		return ends, err
	}
	l.cables = append(l.cables, c)
	for i, p := range []ethdev.Port{c.A, c.B} {
		if err := p.Configure(ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{l.pool}}); err != nil {
			return ends, err
		}
		if err := p.Start(); err != nil {
			return ends, err
		}
		l.started = append(l.started, p)
		ends[i] = p.Queue(0, []uint16{a, b}[i])
	}
	return ends, nil
}

// Counters are the worker's, at most a millisecond old.
func (l *Line) Counters() lcore.Counters { return l.worker.Counters() }

// PollGap is a bound of the longest poll gap between two moments, to a power of two microseconds.
func PollGap(before, after *lcore.Counters) time.Duration {
	for i := lcore.GapBuckets - 1; i >= 0; i-- {
		if after.Gaps[i] != before.Gaps[i] {
			return time.Microsecond << i
		}
	}
	return 0
}

// Close ends everything, and says if the worker lost count of a packet. Generators are closed before it.
func (l *Line) Close() error {
	var err error
	if l.done != nil {
		l.worker.Stop()
		<-l.done
	}
	if l.worker != nil {
		l.worker.Drain()
		c := l.worker.Counters()
		if n := c.Unaccounted(); n != 0 {
			err = fmt.Errorf("%d packets are in no counter of the worker", n)
		}
	}
	for _, p := range l.started {
		err = errors.Join(err, p.Stop())
	}
	for _, c := range l.cables {
		err = errors.Join(err, c.Close())
	}
	if l.pool != nil {
		if n := l.pool.InUse(); n != 0 {
			err = errors.Join(err, fmt.Errorf("%d packet buffers were not given back", n))
		}
		l.pool.Close()
	}
	return errors.Join(err, l.tables.Free())
}

// CheckRoom says what is wrong with a ring's size.
func CheckRoom(n int) error {
	if n < 2*burst.Size || bits.OnesCount(uint(n)) != 1 || n > 1<<16 {
		return fmt.Errorf("%d: must be a power of two from %d to %d", n, 2*burst.Size, 1<<16)
	}
	return nil
}
