package manage

import (
	"context"
	"slices"
	"time"

	"cleat/appliance/api"
	"cleat/appliance/control"
	"cleat/appliance/estimate"
	"cleat/lcore"
)

// reapEvery is how often removed servers are looked at (persistence.md P6.5).
const reapEvery = 60 * time.Second

// timer is what the loop does again and again, by the clock that may be set ahead: whenever that shows a multiple of every.
type timer struct {
	every, next time.Duration
	do          func(now time.Duration)
}

func (l *Loop) setTimers() {
	l.timers = []timer{
		{reapEvery, reapEvery, func(now time.Duration) { l.reap(l.d.Clock.Time(now)) }},
		{estimate.Every, estimate.Every, func(time.Duration) { l.estimate() }},
		{pressureEvery, pressureEvery, func(time.Duration) { l.watchTables() }},
	}
}

// estimate brings statistics up to date, unless run_estimation is off: they stay what they were then (connections.md C13.2).
func (l *Loop) estimate() {
	if l.conf.IPVS.RunEstimation {
		l.stats.estimate(l.registry)
	}
}

// date is the present moment.
func (l *Loop) date() time.Time { return l.d.Clock.Time(l.d.Clock.Now()) }

// fire does what is due by a time, in order, each at its own.
func (l *Loop) fire(until time.Duration) {
	for {
		first := &l.timers[0]
		for i := range l.timers {
			if l.timers[i].next < first.next {
				first = &l.timers[i]
			}
		}
		if first.next > until {
			return
		}
		now := first.next
		first.next += first.every
		first.do(now)
	}
}

// Advance sets the clock ahead and returns when all has happened that this makes due.
func (l *Loop) Advance(ctx context.Context, by time.Duration) (api.Clock, error) {
	if !l.d.Clock.Lab {
		return api.Clock{}, control.ErrRealClock
	}
	var failed error
	said, err := ask(ctx, l, func() api.Clock {
		failed = l.advance(by)
		return api.Clock{Now: l.d.Clock.Now().Seconds(), Ahead: l.d.Clock.Ahead().Seconds()}
	})
	if err == nil {
		err = failed
	}
	return said, err
}

// advance goes from one time at which something is due to the next: everything happens at its own moment, in order, on all workers.
func (l *Loop) advance(by time.Duration) error {
	clock := l.d.Clock
	for ahead := clock.Ahead() + by; ; {
		next, err := l.settle()
		if err != nil {
			return err
		}
		left, now := ahead-clock.Ahead(), clock.Now()
		if left == 0 {
			l.fire(now)
			return nil
		}
		step := max(min(left, next-now), 0)
		l.fire(now + step - 1) // before the workers' tables change again
		clock.Advance(step)
	}
}

// settle returns when all workers have done what is due, and when something is due again. Several workers are asked twice: what one of them does
// may concern another.
func (l *Loop) settle() (next time.Duration, err error) {
	workers := l.d.Workers
	if len(workers) > 1 {
		workers = slices.Concat(workers, workers)
	}
	next = lcore.Never
	for i, w := range workers {
		due, err := w.Settle(l.d.Clock.Now())
		if err != nil {
			return 0, err
		}
		if i >= len(workers)-len(l.d.Workers) {
			next = min(next, due)
		}
	}
	return next, nil
}
