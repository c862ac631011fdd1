// Package fragment remembers which flow a datagram that comes in fragments belongs to: only the first fragment says so.
//
// Nothing is put together: all that the others need of the first one are its ports (connections.md C11).
package fragment

import (
	"cleat/lcore/flow"
	"cleat/lcore/memory"
	"cleat/lcore/wheel"
)

// Life is for how long the further fragments of a datagram are known by the first one, in ticks; Rest is what is left of it when all have come, since some
// may wait for a decision. A sender may use an identification again after 65536 datagrams, so both are short.
const (
	Life = 5 * wheel.Second
	Rest = wheel.Second
)

// Datagram is what all fragments of one have in common (RFC 791 3.2, RFC 8200 4.5).
type Datagram struct {
	Src, Dst flow.Addr
	ID       uint32
	Proto    uint8
}

// Record is what the first fragment of a datagram said.
type Record struct {
	Datagram
	// SrcPort and DstPort are in host byte order.
	SrcPort, DstPort uint16
	// Served says that the datagram had a real server of its own, that of Slot (one-packet scheduling): there is no connection to find.
	Served bool
	Slot   uint32

	got, total uint32 // bytes of payload that came, and that there are; total is 0 until the last fragment has come
	deadline   uint32 // tick; 0: free
}

const ways = 4 // places that a datagram may have

// Table is one worker's: fixed-size, 64 bytes a record. When all the places of a new datagram are taken the record that would have ended first makes room: that datagram's
// further fragments are dropped then. Records are named by their number, from 1.
type Table struct {
	records []Record
	seed    *flow.Seed
}

// New makes a table for capacity records, a power of two and at least four.
func New(alloc memory.Alloc, capacity int, seed *flow.Seed) (*Table, error) {
	records, err := memory.Array[Record](alloc, "fragments", capacity)
	if err != nil {
		return nil, err
	}
	return &Table{records, seed}, nil
}

// places are where the record of d may be.
func (t *Table) places(d *Datagram) (first uint32) {
	h := flow.Hash(d.Src, uint16(d.ID), d.Proto, t.seed) ^ flow.Hash(d.Dst, uint16(d.ID>>16), 0, t.seed)
	return uint32(h) & uint32(len(t.records)-1) &^ (ways - 1)
}

// left is how many ticks r has.
func (r *Record) left(now uint32) uint32 {
	if r.deadline == 0 {
		return 0
	}
	return uint32(max(int32(r.deadline-now), 0))
}

// First remembers the ports that the first fragment of d names, at tick now, and returns the record's number.
func (t *Table) First(d *Datagram, srcPort, dstPort uint16, now uint32) uint32 {
	base := t.places(d)
	best := base
	for i := base; i < base+ways; i++ {
		r := &t.records[i]
		if r.Datagram == *d {
			best = i
			break
		}
		if r.left(now) < t.records[best].left(now) {
			best = i
		}
	}
	t.records[best] = Record{Datagram: *d, SrcPort: srcPort, DstPort: dstPort, deadline: (now + Life) | 1}
	return best + 1
}

// Find returns the number of d's record, 0 if its first fragment is not known.
func (t *Table) Find(d *Datagram, now uint32) uint32 {
	base := t.places(d)
	for i := base; i < base+ways; i++ {
		if r := &t.records[i]; r.Datagram == *d && r.left(now) != 0 {
			return i + 1
		}
	}
	return 0
}

// At returns record n.
func (t *Table) At(n uint32) *Record { return &t.records[n-1] }

// Took counts a fragment of record n, at tick now: length bytes of payload from offset on, the last of all unless more.
func (t *Table) Took(n uint32, offset, length int, more bool, now uint32) {
	r := &t.records[n-1]
	r.got += uint32(length)
	if !more {
		r.total = uint32(offset + length)
	}
	if r.total != 0 && r.got >= r.total && r.left(now) > Rest {
		r.deadline = (now + Rest) | 1
	}
}
