// Package trial is what generators, searches and suites share: one trial is traffic at one rate for a while, and what became of it.
package trial

import (
	"context"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Bench is a device under test with traffic on both sides of it.
type Bench interface {
	// Run offers rate units a second for d (frames, or connections: whoever made the Bench knows), and waits until what is under way
	// has come back. 0: as many as the generator can. An error means that the trial could not be made, not that packets were lost.
	Run(ctx context.Context, rate float64, d time.Duration) (Outcome, error)
}

// Outcome is what became of a trial's traffic. Sent = Received + Lost.
type Outcome struct {
	Duration time.Duration // of sending, as it was
	Sent     uint64
	Received uint64 // of those sent, each counted once
	Lost     uint64
	// Late were due, but could not be sent in time and were not sent: with any, the trial is not of the rate that was asked for.
	Late uint64
	// Reordered came behind a later one of their flow (RFC 4737 3.3: sequence number lower than the highest seen); Duplicated came
	// again; Foreign were no packets of this trial.
	Reordered, Duplicated, Foreign uint64
	// Violations are affinity violations: a client within its persistence timeout was answered by another real server than before.
	Violations uint64
	// Latency is of round trips, nanoseconds; nil if it was not measured.
	Latency *hdrhistogram.Histogram
}

// LossRatio is Lost / Sent, 0 if nothing was sent.
func (o *Outcome) LossRatio() float64 {
	if o.Sent == 0 {
		return 0
	}
	return float64(o.Lost) / float64(o.Sent)
}

// Rate is how many a second were sent.
func (o *Outcome) Rate() float64 { return float64(o.Sent) / o.Duration.Seconds() }

// Unopened is the error of a trial over connections that could not all be opened beforehand.
type Unopened struct {
	Open, Of int
	// Wait is how long not one more could be opened.
	Wait time.Duration
}

func (u *Unopened) Error() string {
	return fmt.Sprintf("%d of %d flows could be opened, and none for %v: is the service up, and do its servers answer?", u.Open, u.Of, u.Wait)
}
