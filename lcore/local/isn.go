package local

import (
	"math/bits"
	"time"

	"cleat/lcore/flow"
)

// isnTick is what a new initial sequence number moves on by one for, as in Linux: a server that still remembers a connection of the same local port takes
// a number that is greater than all it has seen for a new connection (RFC 9293 3.6.1), up to 15 MB/s later.
const isnTick = 64 * time.Nanosecond

// isn is the initial sequence number with which the server sees the client begin at time now: a clock, and a secret for each local port
// of each server (RFC 6528), so that nobody outside can tell it (F8.5).
func (t *Table) isn(r *Record, now time.Duration) uint32 {
	secret := flow.Hash(r.local, r.localPort, r.proto, t.seed) ^ bits.RotateLeft64(flow.Hash(r.server, r.serverPort, r.proto, t.seed), 32)
	return uint32(secret>>32) ^ uint32(secret) + uint32(now/isnTick)
}

// Begin notes the client's SYN with its sequence number, as it came at time now. One that comes again changes nothing; after one with another number, which the
// server has not answered yet, the connection begins there. The PROXY header, if there is one, goes in front of the first byte.
func (t *Table) Begin(r *Record, seq uint32, now time.Duration) {
	if r.Begun && (r.Answered || seq+1 == r.First) {
		return
	}
	r.Begun, r.First = true, seq+1
	r.Shift.Begin(r.First, t.isn(r, now)-seq, int(r.Header))
}

// Answer notes the server's SYN+ACK with its sequence number.
func (r *Record) Answer(seq uint32) { r.Answered, r.ServerFirst = true, seq+1 }
