package result

import (
	"fmt"
	"time"
)

// Search is what a search for the highest load found, in the terms of RFC 9971.
type Search struct {
	Case string `json:"case"`
	// Unit is what loads count: PacketsPerSecond, ConnectionsPerSecond or Connections.
	Unit string `json:"unit"`
	// Min and Max are the loads between which was searched. Offered is the most that the generator managed; less than what was
	// asked for, and Max is where it ended.
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	Offered float64 `json:"offered,omitempty"`
	// MRR is what came back a second when as much was offered as could be, one value a trial.
	MRR     Series         `json:"mrr,omitempty"`
	Goals   []Goal         `json:"goals"`
	Latency []LatencyPoint `json:"latency,omitempty"`
	Trials  []Trial        `json:"trials"`
}

// Units of loads.
const (
	PacketsPerSecond     = "packets/s"
	ConnectionsPerSecond = "connections/s"
	Connections          = "connections" // at a time
)

// Goal is one search goal, and what was found for it.
type Goal struct {
	Name string `json:"name"` // "NDR", "PDR"
	// The goal. A load is good if at most ExceedRatio of DurationSum's trials lost more than LossRatio.
	LossRatio     float64       `json:"loss_ratio"`
	ExceedRatio   float64       `json:"exceed_ratio"`
	FinalDuration time.Duration `json:"final_duration_ns"`
	DurationSum   time.Duration `json:"duration_sum_ns"`
	Width         float64       `json:"width"` // relative to the upper bound
	// Lower and Upper are the relevant bounds, loads as they were offered; 0: there is none.
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
	// Throughput is the conditional throughput: what came back a second at Lower.
	Throughput float64 `json:"throughput"`
	// Regular: both bounds are there, no further apart than Width.
	Regular bool `json:"regular"`
	// Limit is what stood in the way of more: see the constants.
	Limit string `json:"limit"`
}

// Limits of what a search can find.
const (
	LimitDevice    = "device"    // more was lost above Lower than the goal allows
	LimitGenerator = "generator" // more could not be offered: the device may do more than Lower
	LimitMax       = "max"       // more was not to be tried: the device may do more than Lower
	LimitMin       = "min"       // the least load that was to be tried is too much
	LimitStopped   = "stopped"   // the search did not come to its end
)

// Goal returns the goal called name, nil if there is none.
func (s *Search) Goal(name string) *Goal {
	for i := range s.Goals {
		if s.Goals[i].Name == name {
			return &s.Goals[i]
		}
	}
	return nil
}

// Trial is one trial as a search saw it.
type Trial struct {
	Load       float64       `json:"load"` // that was to be offered
	Duration   time.Duration `json:"duration_ns"`
	Offered    float64       `json:"offered"` // a second, as it was
	Sent       uint64        `json:"sent"`
	Received   uint64        `json:"received"`
	Lost       uint64        `json:"lost"`
	Reordered  uint64        `json:"reordered,omitempty"`
	Duplicated uint64        `json:"duplicated,omitempty"`
	Foreign    uint64        `json:"foreign,omitempty"`
	Violations uint64        `json:"violations,omitempty"` // of affinity
	// LossRatio is of what was to be offered if Short, else of what was sent.
	LossRatio float64 `json:"loss_ratio"`
	// Short: the generator did not manage the load.
	Short bool `json:"short,omitempty"`
}

// String is a trial on a line of its own.
func (t *Trial) String() string {
	text := fmt.Sprintf("%11s for %6.2f s: %d of %d lost (%.4g %%)", grouped(t.Load), t.Duration.Seconds(), t.Lost, t.Sent, t.LossRatio*100)
	if t.Load == 0 {
		text = fmt.Sprintf("as many as possible for %.2f s: %s offered a second, %.4g %% lost", t.Duration.Seconds(), grouped(t.Offered), t.LossRatio*100)
	}
	if t.Short {
		text += fmt.Sprintf("; only %s were offered", grouped(t.Offered))
	}
	if t.Violations != 0 {
		text += fmt.Sprintf("; %d affinity violations", t.Violations)
	}
	return text
}

// LatencyPoint is the round trip at one load.
type LatencyPoint struct {
	Fraction float64       `json:"fraction"` // of the NDR
	Load     float64       `json:"load"`
	Duration time.Duration `json:"duration_ns"`
	Count    int64         `json:"count"`
	Lost     uint64        `json:"lost"`
	Min      int64         `json:"min_ns"`
	P50      int64         `json:"p50_ns"`
	P90      int64         `json:"p90_ns"`
	P99      int64         `json:"p99_ns"`
	P999     int64         `json:"p99_9_ns"`
	Max      int64         `json:"max_ns"`
	// Tag is the histogram's in the .hlog file.
	Tag string `json:"tag"`
	// Histogram has all round trips.
	Histogram Histogram `json:"histogram,omitempty"`
}

// Soak is one load for a long time, in trials end to end.
type Soak struct {
	Case   string  `json:"case"`
	Unit   string  `json:"unit"`
	Load   float64 `json:"load"`
	Trials []Trial `json:"trials"`
	// PollGap is the longest time that a worker was away from its queues, where the workers are in this process.
	PollGap time.Duration `json:"poll_gap_ns,omitempty"`
}

// Totals are of all trials: what was lost, how many clients reached another server than before, and how many trials the
// generator did not manage.
func (s *Soak) Totals() (lost, violations uint64, short int) {
	for i := range s.Trials {
		lost += s.Trials[i].Lost
		violations += s.Trials[i].Violations
		if s.Trials[i].Short {
			short++
		}
	}
	return lost, violations, short
}

// Passed says whether nothing was lost and no client changed its server in any trial, and every trial was what it should be.
func (s *Soak) Passed() bool {
	lost, violations, short := s.Totals()
	return len(s.Trials) > 0 && lost == 0 && violations == 0 && short == 0
}
