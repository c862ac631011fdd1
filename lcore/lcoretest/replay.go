package lcoretest

import "cleat/lcore/burst"

// Replay is a queue that receives the same frames for ever and transmits into nothing, without allocating:
// for benchmarks and for proofs of zero allocations.
type Replay struct {
	pool   *Pool
	frames [][]byte
	next   int
	// Number is the worker's number for the port: what received packets have as their Port.
	Number uint16
	// Transmitted counts what was transmitted.
	Transmitted int
}

// NewReplay makes a queue that receives frames, over and over, in packets of pool.
func NewReplay(pool *Pool, frames ...[]byte) *Replay {
	return &Replay{pool: pool, frames: frames}
}

// Receive implements burst.Queue.
func (r *Replay) Receive(pkts []burst.Packet) int {
	for i := range pkts {
		if !r.pool.receive(&pkts[i], r.frames[r.next], dataRoom) {
			return i
		}
		pkts[i].Port = r.Number
		r.next = (r.next + 1) % len(r.frames)
	}
	return len(pkts)
}

// Transmit implements burst.Queue.
func (r *Replay) Transmit(pkts []burst.Packet) int {
	r.pool.Free(pkts)
	r.Transmitted += len(pkts)
	return len(pkts)
}
