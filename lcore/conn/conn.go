// Package conn is one worker's shard of the connection table: 5-tuples with their state, their real
// server and their timer.
package conn

import (
	"cleat/lcore/flow"
	"cleat/lcore/memory"
	"cleat/lcore/service"
	"cleat/lcore/shard"
	"cleat/lcore/wheel"
)

// Entry is one connection. 64 bytes, one cache line, no pointers. Ports and addresses are host byte order.
//
// Client, virtual and server address are IPv4's; a second array will hold those of IPv6 beside the same entry.
type Entry struct {
	timer wheel.Timer

	client, virtual, server             uint32
	clientPort, virtualPort, serverPort uint16

	Proto   uint8
	State   State
	Forward service.Forward
	_       [3]uint8

	// Slot is the real server's (service.Real.Slot).
	Slot uint32
	// Template is the entry of the template that controls the connection, 0: none.
	Template uint32
	// Mark is the firewall mark of the first packet, 0: none.
	Mark uint32
	// Timeout in ticks, as of the last packet (C4.1).
	Timeout uint32
	// InPackets counts the client's packets.
	InPackets uint32
	_         [8]byte
}

// WheelTimer is for package wheel.
func (e *Entry) WheelTimer() *wheel.Timer { return &e.timer }

// Live reports whether the entry is a connection of the table.
func (e *Entry) Live() bool { return e.timer.Filed() }

// Client is the client's address and port.
func (e *Entry) Client() (flow.Addr, uint16) { return flow.V4(e.client), e.clientPort }

// Virtual is the virtual address and port that the client used.
func (e *Entry) Virtual() (flow.Addr, uint16) { return flow.V4(e.virtual), e.virtualPort }

// Server is the real server's address and the port there.
func (e *Entry) Server() (flow.Addr, uint16) { return flow.V4(e.server), e.serverPort }

// Deadline is the tick at which the connection ends unless a packet comes.
func (e *Entry) Deadline() uint32 { return e.timer.Deadline }

// Shard is a worker's connection table. When it is full, Insert refuses; the packet is dropped and counted
// (connections_full). 64 bytes an entry and 8.5 for the index.
type Shard struct {
	*shard.Shard[Entry, *Entry]
	seed *flow.Seed
}

// NewShard returns a shard for capacity connections whose clock stands at tick now.
func NewShard(alloc memory.Alloc, capacity int, seed *flow.Seed, now uint32) (*Shard, error) {
	s, err := shard.New[Entry](alloc, "connections", capacity, now)
	if err != nil {
		return nil, err
	}
	return &Shard{s, seed}, nil
}

// FindInput returns the connection whose client sent a packet with key k, or 0 (C1.2).
func (s *Shard) FindInput(k *flow.Key) uint32 {
	src, dst := k.Src.Uint32(), k.Dst.Uint32()
	for c := s.Index.Search(flow.Hash(k.Src, k.SrcPort, k.Proto, s.seed)); c.Next(); {
		e := &s.Entries[c.Entry]
		if e.client == src && e.clientPort == k.SrcPort && e.virtual == dst && e.virtualPort == k.DstPort && e.Proto == k.Proto {
			return c.Entry
		}
	}
	return 0
}

// FindOutput returns the connection to whose client a packet with key k is an answer, or 0 (C1.3).
func (s *Shard) FindOutput(k *flow.Key) uint32 {
	src, dst := k.Src.Uint32(), k.Dst.Uint32()
	for c := s.Index.Search(flow.Hash(k.Dst, k.DstPort, k.Proto, s.seed)); c.Next(); {
		e := &s.Entries[c.Entry]
		if e.client != dst || e.clientPort != k.DstPort || e.Proto != k.Proto {
			continue
		}
		from, port := e.server, e.serverPort
		if e.Forward != service.NAT {
			from, port = e.virtual, e.virtualPort
		}
		if from == src && port == k.SrcPort {
			return c.Entry
		}
	}
	return 0
}

// Insert adds the connection that a client's packet with key k opens to port at server, and returns it, or 0 when
// the table is full. The caller has made sure that FindInput does not know it, and touches it in the same turn.
func (s *Shard) Insert(k *flow.Key, server flow.Addr, port uint16) uint32 {
	i := s.Shard.Insert(flow.Hash(k.Src, k.SrcPort, k.Proto, s.seed))
	if i != 0 {
		s.Entries[i].set(k, server, port)
	}
	return i
}

// Borrow returns an entry like that of Insert which lasts for this turn and is not in the table (C6.2).
func (s *Shard) Borrow(k *flow.Key, server flow.Addr, port uint16) uint32 {
	i := s.Shard.Borrow()
	s.Entries[i].set(k, server, port)
	return i
}

func (e *Entry) set(k *flow.Key, server flow.Addr, port uint16) {
	e.client, e.clientPort = k.Src.Uint32(), k.SrcPort
	e.virtual, e.virtualPort = k.Dst.Uint32(), k.DstPort
	e.server, e.serverPort = server.Uint32(), port
	e.Proto = k.Proto
}

// Touch restarts the timer of entry i with its Timeout at tick now (C4.1).
func (s *Shard) Touch(i, now uint32) {
	e := &s.Entries[i]
	if e.timer.Set(now + e.Timeout) {
		s.File(i)
	}
}

// Remove takes entry i out of the table; its slot is free after Reclaim.
func (s *Shard) Remove(i uint32) {
	e := &s.Entries[i]
	s.Shard.Remove(i, flow.Hash(flow.V4(e.client), e.clientPort, e.Proto, s.seed))
}
