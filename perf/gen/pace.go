package gen

import (
	"math"
	"time"
)

// pace is a schedule of evenly spaced units. What could not be issued within the slack is late: it is never issued, so that a generator
// that was held up does not flood the other side afterwards.
type pace struct {
	rate   float64 // a second; 0: no schedule
	begin  time.Duration
	length time.Duration // of the schedule
	slack  uint64        // units
	issued uint64
	late   uint64
}

// endless is more than anybody can issue at once.
const endless = math.MaxInt32

func newPace(rate float64, begin, length, slack time.Duration) pace {
	return pace{rate: rate, begin: begin, length: length, slack: uint64(math.Ceil(rate * slack.Seconds()))}
}

// due returns how many units to issue now.
func (p *pace) due(now time.Duration) int {
	if p.rate == 0 {
		if now-p.begin >= p.length {
			return 0
		}
		return endless
	}
	scheduled := uint64(p.rate * min(now-p.begin, p.length).Seconds())
	behind := scheduled - p.issued - p.late
	if behind > p.slack {
		p.late += behind - p.slack
		behind = p.slack
	}
	return int(behind)
}

// end counts what is still due as late.
func (p *pace) end() {
	if p.rate != 0 {
		p.late = uint64(p.rate*p.length.Seconds()) - p.issued
	}
}
