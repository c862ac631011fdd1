// Package clock is the time by which cleatd decides what is over: templates, connections, what removed servers leave, rates.
// It is real, monotonic time; in a lab it can be set ahead. Neighbours have real time of their own: they answer in it.
package clock

import (
	"sync/atomic"
	"time"

	"cleat/appliance/api"
)

// Clock goes on by itself. Safe for concurrent use.
type Clock struct {
	// Lab: it may be set ahead. By itself it passes slowly, so that nothing ends because a machine is busy.
	Lab bool

	start time.Time
	ahead atomic.Int64 // nanoseconds
}

// New returns a clock that begins now.
func New(lab bool) *Clock { return &Clock{Lab: lab, start: time.Now()} }

// Now returns the time since the clock was made, as it counts it.
func (c *Clock) Now() time.Duration {
	if c.Lab {
		return time.Since(c.start)/api.ClockSlowness + c.Ahead()
	}
	return time.Since(c.start)
}

// Time returns a moment, as Now tells it, as a date.
func (c *Clock) Time(now time.Duration) time.Time { return c.start.Add(now) }

// Ahead returns by how much the clock was set ahead.
func (c *Clock) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }

// Advance sets the clock ahead.
func (c *Clock) Advance(by time.Duration) { c.ahead.Add(int64(by)) }
