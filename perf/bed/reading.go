package bed

import (
	"time"

	"golang.org/x/sys/unix"

	"cleat/cgo/steady"
	"cleat/lcore/burst"
)

// Reading is what the measured thread has used and got so far, or between two moments.
type Reading struct {
	CPU     time.Duration // of the thread: others on its core cost it cache lines, not time
	Wall    time.Duration // since some moment
	Packets uint64
}

// Read takes a Reading. The measured thread calls it.
func Read(s Source) Reading {
	return Reading{clock(unix.CLOCK_THREAD_CPUTIME_ID), clock(unix.CLOCK_MONOTONIC), s.Given()}
}

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic(err) // both clocks are there on every Linux
	}
	return time.Duration(t.Nano())
}

// Since returns what came after before.
func (r Reading) Since(before Reading) Reading {
	return Reading{r.CPU - before.CPU, r.Wall - before.Wall, r.Packets - before.Packets}
}

// Add adds what another thread has used and got meanwhile.
func (r *Reading) Add(o Reading) {
	r.CPU, r.Wall, r.Packets = r.CPU+o.CPU, r.Wall+o.Wall, r.Packets+o.Packets
}

// PerPacket is nanoseconds of the thread's CPU time per packet.
func (r Reading) PerPacket() float64 { return float64(r.CPU) / float64(r.Packets) }

// Share is the part of its core that the thread had, 0…1: well below 1, the machine was busy with something else.
func (r Reading) Share() float64 { return float64(r.CPU) / float64(r.Wall) }

// Floor receives bursts and transmits them as they are, for about d: what any program pays on s, testpmd's io mode in Go.
// The measured thread calls it.
func Floor(s Source, d time.Duration) Reading {
	const looks = 64 // bursts between two looks at the clock
	var p [burst.Size]burst.Packet
	begin := Read(s)
	for end := begin.Wall + d; ; {
		for range looks {
			n := s.Receive(p[:])
			if sent := s.Transmit(p[:n]); sent < n {
				s.Free(p[sent:n])
			}
		}
		if clock(unix.CLOCK_MONOTONIC) >= end { // behind the first bursts: another program may have had the core all the while
			return Read(s).Since(begin)
		}
		steady.Pause(0) // or the runtime would have to wait for the end
	}
}
