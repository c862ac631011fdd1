package line

import (
	"context"
	"time"

	"cleat/cgo/eal"
	"cleat/lcore"
	"cleat/lcore/burst"

	"cleat/perf/gen"
	"cleat/perf/trial"
)

// wire is the generator's port. It does not wait for room as a ring would: what the worker is too slow to take is gone, as it is when a NIC's
// ring overruns.
type wire struct {
	burst.Queue
	pool burst.Pool
}

func (w *wire) Transmit(p []burst.Packet) int {
	n := w.Queue.Transmit(p)
	w.pool.Free(p[n:])
	return len(p)
}

// Bench makes trials of one load over the line. One is open at a time.
type Bench struct {
	gen  gen.Bench
	line *Line
}

var _ trial.Bench = (*Bench)(nil)

// Bench opens one.
func (l *Line) Bench(load *gen.Load) (*Bench, error) {
	queues := []burst.Queue{l.near}
	if l.past != nil {
		queues = append(queues, l.past)
	}
	g, err := gen.New(load, l.Director.Link(), queues, l.pool, l.clock)
	if err != nil {
		return nil, err
	}
	b := &Bench{line: l}
	b.gen = gen.Bench{
		Generator: g, Beside: b.reflect,
		Thread: func(f func()) (<-chan struct{}, error) { return eal.Thread("cleat-tester", l.Tester, f) },
	}
	return b, nil
}

// reflect lets the real servers answer all that has reached them, so that they are never what packets wait for.
func (b *Bench) reflect() {
	for b.line.reflector.Turn() >= burst.Size {
	}
}

// Run implements trial.Bench. Packets that the worker had ready but the tester did not take in time are no loss of the worker's: what they
// belong to was not offered, and counts as late.
func (b *Bench) Run(ctx context.Context, rate float64, d time.Duration) (trial.Outcome, error) {
	before := b.refused()
	o, err := b.gen.Run(ctx, rate, d)
	if n := min(b.refused()-before, o.Lost); n != 0 {
		o.Sent, o.Lost, o.Late = o.Sent-n, o.Lost-n, o.Late+n
	}
	return o, err
}

// refused is how many packets found the rings to the tester full.
func (b *Bench) refused() uint64 { return b.line.Counters().Verdicts[lcore.DropTransmitFull] }

// Close gives the generator's packets back.
func (b *Bench) Close() { b.gen.Close() }
