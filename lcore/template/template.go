// Package template is one worker's shard of persistence templates: client network → real server, for a time. Its rules
// are those of docs/spec/persistence.md.
package template

import (
	"bytes"
	"sync/atomic"

	"cleat/lcore/aside"
	"cleat/lcore/flow"
	"cleat/lcore/memory"
	"cleat/lcore/service"
	"cleat/lcore/shard"
)

// Key is what a template is found by (P1). For a firewall mark Proto is 0, Virtual is the mark.
type Key struct {
	Client  flow.Addr // masked
	Virtual flow.Addr
	Port    uint16
	Proto   uint8
	Block   uint8 // of the client's ports, for a client that is spread (BlockOf); 0 for all others
}

// KeyOf returns the key for a packet of client k.Src to a persistent service (P1).
func KeyOf(v *service.Virtual, k *flow.Key) Key {
	client := k.Src.And(v.Mask)
	switch {
	case v.Mark != 0: // PFMC: one for all protocols, addresses and ports (P1.2)
		return Key{Client: client, Virtual: markAddr(v.Mark, k.Dst.Is4())}
	case bindsPort(v, k.DstPort): // PPC
		return Key{Client: client, Virtual: k.Dst, Port: v.Port, Proto: k.Proto}
	}
	return Key{Client: client, Virtual: k.Dst, Proto: k.Proto} // PCC, and FTP with its data connections (P8.1)
}

// BlockOf returns the block, 0 to n−1, of a port of a client that is spread over n. Blocks are 1024 ports, dealt out in turn: what a carrier's NAT
// gives one subscriber, and what one host takes one after another, mostly lies in one.
func BlockOf(port uint16, n uint8) uint8 { return uint8(port/1024) % n }

// bindsPort reports whether a template for this packet is for one port only.
func bindsPort(v *service.Virtual, port uint16) bool {
	return v.Mark == 0 && v.Port != 0 && v.Port != service.PortFTP && v.Port == port
}

// PortOf returns the server's port to be kept in the template (P1, column "template dport"): 0 where the template is for all ports.
func PortOf(v *service.Virtual, port uint16, r *service.Real) uint16 {
	if bindsPort(v, port) {
		return r.Port
	}
	return 0
}

// markAddr writes a mark as IPVS does: as an IPv4 address, or in the first word of an IPv6 one (P1.7).
func markAddr(mark uint32, v4 bool) flow.Addr {
	if v4 {
		return flow.V4(mark)
	}
	return flow.Addr{Hi: uint64(mark) << 32}
}

// Mark is the mark in the key of a template of a mark (Proto 0).
func (k *Key) Mark() uint32 {
	if k.Virtual.Is4() {
		return k.Virtual.Uint32()
	}
	return uint32(k.Virtual.Hi >> 32)
}

// States of a template (P8.4).
const (
	None    uint8 = 0
	Assured uint8 = 1 // one of its connections was established
)

const invalidPort = 0xffff // P5.7

// Entry is one template. 64 bytes, one cache line, no pointers; host byte order. Addresses of IPv6 stand aside whole, and those here are
// their last 32 bits.
type Entry struct {
	timer shard.Head

	client, virtual uint32
	port, dport     uint16
	proto           uint8
	State           uint8
	invalid         bool
	block           uint8
	// Elsewhere says whether there may be connections of other workers under the template.
	Elsewhere Elsewhere

	// Slot is the real server's (service.Real.Slot).
	Slot uint32
	// Controls is the number of connections under the template (P0 n_control).
	Controls uint32
	// Timeout is what the timer is set to, in ticks; Full is the service's at the time when the template was made (P4.10).
	Timeout, Full uint32
	// Extensions counts how often the timer ran out under live connections (P4.6).
	Extensions uint32
	// InPackets counts packets that were forwarded without a connection under the template (P3.2).
	InPackets uint32
	// wide is the slot of the addresses, 0 if they are IPv4's.
	wide uint32
	// data is the slot of what a persistence engine adds to the key, 0: nothing.
	data uint32
}

// addresses are those of an IPv6 template, two of them a cache line.
type addresses struct{ client, virtual flow.Addr }

// Elsewhere is what a template's owner knows of other workers' connections.
type Elsewhere uint8

// Values of Elsewhere.
const (
	Nothing   Elsewhere = iota
	Something           // some were made
	Late                // the same, and the timer ran out: what other workers have not told by the time it does so again lives
)

// Live reports whether the entry is a template of the table, invalidated ones included.
func (e *Entry) Live() bool { return e.timer.Filed() }

// Invalid reports whether the template was invalidated (P5.7).
func (e *Entry) Invalid() bool { return e.invalid }

// AllPorts reports whether the template is for all ports of its virtual address, also once it is invalid.
func (e *Entry) AllPorts() bool { return e.port == 0 }

// ServerPort returns the server's port, 0 if the template is for all ports, 65535 once it is invalid.
func (e *Entry) ServerPort() uint16 {
	if e.invalid {
		return invalidPort
	}
	return e.dport
}

// Deadline is the tick at which the timer runs out.
func (e *Entry) Deadline() uint32 { return e.timer.Deadline }

// Shard is a worker's template table. When it is full, or there is no room for further IPv6 addresses, Insert refuses; then the end of a Victim makes
// room, or the connection does without. 68 bytes an entry and 17.3 for index, wheel and proof; of those of IPv6 another 36. There is room for
// a persistence engine's data of a 64th of the templates, 260 bytes each.
type Shard struct {
	*shard.Shard[Entry]
	wide *aside.Table[addresses]
	data *aside.Table[data]
	seed *flow.Seed
	told []atomic.Uint32 // by template, what other workers say (told.go)
}

// NewShard returns a shard for capacity templates, wide of them of IPv6, whose clock stands at tick now.
func NewShard(alloc memory.Alloc, capacity, wide int, seed *flow.Seed, now uint32) (*Shard, error) {
	s, err := shard.New[Entry](alloc, "templates", capacity, now)
	if err != nil {
		return nil, err
	}
	w, err := aside.New[addresses](alloc, "templates6", wide)
	if err != nil {
		return nil, err
	}
	d, err := aside.New[data](alloc, "templates_data", dataAtLeast+capacity/templatesPerData)
	if err != nil {
		return nil, err
	}
	told, err := memory.Array[atomic.Uint32](alloc, "templates_told", len(s.Entries))
	if err != nil {
		return nil, err
	}
	return &Shard{s, w, d, seed, told}, nil
}

// Wide returns how many templates are of IPv6, and how many can be.
func (s *Shard) Wide() (used, capacity int) { return s.wide.Used, s.wide.Capacity() }

// Key returns the key of an entry; the port is 65535 once it is invalid.
func (s *Shard) Key(e *Entry) Key {
	k := s.found(e)
	if e.invalid {
		k.Port = invalidPort
	}
	return k
}

// found is the key that the entry is, or was, found by.
func (s *Shard) found(e *Entry) Key {
	client, virtual := flow.V4(e.client), flow.V4(e.virtual)
	if e.wide != 0 {
		a := &s.wide.Slots[e.wide]
		client, virtual = a.client, a.virtual
	}
	return Key{Client: client, Virtual: virtual, Port: e.port, Proto: e.proto, Block: e.block}
}

// Hash is that under which a template with key k and a persistence engine's data is found. It covers the whole key, not the client alone, so that one client
// network with many templates does not fill its buckets (P1.9 D).
func (s *Shard) Hash(k *Key, data []byte) uint64 {
	h := flow.HashPair(k.Client, k.Virtual, number(k.Port, k.Proto, k.Block), s.seed)
	if len(data) != 0 {
		h ^= flow.HashBytes(data, s.seed)
	}
	return h
}

// number is what the Hash mixes with the addresses.
func number(port uint16, proto, block uint8) uint64 {
	return uint64(block)<<24 | uint64(port)<<8 | uint64(proto)
}

// Find returns the template with key k and a persistence engine's data, or 0.
func (s *Shard) Find(k *Key, data []byte) uint32 { return s.FindNear(s.Hash(k, data), 0, k, data) }

// FindNear is Find for whoever has the Hash, and the candidate that Near has found.
func (s *Shard) FindNear(hash uint64, candidate uint32, k *Key, data []byte) uint32 {
	if candidate != 0 && s.is(candidate, k, data) {
		return candidate
	}
	for c := s.Index.Search(hash); c.Next(); {
		if s.is(c.Entry, k, data) {
			return c.Entry
		}
	}
	return 0
}

// is reports whether entry i of the index is the one with key k and a persistence engine's data.
func (s *Shard) is(i uint32, k *Key, data []byte) bool {
	e := &s.Entries[i]
	return e.client == k.Client.Uint32() && e.virtual == k.Virtual.Uint32() && e.port == k.Port && e.proto == k.Proto && e.block == k.Block &&
		s.same(e, k) && bytes.Equal(s.dataOf(e), data)
}

// same compares what the last 32 bits of addresses do not tell.
func (s *Shard) same(e *Entry, k *Key) bool {
	if e.wide == 0 {
		return k.Client.Is4()
	}
	return s.wide.Slots[e.wide] == addresses{k.Client, k.Virtual}
}

// Insert adds a template with key k and a persistence engine's data, at most DataMax bytes, to the real server of that slot, and returns it, or 0 when
// the table is full. The caller has made sure that Find does not know it, and touches it in the same turn.
func (s *Shard) Insert(k *Key, data []byte, slot uint32, dport uint16, timeout uint32) uint32 {
	wide, added, room := s.takeAside(k, data)
	if !room {
		return 0
	}
	i := s.Shard.Insert(s.Hash(k, data))
	if i == 0 {
		s.wide.Give(wide)
		s.data.Give(added)
		return 0
	}
	e := &s.Entries[i]
	e.client, e.virtual = k.Client.Uint32(), k.Virtual.Uint32()
	e.port, e.dport, e.proto, e.block = k.Port, dport, k.Proto, k.Block
	e.Slot, e.Timeout, e.Full, e.wide, e.data = slot, timeout, timeout, wide, added
	return i
}

// Touch restarts the timer of entry i with its Timeout at tick now.
func (s *Shard) Touch(i, now uint32) {
	if s.Entries[i].Restart(now) {
		s.File(i)
	}
}

// Restart is what Touch does to an entry; it reports whether that has to be filed then.
func (e *Entry) Restart(now uint32) bool { return e.timer.Set(now + e.Timeout) }

// Delay lets the timer of entry i, which has run out, do so again at a tick.
func (s *Shard) Delay(i, tick uint32) {
	if s.Entries[i].timer.Set(tick) {
		s.File(i)
	}
}

// Invalidate makes entry i one that is never found again, while it lives on until its timer ends and its connections
// are gone (P5.7). It leaves the index at once: a client whose templates are invalidated again and again would fill its buckets with them.
func (s *Shard) Invalidate(i uint32) {
	e := &s.Entries[i]
	s.Hide(i)
	e.invalid = true
	s.Doubt(i)
}

// Remove takes entry i out of the table; its slot is free after Reclaim.
func (s *Shard) Remove(i uint32) {
	e := &s.Entries[i]
	if e.Elsewhere != Nothing {
		s.told[i].Store(0)
	}
	s.Shard.Remove(i)
	s.wide.Give(e.wide)
	s.data.Give(e.data)
}

// Reclaim makes the slots free that were removed since the last call. To be called between turns.
func (s *Shard) Reclaim() {
	s.wide.Reclaim()
	s.data.Reclaim()
	s.Shard.Reclaim()
}

// Row is a copy of an entry, with its key.
type Row struct {
	Entry
	Key  Key // as Shard.Key tells it
	data data
}

// Data is what a persistence engine added to the key; nothing if there is none.
func (r *Row) Data() []byte { return r.data.bytes[:r.data.n] }

// Row copies entry i, up to date (Hear).
func (s *Shard) Row(i uint32) Row {
	s.Hear(i)
	e := &s.Entries[i]
	return Row{*e, s.Key(e), s.data.Slots[e.data]}
}
