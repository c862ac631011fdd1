package path

import (
	"bytes"
	"time"

	"cleat/lcore"
	"cleat/lcore/burst"
	"cleat/lcore/memory"

	"cleat/perf/traffic"
)

// stage is a port in ordinary memory: it gives frames once, in order, and keeps what comes back.
type stage struct {
	frames, sent [][]byte
	room         [burst.Size][burst.Headroom + 2*traffic.MaxLen]byte
}

func (s *stage) Receive(p []burst.Packet) int {
	n := min(len(p), len(s.frames))
	for i := range n {
		data := append(s.room[i][burst.Headroom:burst.Headroom], s.frames[i]...)
		p[i] = burst.Packet{Data: data, Len: uint32(len(data)), Headroom: burst.Headroom, Segments: 1}
	}
	s.frames = s.frames[n:]
	return n
}

func (s *stage) Transmit(p []burst.Packet) int {
	for i := range p {
		s.sent = append(s.sent, bytes.Clone(p[i].Data))
	}
	return len(p)
}

func (s *stage) Alloc([]burst.Packet) bool { return false }
func (s *stage) Free([]burst.Packet)       {}

// rehearse has a worker forward the requests of a case, in ordinary memory, and returns the real servers' answers: which server
// a client gets, the scheduler decides. The worker that is measured gets the same requests in the same order, and decides alike.
func (c *Case) rehearse(requests [][]byte) ([][]byte, error) {
	s := &stage{frames: requests}
	if _, err := c.forward(s); err != nil {
		return nil, err
	}
	answers := make([][]byte, len(s.sent))
	for i, frame := range s.sent {
		var err error
		if answers[i], err = c.answered(frame); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// forward has a worker take all frames of a stage.
func (c *Case) forward(s *stage) (lcore.Counters, error) {
	plan := c.plan(s, s, memory.Heap, func() time.Duration { return 0 })
	workers, err := lcore.NewWorkers([]lcore.Plan{plan}, c.tables())
	if err != nil {
		return lcore.Counters{}, err
	}
	for workers[0].Turn() != 0 {
	}
	workers[0].Drain()
	return workers[0].Counters(), nil
}
