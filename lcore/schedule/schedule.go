// Package schedule holds the schedulers, one a file, each exactly as docs/spec/scheduling.md says.
//
// A Scheduler is code without state. What it remembers between picks is State, one for each service on each worker; what it
// derives from the list of servers, and the memory that a worker needs, management puts into service.Virtual (Build). A pick allocates nothing.
package schedule

import (
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// None says that no server can be picked (scheduling.md G.6).
const None = -1

// Load is how much one real server has to do, as the picking worker knows it: its own connections exactly, those of the
// other workers as of at most a millisecond ago. Indexed by service.Real.Slot.
type Load struct {
	Active, Inactive             int32 // connections of this worker
	OthersActive, OthersInactive int32 // of all others
	Overload                     bool  // connections.md C9
}

// State is what schedulers remember between picks, for one service on one worker. A fresh one is zero but for the first three.
type State struct {
	Worker  int32         // the worker's number
	Since   time.Duration // lblc, lblcr: the worker's clock when the service got the scheduler
	Random  uint64        // twos: the random numbers' state, any to begin with
	Last    uint64        // rr, wrr: service.Real.Added of the last pick; 0: the list's head
	Current int32         // wrr: cw
	Max     int32         // wrr: mw
	Step    int32         // wrr: di
}

// Client is what a scheduler may know of the packet: the client's full address (scheduling.md S.7) and port, the packet's destination,
// and the worker's clock.
type Client struct {
	Addr flow.Addr
	Port uint16
	Dst  flow.Addr
	Now  time.Duration
}

// Scheduler picks real servers.
type Scheduler interface {
	// Name is IPVS' name for it.
	Name() string
	// Build fills in the part of v that the scheduler derives from v.Reals. Management calls it once for every new v.
	Build(v *service.Virtual)
	// Changed adjusts a worker's state to a changed list of servers (R.3, wrr "State changes"), before the first Pick from it.
	// A fresh State (new service, other scheduler) passes through it too.
	Changed(s *State, v *service.Virtual)
	// Pick returns the index in v.Reals of the server for a new connection, or None. Keep *c where it lives on (in the worker): the
	// compiler cannot see through the interface that no scheduler keeps the pointer, and would allocate a local Client.
	Pick(v *service.Virtual, s *State, loads []Load, c *Client) int
}

// Balancer is a Scheduler that compares how much servers have to do, so that it has to know of other workers' connections.
type Balancer interface {
	Scheduler
	balances()
}

// Rotor is a Scheduler that goes round the list: several workers had better begin at different servers.
type Rotor interface {
	Scheduler
	goesRound()
}
