// Package local is what connections of forwarding method FULLNAT have beside their entries (docs/spec/forwarding.md F8): the local address and port that
// the real server sees as the client, by which its answers are found, and what happens to TCP's sequence numbers. It knows no packets.
package local

import (
	"cleat/lcore/aside"
	"cleat/lcore/flow"
	"cleat/lcore/index"
	"cleat/lcore/memory"
	"cleat/lcore/sequence"
	"cleat/lcore/service"
)

// Record is one connection's. 64 bytes, no pointers.
type Record struct {
	server, local         flow.Addr
	serverPort, localPort uint16
	proto                 uint8

	// Tell is how the server learns who the client is.
	Tell service.ClientAddress
	// Header is the length of the PROXY header in front of the client's first byte, 0: none. Room is by how much a segment of the client may grow.
	Header, Room uint8
	// Begun: the client's SYN was seen. Answered: the server's SYN+ACK was.
	Begun, Answered bool

	// Conn is the connection's entry.
	Conn uint32
	// First is the sequence number of the client's first byte, as the client counts, when Begun.
	First uint32
	// ServerFirst is the sequence number of the server's first byte, when Answered.
	ServerFirst uint32
	// Shift is of what the client sends.
	Shift sequence.Shift
}

// Local returns the local address and port.
func (r *Record) Local() (flow.Addr, uint16) { return r.local, r.localPort }

// Heads reports whether a segment from the client with this sequence number is to begin with the PROXY header.
func (r *Record) Heads(seq uint32) bool { return r.Pending() && seq == r.First }

// Tells reports whether a segment from the client that acknowledges this much is to tell who the client is: until the first byte of the server is
// acknowledged (F9.2).
func (r *Record) Tells(ack uint32) bool {
	return r.Tell == service.TOA && r.Answered && ack == r.ServerFirst
}

// Pending reports whether the server may not have all of the PROXY header yet.
func (r *Record) Pending() bool { return r.Header != 0 && r.Begun && !r.Shift.Settled() }

// matches reports whether the server's packets for r have key k.
func (r *Record) matches(k *flow.Key) bool {
	return r.localPort == k.DstPort && r.serverPort == k.SrcPort && r.proto == k.Proto && r.server == k.Src && r.local == k.Dst
}

// The bounds of the work that a new connection makes (F8.1), and the ports that it may get.
const (
	addressesTried = 16
	portsTried     = 64
	firstPort      = 1024
	ports          = 65536 - firstPort
)

// skip: one connection in so many passes over a local address, so that these go round in another rhythm than the servers do (F8.1).
const skip = 20

// Table has the records of a worker. A connection's port is the one behind the port that was given last, so that one given back is not used again before
// all others were tried. When the table is full, Take refuses, and the packet is dropped and counted (connections_full). 68 bytes a record and 12.8 for
// the index.
type Table struct {
	*aside.Table[Record]
	index *index.Index
	seed  *flow.Seed

	picks uint32 // connections that got an address
	at    uint32 // of the addresses: the one tried last
	port  uint32 // the port tried last, from firstPort on
}

// New returns a table of capacity records, which may be 0.
func New(alloc memory.Alloc, capacity int, seed *flow.Seed) (*Table, error) {
	records, err := aside.New[Record](alloc, "fullnat", capacity)
	if err != nil {
		return nil, err
	}
	x, err := index.New(alloc, "fullnat_index", capacity)
	if err != nil {
		return nil, err
	}
	// Two directors, or one that is started again, do not begin with the same ports.
	return &Table{Table: records, index: x, seed: seed, at: uint32(seed[0]), port: uint32(seed[1]) % ports}, nil
}

// Find returns the record of the connection that a server's packet with key k, to a local address, belongs to, or 0.
func (t *Table) Find(k *flow.Key) uint32 {
	for c := t.index.Search(flow.Hash(k.Dst, k.DstPort, k.Proto, t.seed)); c.Next(); {
		if t.Slots[c.Entry].matches(k) {
			return c.Entry
		}
	}
	return 0
}

// Pick chooses a local address and port for a new connection of protocol proto to a server, such that no other connection to it has both. Of the addresses it
// uses those at first, first+step, …; it returns false if none of those it may try has a port to give.
func (t *Table) Pick(addresses []flow.Addr, first, step int, proto uint8, server flow.Addr, port uint16) (flow.Addr, uint16, bool) {
	if first >= len(addresses) {
		return flow.Addr{}, 0, false
	}
	n := uint32(len(addresses)-first+step-1) / uint32(step)
	if t.picks++; t.picks%skip == 0 {
		t.at++
	}
	k := flow.Key{Src: server, SrcPort: port, Proto: proto}
	for range min(n, addressesTried) {
		t.at++
		k.Dst = addresses[first+int(t.at%n)*step]
		for range portsTried {
			t.port++
			k.DstPort = uint16(firstPort + t.port%ports)
			if t.Find(&k) == 0 {
				return k.Dst, k.DstPort, true
			}
		}
	}
	return flow.Addr{}, 0, false
}

// Take makes the record of a connection of protocol proto to a server, whose local address and port Pick has just chosen, or returns 0 if there
// is no room, or none for these.
func (t *Table) Take(proto uint8, server flow.Addr, serverPort uint16, local flow.Addr, localPort uint16) uint32 {
	hash := flow.Hash(local, localPort, proto, t.seed)
	if t.index.Crowded(hash) {
		return 0
	}
	i := t.Table.Take()
	if i == 0 {
		return 0
	}
	t.index.Insert(hash, i)
	t.Slots[i] = Record{proto: proto, server: server, serverPort: serverPort, local: local, localPort: localPort}
	return i
}

// Give takes record i out of the table, so that its local address and port are free. Its content stays until Reclaim, since a column of the turn under way may
// name its connection. Record 0, of a connection that has none, is taken calmly.
func (t *Table) Give(i uint32) {
	if i != 0 {
		r := &t.Slots[i]
		t.index.Remove(flow.Hash(r.local, r.localPort, r.proto, t.seed), i)
	}
	t.Table.Give(i)
}
