// Package estimate keeps what ipvsadm shows of counters that only ever grow: how far they are beyond a zero point, and a second's average
// (connections.md C13).
package estimate

import (
	"time"

	"cleat/appliance/api"
)

// Every is how often an Estimator looks at its counters.
const Every = 2 * time.Second

// The averages have fractions of so many bits: those of connections and packets, and those of bytes.
const (
	countBits = 10
	byteBits  = 5
)

// Estimator follows the counters of one service, of one real server, or of all of them. It shows them as they were when it looked: at most
// two seconds old, as in the kernel.
type Estimator struct {
	seen, zero api.Counters
	averages   [5]uint64 // by figure
}

// New returns an estimator for counters that stand at now and count as zero there.
func New(now api.Counters) *Estimator { return &Estimator{seen: now, zero: now} }

// Look brings the averages up to date with what has been counted, two seconds after the last time (C13.2).
func (e *Estimator) Look(now api.Counters) {
	since := now.Minus(e.seen)
	for i, n := range since.Figures() {
		rate := *n << bits(i) / uint64(Every/time.Second)
		// The shift rounds down, towards 0 when the average falls too: what nobody adds to is 0 in the end.
		e.averages[i] += uint64(int64(rate-e.averages[i]) >> 2)
	}
	e.seen = now
}

// Zero makes what was seen the new zero point. What was counted since then is still to come.
func (e *Estimator) Zero() { e.zero, e.averages = e.seen, [5]uint64{} }

// Stats is what was seen beyond the zero point.
func (e *Estimator) Stats() api.Counters { return e.seen.Minus(e.zero) }

// Rates are the averages, rounded to whole numbers, halves and a little less down.
func (e *Estimator) Rates() api.Rates {
	var rates api.Counters
	for i, n := range rates.Figures() {
		half := uint64(1)<<(bits(i)-1) - 1
		*n = (e.averages[i] + half) >> bits(i)
	}
	return api.Rates(rates)
}

// bits tells the figures of api.Counters.Figures apart: the last two are bytes.
func bits(figure int) int {
	if figure >= 3 {
		return byteBits
	}
	return countBits
}
