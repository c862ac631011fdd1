package play

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"cleat/appliance/api"
	"cleat/tools/lab/topology"
)

const (
	// delivery is how long a packet may take to its end, on a busy machine. Nothing waits so long for one that arrives.
	delivery = 100 * time.Millisecond
	// settling is what every wait begins with, in real time: packets under way arrive before the clock is set ahead.
	settling = 5 * time.Millisecond
	// retransmission is how long real time passes where a client has said something that nobody has acknowledged: its kernel
	// repeats that after 0.2, 0.4, 0.8 s …
	retransmission = 2 * time.Second
)

// clock is cleatd's, counted from the first step: what passes of it by itself, slowly, and what it was set ahead.
type clock struct {
	director *topology.Director
	began    time.Time
	ahead    atomic.Int64 // ns
}

// estimation is how often cleatd brings counters up to date, as the kernel does: whenever its clock shows a multiple of this.
const estimation = 2 * time.Second

// start begins to count, just after counters were brought up to date: what the first steps count is not listed at once.
func (c *clock) start(ctx context.Context) error {
	now, err := c.director.Advance(ctx, 0)
	if err != nil {
		return err
	}
	if _, err := c.director.Advance(ctx, estimation-now%estimation); err != nil {
		return err
	}
	c.began = time.Now()
	return nil
}

func (c *clock) now() time.Duration {
	return time.Since(c.began)/api.ClockSlowness + time.Duration(c.ahead.Load())
}

// pass sets the clock ahead by what it did not show of real time that was meant to pass.
func (c *clock) pass(ctx context.Context, real time.Duration) error {
	return c.advance(ctx, real-real/api.ClockSlowness)
}

func (c *clock) advance(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if _, err := c.director.Advance(ctx, d); err != nil {
		return err
	}
	c.ahead.Add(int64(d))
	return nil
}

// settle has all workers tell what they have counted so far, which they otherwise do every millisecond.
func (c *clock) settle(ctx context.Context) error {
	_, err := c.director.Advance(ctx, 0)
	return err
}

// wait lets time pass. What the kernels of servers do by themselves meanwhile is done for them.
func (p *stage) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	until := p.clock.now() + d
	time.Sleep(min(d, max(settling, p.repeating())))
	for _, rs := range p.half.fresh() {
		if err := p.forget(ctx, rs); err != nil {
			return err
		}
	}
	for {
		due, ok := p.half.next()
		if !ok || due > until {
			break
		}
		if err := p.clock.advance(ctx, due-p.clock.now()); err != nil {
			return err
		}
		p.half.repeat(due)
		time.Sleep(settling)
	}
	return p.clock.advance(ctx, until-p.clock.now())
}

// repeating is for how long a client's kernel may still repeat what nobody has acknowledged.
func (p *stage) repeating() (left time.Duration) {
	for _, c := range p.kept {
		if d := retransmission - time.Since(c.said); d > left && c.unacknowledged() {
			left = d
		}
	}
	return left
}

// forget has the kernel of a real server forget the handshakes that it waits for the end of.
func (p *stage) forget(ctx context.Context, rs string) error {
	if _, err := p.lab.Output(ctx, rs, "ss", "-HtnK", "state", "syn-recv"); err != nil {
		return fmt.Errorf("have %s forget half-open connections: %w", rs, err)
	}
	return nil
}
