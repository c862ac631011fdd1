package gen

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Counts are what became of a trial.
type Counts struct {
	// Asked questions (SYN, data, FIN, datagram), and Answered of them, each counted once.
	Asked    uint64 `json:"asked"`
	Answered uint64 `json:"answered"`
	// Opened flows, and Completed of them, to the last answer.
	Opened    uint64 `json:"opened"`
	Completed uint64 `json:"completed"`
	// Late were due, and were not sent.
	Late uint64 `json:"late"`
	// Reordered are answers that came behind one to a later question of their flow, Duplicated came again (or more than 64 questions too
	// late), Corrupt have a wrong checksum, Foreign are no answers to anything asked in this trial.
	Reordered  uint64 `json:"reordered"`
	Duplicated uint64 `json:"duplicated"`
	Corrupt    uint64 `json:"corrupt"`
	Foreign    uint64 `json:"foreign"`
	// Resets are RSTs that ended a flow.
	Resets uint64 `json:"resets"`
	// Violations of affinity: flows given to another server than the client's last one, or answered by two.
	Violations uint64 `json:"violations"`
	// FloodSent are SYNs from forged sources, FloodLate those that were due and not sent, FloodAnswered what came back to those sources.
	FloodSent     uint64 `json:"flood_sent"`
	FloodLate     uint64 `json:"flood_late"`
	FloodAnswered uint64 `json:"flood_answered"`
}

// Latency's range: 1 ns to 100 s, to three digits.
const (
	latencyMost   = int64(100 * time.Second)
	latencyDigits = 3
)

func newLatency() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, latencyMost, latencyDigits)
}
