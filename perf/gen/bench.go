package gen

import (
	"context"
	"fmt"
	"time"

	"cleat/perf/trial"
)

// Bench makes trials with a Generator: it implements trial.Bench. A trial about packets of flows without end opens them first.
type Bench struct {
	*Generator
	// Thread runs f on the thread that the generator's ports belong to; nil: on the caller's.
	Thread func(f func()) (done <-chan struct{}, err error)
	// Beside is done after every turn; nil: nothing. Whatever else turns on the generator's thread is turned by it.
	Beside func()
}

var _ trial.Bench = (*Bench)(nil)

const (
	// findLimit is how long next hops are asked for.
	findLimit = 3 * time.Second
	// waitLimit is how long answers are waited for after a trial (RFC 2544 section 23), silence how long for one more.
	waitLimit = 2 * time.Second
	silence   = 200 * time.Millisecond
)

// Run implements trial.Bench.
func (b *Bench) Run(ctx context.Context, rate float64, d time.Duration) (trial.Outcome, error) {
	if rate < 0 || d <= 0 {
		return trial.Outcome{}, fmt.Errorf("a trial of %v at %v a second: must be longer than 0, and not less than 0 (as many as possible)", d, rate)
	}
	var err error
	work := func() { err = b.trial(ctx, rate, d) }
	if b.Thread == nil {
		work()
	} else {
		done, threadErr := b.Thread(work)
		if threadErr != nil {
			return trial.Outcome{}, threadErr
		}
		<-done
	}
	if err != nil {
		return trial.Outcome{}, err
	}
	return b.outcome(), nil
}

// trial finds the next hops, opens what is to be open, offers, and waits for what is under way.
func (b *Bench) trial(ctx context.Context, rate float64, d time.Duration) error {
	g := b.Generator
	g.phase = still
	begin := g.clock()
	for !g.known() {
		b.step()
		if g.now-begin > findLimit {
			return fmt.Errorf("no answer about the next hop %v in %v: is the director up, and is it on this link?", g.missing().Netip(), findLimit)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	g.offer(rate, d)
	for g.phase != still {
		b.step()
		if err := g.stuck(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	for end := g.now; !g.settled(end) && ctx.Err() == nil; {
		b.step()
	}
	return ctx.Err()
}

func (b *Bench) step() {
	b.Turn()
	if b.Beside != nil {
		b.Beside()
	}
}
