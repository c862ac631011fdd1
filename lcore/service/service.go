// Package service holds what the operator wants: virtual services, their real servers and the
// rules that mark packets, as an immutable Table that workers read.
//
// Everything here is plain data, built by management in one step and never changed afterwards. What workers
// change (counts, rotors, overload) lies in their own arrays, found by the stable numbers Virtual.ID and
// Real.Slot, and so outlives the change from one Table to the next. Only Virtual.Destinations point to what workers
// change, since nobody but management allocates.
package service

import (
	"time"

	"cleat/lcore/destination"
	"cleat/lcore/flow"
)

// Forward is a forwarding method, numbered as in IPVS (connections.md C1.4).
type Forward uint8

// Forwarding methods.
const (
	NAT    Forward = 0
	Local  Forward = 1
	Tunnel Forward = 2
	Direct Forward = 3
	Bypass Forward = 4 // to the original destination (forwarding.md F5)
	// FullNAT is not one of IPVS (forwarding.md F8).
	FullNAT Forward = 5
)

// Returns reports whether a real server's answers pass the director, which must translate them (connections.md C1.5).
func (f Forward) Returns() bool { return f == NAT || f == FullNAT }

// TunnelOptions are how a real server of forwarding method Tunnel is reached (forwarding.md F4).
type TunnelOptions struct {
	Type     TunnelType
	Port     uint16 // gue's UDP port, host byte order
	Checksum TunnelChecksum
}

// TunnelType is what the packet is wrapped in.
type TunnelType uint8

// Tunnel types, numbered as in IPVS.
const (
	IPIP TunnelType = 0
	GUE  TunnelType = 1
	GRE  TunnelType = 2
)

// TunnelChecksum says what the outer header's checksum covers.
type TunnelChecksum uint8

// Checksums of tunnels, numbered as in IPVS.
const (
	NoChecksum     TunnelChecksum = 0
	Checksum       TunnelChecksum = 1
	RemoteChecksum TunnelChecksum = 2
)

// ClientAddress is how a real server of forwarding method FullNAT learns who the client is (forwarding.md F8.5, F8.7, F9).
type ClientAddress uint8

// Ways to tell.
const (
	Untold  ClientAddress = iota
	TOA                   // a TCP option
	ProxyV1               // the PROXY protocol's header, version 1: a line of text in front of the client's first byte
	ProxyV2               // version 2: binary
)

// Engine is a persistence engine: what of a packet's payload belongs to the template's key (persistence.md P9).
type Engine uint8

// Persistence engines.
const (
	NoEngine Engine = iota
	SIP             // the Call-ID
)

// MaxSpread is how many blocks the ports of a client fall into at most (template.BlockOf).
const MaxSpread = 64

// Scheduler flags, numbered as in IPVS (services.md S1.3): flag-1, flag-2 and flag-3, by the names that sh and mh have for the first two.
const (
	Fallback uint8 = 0x08 // sh-fallback, mh-fallback
	HashPort uint8 = 0x10 // sh-port, mh-port
	Flag3    uint8 = 0x20
)

// Real is one real server of one virtual service.
type Real struct {
	// Slot is the stable number of the server's mutable state in every worker's arrays. It is kept when the
	// server is removed and added again while something still names it (persistence.md P6.5).
	Slot uint32
	// Added numbers additions, ever growing: the list is in falling order of it (scheduling.md G.1). A server that
	// is removed and added again gets a new number, an edited one keeps its own.
	Added uint64
	// Identity is the server's own for as long as it keeps the slot, and no other server's that had the slot before.
	Identity uint32
	// Virtual is the ID of the service that it belongs, or belonged, to.
	Virtual uint32
	Addr    flow.Addr
	Port    uint16 // host byte order; 0: the service's or the packet's
	Forward Forward
	// Tunnel is for Forward Tunnel.
	Tunnel TunnelOptions
	// Available is false for a removed server that connections or templates still name (P5.2).
	Available bool
	Weight    int32 // 0…2^31−1; 0 quiesces
	// LastWeight is the last Weight that was not 0; 0 only if the server was added with weight 0 and has had no other since
	// (scheduling.md M.4).
	LastWeight int32
	// Upper and Lower are connection thresholds (connections.md C9); Upper 0: none. Lower is the effective limit L of C9.1.
	Upper, Lower uint32
}

// Overloaded reports whether r, which was overloaded or not, is so with n connections (C9.2, C9.3).
func (r *Real) Overloaded(was bool, n uint32) bool {
	switch {
	case r.Upper == 0 || n < r.Lower:
		return false
	case n >= r.Upper:
		return true
	}
	return was
}

// Virtual is one virtual service: address, port and protocol, or a firewall mark.
type Virtual struct {
	// ID is the stable number of the service's mutable state in every worker's arrays.
	ID uint32
	// Incarnation changes when the scheduler's state has to start anew: the service was made, or got another scheduler (scheduling.md G.7).
	Incarnation uint32
	// Version changes whenever a real server was added, removed or edited.
	Version uint32

	Mark  uint32 // ≠ 0: a firewall mark service; Addr then only tells the family, Port and Proto are 0
	Proto uint8
	Port  uint16 // 0: all ports
	Addr  flow.Addr

	Scheduler uint8 // index into schedule's registry
	Flags     uint8 // scheduler flags

	// Timeout is the persistence timeout in ticks of the worker's clock; 0: not persistent.
	Timeout uint32
	// Mask is ANDed to the client's address to find its template.
	Mask flow.Addr
	// Spread is over how many servers a heavy client is spread, up to MaxSpread; 0 and 1: it has one like everybody (docs/heavy.md).
	Spread uint8
	// Engine adds to the template's key.
	Engine Engine
	// OnePacket: every UDP datagram is scheduled alone, without a connection (services.md S4).
	OnePacket bool

	// Locals are what real servers of forwarding method FullNAT see as the client; worker k of n uses those at k, k+n, …
	Locals []flow.Addr
	// ClientAddress is how those servers learn who the client is.
	ClientAddress ClientAddress

	// Balanced: picks depend on how many connections servers have, those of other workers included (schedule.Build).
	Balanced bool
	// Reals are the available servers, newest first (scheduling.md G.1).
	Reals []Real
	// Buckets is the table of schedulers that have one: indices into Reals; 256 for sh and dh, 4093 for mh; none if no server has a place.
	Buckets []uint16
	// GCD and MaxWeight are over the weights > 0 (scheduling.md wrr); 1 and 0 if there are none.
	GCD, MaxWeight int32
	// Destinations are what lblc and lblcr remember, one table for each worker, by its number, which alone may touch it. They are the same for
	// all Virtuals of one Incarnation. nil for other schedulers.
	Destinations []*destination.Table
	// Expiration is after which time unused destinations are forgotten (lblc, lblcr), and sets of servers shrink (lblcr).
	Expiration time.Duration
}

// Persistent reports whether clients are remembered.
func (v *Virtual) Persistent() bool { return v.Timeout != 0 }
