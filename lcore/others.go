package lcore

import (
	"time"

	"cleat/lcore/service"
)

// others knows the connections that the servers of a service have from other workers.
type others struct {
	stats []*stats        // of the other workers
	at    []time.Duration // by service ID: when its servers' sums were made
}

// othersAge and publishEvery together are the age that a sum of other workers' connections may have: a millisecond.
const othersAge = 500 * time.Microsecond

func (o *others) init(services int) { o.at = make([]time.Duration, services) }

func (o *others) of(workers []*Worker, self int) {
	for i, w := range workers {
		if i != self {
			o.stats = append(o.stats, &w.stats)
		}
	}
}

// refresh renews the sums for the servers of v if they are too old, and judges by them which servers are overloaded: a worker may have no connection
// of its own whose end would tell (C9.3).
func (o *others) refresh(w *Worker, v *service.Virtual) {
	if !v.Balanced || len(o.stats) == 0 || w.now-o.at[v.ID] < othersAge {
		return
	}
	o.at[v.ID] = w.now
	for i := range v.Reals {
		r := &v.Reals[i]
		l := &w.loads[r.Slot]
		l.OthersActive, l.OthersInactive = 0, 0
		for _, s := range o.stats {
			p := &s.publicReals[r.Slot]
			l.OthersActive += int32(p[activeWord].Load())
			l.OthersInactive += int32(p[inactiveWord].Load())
		}
		if r.Upper != 0 {
			w.threshold(r)
		}
	}
}
