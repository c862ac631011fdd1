package search

import (
	"cmp"
	"slices"
	"time"

	"cleat/perf/result"
)

// Goal is what a load has to hold to be good (RFC 9971 4.6.7). All goals of a search share durations and width, as the RFC advises.
type Goal struct {
	Name string
	// Loss is the ratio above which a trial counts as one of high loss.
	Loss float64
	// Exceed is the part of a load's trials that may be of high loss, 0 up to but without 1.
	Exceed float64
	// Trials of the final duration decide about a load: the goal's duration sum is so many final durations.
	Trials int
}

// bound is what a load is for a goal (RFC 9971 4.7.2).
type bound int

const (
	undecided bound = iota
	lower
	upper
)

// classify judges one load by its trials so far, at a goal whose trials take d: a lower bound holds the goal whatever the trials that are
// missing would say, an upper bound does not hold it whatever they would say. Shorter trials count as far as those of high loss outweigh
// the others, since a short trial can hide loss and not make it up (RFC 9971 6.1).
func (g *Goal) classify(trials []result.Trial, d time.Duration) bound {
	var fullLow, fullHigh, shortLow, shortHigh float64 // ns; integers, so that sums are exact
	for i := range trials {
		t := &trials[i]
		high := t.LossRatio > g.Loss
		switch {
		case t.Duration >= d && high:
			fullHigh += float64(t.Duration)
		case t.Duration >= d:
			fullLow += float64(t.Duration)
		case high:
			shortHigh += float64(t.Duration)
		default:
			shortLow += float64(t.Duration)
		}
	}
	excess := max(0, shortHigh-shortLow*g.Exceed/(1-g.Exceed))
	high := fullHigh + excess
	whole := max(high+fullLow, float64(g.sum(d)))
	allowed := whole * g.Exceed
	switch {
	case high > allowed:
		return upper
	case whole-fullLow <= allowed: // were all that is missing of high loss
		return lower
	}
	return undecided
}

// sum is the duration sum where trials take d.
func (g *Goal) sum(d time.Duration) time.Duration { return time.Duration(g.Trials) * d }

// throughput is the conditional throughput (RFC 9971 6.2) of a load whose trials are given, at least one of them: what was
// forwarded a second in the worst trial that the exceed ratio does not pass over. Trials that are missing count as lost.
func (g *Goal) throughput(load float64, trials []result.Trial, d time.Duration) float64 {
	var full []result.Trial
	took := time.Duration(0)
	for _, t := range trials {
		if t.Duration >= d {
			full = append(full, t)
			took += t.Duration
		}
	}
	slices.SortFunc(full, func(a, b result.Trial) int { return cmp.Compare(a.LossRatio, b.LossRatio) })
	remaining, loss := float64(max(took, g.sum(d)))*(1-g.Exceed), 1.0
	for i := 0; i < len(full) && remaining > 0; i++ {
		loss = full[i].LossRatio
		remaining -= float64(full[i].Duration)
	}
	if remaining > 0 {
		loss = 1
	}
	return load * (1 - loss)
}
