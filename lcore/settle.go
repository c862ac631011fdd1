package lcore

import (
	"math"
	"time"

	"cleat/lcore/wheel"
)

// Never is later than any time that a clock shows.
const Never = time.Duration(math.MaxInt64)

// Settle returns when the worker, whose clock shows at or later, has done all that was due by then and has taken what other workers had told it
// before; it also publishes its counters. next is the first time at which something may be due again, Never if there is nothing.
//
// So whoever sets the clock ahead from one such time to the next, all workers together, lets everything happen at its own moment.
func (w *Worker) Settle(at time.Duration) (next time.Duration, err error) {
	err = w.Do(func() bool {
		ticks := w.due()
		if w.now < at || ticks == 0 || w.spokenTo() {
			return false // another turn: expiry and receiving have their budgets
		}
		next = Never
		if ticks != wheel.Never {
			next = w.now.Truncate(wheel.Tick) + wheel.Duration(ticks)
		}
		w.publish()
		return true
	})
	return next, err
}

// due returns in how many ticks something happens by itself, 0 if it is late already.
func (w *Worker) due() uint32 {
	return min(w.conns.Due(w.tick), w.tmpls.Due(w.tick), w.defenceDue())
}

// spokenTo reports whether something from other workers waits.
func (w *Worker) spokenTo() bool {
	for i := range w.peers {
		if p := &w.peers[i]; p.from != nil && p.from.Len()+p.asks.Len() != 0 {
			return true
		}
	}
	return false
}
