package lcore

import (
	"sync/atomic"
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

// refresh renews the sums for the servers of v, which is Balanced, if they are too old, and judges by them which servers are overloaded: a worker may have no connection
// of its own whose end would tell (C9.3). Where one worker schedules for a service, whoever counts has judged, and it hears of that.
func (o *others) refresh(w *Worker, v *service.Virtual) {
	if len(o.stats) == 0 || w.shared == nil && w.now-o.at[v.ID] < othersAge {
		return
	}
	o.at[v.ID] = w.now
	for i := range v.Reals {
		r := &v.Reals[i]
		l := &w.loads[r.Slot]
		l.OthersActive, l.OthersInactive = o.sums(w, r.Slot)
		if r.Upper != 0 {
			w.threshold(r)
		}
	}
}

// sums are the other workers' connections of the server in a slot.
func (o *others) sums(w *Worker, slot uint32) (active, inactive int32) {
	if w.shared != nil {
		active, inactive = w.shared.of(slot)
		return active - w.loads[slot].Active, inactive - w.loads[slot].Inactive
	}
	for _, s := range o.stats {
		p := &s.publicReals[slot]
		active += int32(p[activeWord].Load())
		inactive += int32(p[inactiveWord].Load())
	}
	return active, inactive
}

// shared are the connections of all workers, by real server slot: the active ones in the upper half of a word, the inactive ones in the lower, and in
// front of both whether the server is overloaded. Each is counted from the decision on. They are kept where one worker schedules for a service, and has
// to know them as exactly as the kernel does; elsewhere there are none, since all workers write them.
type shared []atomic.Uint64

const overloaded = 1 << 63

// add counts so many more of server r, and judges it by them in the same step (C9.3), whichever worker it is that counts: between two picks of the one
// that schedules, connections may become few enough and, under templates, more again. It returns whether r is overloaded.
func (s shared) add(slot uint32, r *service.Real, active, inactive int32) bool {
	if s == nil {
		return false
	}
	for {
		was := s[slot].Load()
		now := was + uint64(int64(active)<<32+int64(inactive))
		n := now &^ overloaded
		over := r.Overloaded(was&overloaded != 0, uint32(n>>32)+uint32(n))
		if now = n; over {
			now |= overloaded
		}
		if now == was || s[slot].CompareAndSwap(was, now) {
			return over
		}
	}
}

// move counts so many inactive ones as active.
func (s shared) move(slot uint32, n int32) {
	if s != nil {
		s[slot].Add(uint64(int64(n)<<32 - int64(n)))
	}
}

func (s shared) of(slot uint32) (active, inactive int32) {
	n := s[slot].Load() &^ overloaded
	return int32(n >> 32), int32(n)
}
