package conn

import (
	"cleat/lcore/flow"
	"cleat/lcore/shard"
)

// Proof is what speaks for there being a client behind a connection, and not somebody who writes source addresses as he likes: when there is no
// room, only what has proven itself is sure to stay.
type Proof uint8

// Proofs.
const (
	Unproven Proof = iota
	Answered       // datagrams: the server has answered once, as it does also to a forged address
	Proven
)

// Hear takes in what a packet of the client, or of the server (output), proves that is counted and has brought connection i to its state, and reports
// whether that has just become Proven.
//
// A handshake is complete when a packet of the client's, not its first, finds or makes the connection established. Datagrams have no handshake:
// there it is a second packet of either side, so that questions from forged addresses, though all are answered, prove nothing.
func (s *Shard) Hear(i uint32, output bool) bool {
	e := &s.Entries[i]
	again := !output && e.InPackets > 1
	proven := again
	switch {
	case e.Proto == flow.TCP || e.Proto == flow.SCTP:
		proven = again && (e.State == Established || e.State == SCTPEstablished)
	case output:
		proven = e.Proof == Answered
		e.Proof = Answered
	}
	if proven {
		e.Proof = Proven
		s.Prove(i)
	}
	return proven
}

// Victim returns an unproven connection whose end makes room for the one that a client's packet with key k opens to server, or 0. It is
// for when Insert has refused.
func (s *Shard) Victim(k *flow.Key, server flow.Addr) uint32 {
	wide := !narrow(k, server) && s.wide.Used >= s.wide.Capacity() // only an end that gives back room for IPv6 addresses helps
	return s.Shard.Victim(s.Hash(k, false), shard.Looks, func(i uint32) bool {
		e := &s.Entries[i]
		return e.expendable() && (!wide || e.wide != 0)
	})
}

// VictimPlain is Victim for InsertPlain.
func (s *Shard) VictimPlain(hash uint64) uint32 {
	return s.Shard.Victim(hash, shard.Looks, func(i uint32) bool { return s.Entries[i].expendable() })
}

// Sweep looks for an unproven connection that fits, in the order of shard.Shard.Sweep, and returns it, or 0.
func (s *Shard) Sweep(fits func(e *Entry) bool) uint32 {
	return s.Shard.Sweep(shard.Looks, func(i uint32) bool {
		e := &s.Entries[i]
		return e.expendable() && fits(e)
	})
}

// expendable reports whether an unproven connection may go. Those that the FTP helper looks after stay: they name each other, and are few.
func (e *Entry) expendable() bool { return e.FTP() == 0 }
