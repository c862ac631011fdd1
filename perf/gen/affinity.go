package gen

import (
	"time"

	"cleat/perf/payload"
)

// affinity remembers which server each client's net was given last, for each service. 8 bytes for each of them, in arrays.
type affinity struct {
	timeout uint32 // ms; 0: nothing is expected
	nets    int
	last    []bond
}

// bond is what a client's net and a server have.
type bond struct {
	begun  uint32 // of the last flow, ms
	server uint16
}

// newAffinity is for clients' nets × services.
func newAffinity(timeout time.Duration, nets, services int) *affinity {
	a := &affinity{timeout: uint32(timeout.Milliseconds()), nets: nets}
	if a.timeout != 0 {
		a.last = make([]bond, nets*services)
		for i := range a.last {
			a.last[i].server = payload.Nobody
		}
	}
	return a
}

// begin notes that a flow of a net was given to a server, and reports whether that breaks the last one's bond.
func (a *affinity) begin(net, service int, server uint16, now int64) (broken bool) {
	if a.timeout == 0 {
		return false
	}
	b, ms := &a.last[service*a.nets+net], uint32(now/int64(time.Millisecond))
	broken = b.server != server && b.server != payload.Nobody && ms-b.begun < a.timeout
	b.server, b.begun = server, ms
	return broken
}
