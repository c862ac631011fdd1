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
	// Probes are by port number; nil: nothing is in question, as always with one worker.
	Probes []Probe
	// Timeouts are the connections'.
	Timeouts conn.Timeouts
	Settings
}

// FTPPortsMax is how many ports the FTP helper can look after, as in IPVS.
const FTPPortsMax = 8

// Settings are the switches of the data path.
type Settings struct {
	// Extend is the new timeout, in ticks, of a template whose timer runs out under live connections (persistence.md P4.8).
	Extend uint32
	// RestoreTimeout: a new connection gives an extended template its full timeout back (P4.8).
	RestoreTimeout bool
	// SpreadAbove is from which share of the new connections on, in percent, a client is heavy (docs/heavy.md).
	SpreadAbove int
	// ConnReuseMode, ExpireNodestConn, ExpireQuiescentTemplate, SloppyTCP: services.md S6.
	ConnReuseMode           int
	ExpireNodestConn        bool
	ExpireQuiescentTemplate bool
	SloppyTCP               bool
	SloppySCTP              bool
	// CacheBypass: without a server to give, a firewall mark's packets go where they are addressed to (connections.md C8 1).
	CacheBypass bool
	// NATICMPSend: what a NAT server sends without a connection is told that its port is unreachable (forwarding.md F2.3).
	NATICMPSend bool
	// ScheduleICMP: an ICMP error about an unknown flow opens a connection (connections.md C3).
	ScheduleICMP bool
	// DropEntry, DropPacket, SecureTCP are the modes of the defences: 0 off, 1 and 2 while entries are short, 3 always (C10.2).
	DropEntry, DropPacket, SecureTCP int
	// AmDropRate: in mode 3, one of so many packets that open a connection is dropped (C10.5); at least 1.
	AmDropRate int
	// Amemthresh is when entries are short (C10.6): fewer are free than that many 16384ths of a table, so that the kernel's default, 1024, is a sixteenth.
	Amemthresh int
	// FTP switches the FTP helper on, for control connections to these ports of virtual services (C12); 0: none.
	FTP      bool
	FTPPorts [FTPPortsMax]uint16
	// PMTUDisc: the MTU of the way to a tunnelled server holds for packets that must not be fragmented (forwarding.md F1.4, F4.1).
	PMTUDisc bool
	// Forward: route what belongs to no service.
	Forward bool
	// AnswerRate is the number of RST, ICMP errors and echo replies a second, per worker; 0: unlimited.
	AnswerRate int
}
