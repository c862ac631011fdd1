package lcoretest

import "cleat/lcore/burst"

// Jam is a queue whose transmit side takes no more than Room packets at a time: a full transmit ring.
type Jam struct {
	burst.Queue
	Room int
}

// Transmit implements burst.Queue.
func (j *Jam) Transmit(pkts []burst.Packet) int {
	return j.Queue.Transmit(pkts[:min(len(pkts), j.Room)])
}

// Starve is a pool that refuses every Nth Alloc: an exhausted mempool.
type Starve struct {
	burst.Pool
	N     int
	calls int
}

// Alloc implements burst.Pool.
func (s *Starve) Alloc(pkts []burst.Packet) bool {
	s.calls++
	return s.calls%s.N != 0 && s.Pool.Alloc(pkts)
}
