package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/conn"
	"cleat/lcore/nexthop"
	"cleat/lcore/service"
)

// Tables is all that management decides and a worker reads. Immutable; a worker looks at the newest one once
// a turn.
type Tables struct {
	// Generation numbers them, from 1.
	Generation uint64
	// Services are virtual services, real servers and mark rules.
	Services *service.Table
	// Changed are the IDs of services whose Version or Incarnation differs from those in the Services before. Management
	// publishes no further Services before every worker has these, since schedulers have to see each change.
	Changed []uint32
	// Addresses are the director's own, the virtual ones and the real servers'.
	Addresses *address.Set
	// Hops are ports, routes and neighbours.
	Hops *nexthop.Table
	// Timeouts are the connections'.
	Timeouts conn.Timeouts
	Settings
}

// Settings are the switches of the data path.
type Settings struct {
	// Extend is the new timeout, in ticks, of a template whose timer runs out under live connections (persistence.md P4.8).
	Extend uint32
	// RestoreTimeout: a new connection gives an extended template its full timeout back (P4.8).
	RestoreTimeout bool
	// ConnReuseMode, ExpireNodestConn, ExpireQuiescentTemplate, SloppyTCP: services.md S6.
	ConnReuseMode           int
	ExpireNodestConn        bool
	ExpireQuiescentTemplate bool
	SloppyTCP               bool
	// Forward: route what belongs to no service.
	Forward bool
	// AnswerRate is the number of RST, ICMP errors and echo replies a second, per worker; 0: unlimited.
	AnswerRate int
}
