// Package conn is one worker's shard of the connection table: 5-tuples with their state, their real
// server and their timer.
package conn

import (
	"math/bits"

	"cleat/lcore/aside"
	"cleat/lcore/flow"
	"cleat/lcore/memory"
	"cleat/lcore/service"
	"cleat/lcore/shard"
)

// Entry is one connection. 64 bytes, one cache line, no pointers.
//
// Addresses and ports lie as little-endian loads give them from a packet's headers, in the order in which they lie there: server and client are those of
// an answer, client and virtual those of a request. So each pair is compared by one load.
//
// Where not all three addresses are IPv4's, they stand aside whole, and those here are their last 32 bits, which tell nearly all others apart.
type Entry struct {
	timer shard.Head

	server, client, virtual             uint32
	serverPort, clientPort, virtualPort uint16

	Proto   uint8
	State   State
	Proof   Proof // kept by Shard.Hear
	Forward service.Forward
	// NoOutput: the answers go from the real server to the client without passing here, as far as is known (C1.5).
	NoOutput bool
	// Owner is 1 + the number of the worker that decided on the connection, counted it first and has its template; 0: the one whose shard this is.
	Owner uint8

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
	// wide is the slot of the addresses, 0 if they are all IPv4's.
	wide uint32
	// Aside is the place of what only some connections have (FTP, Local), 0: nothing.
	Aside uint32
}

// addresses are those of a connection that is not IPv4's alone: one cache line.
type addresses struct {
	client, virtual, server flow.Addr
	_                       [16]byte
}

// Live reports whether the entry is a connection of the table.
func (e *Entry) Live() bool { return e.timer.Filed() }

// Direction returns where a packet comes from, of which the caller knows whether it was found as an answer. Once one was, NoOutput is over (C1.5).
func (e *Entry) Direction(output bool) Direction {
	switch {
	case output:
		e.NoOutput = false
		return Output
	case e.NoOutput:
		return InputOnly
	}
	return Input
}

// SteadyNAT, SteadyDirect, SteadyTunnel are the Steadiness of an established TCP connection of IPv4, proven and without anything aside; SteadyUDP that of one of datagrams
// by NAT.
const (
	SteadyNAT    = flow.TCP | uint64(Established)<<8 | uint64(Proven)<<16 | uint64(service.NAT)<<24
	SteadyDirect = flow.TCP | uint64(Established)<<8 | uint64(Proven)<<16 | uint64(service.Direct)<<24
	SteadyUDP    = flow.UDP | uint64(UDP)<<8 | uint64(Proven)<<16 | uint64(service.NAT)<<24
	SteadyTunnel = flow.TCP | uint64(Established)<<8 | uint64(Proven)<<16 | uint64(service.Tunnel)<<24
)

// Steadiness tells in one number what a packet would have to look at otherwise: protocol, state, proof and forwarding method, and in the upper half whether there is anything aside or wide.
func (e *Entry) Steadiness() uint64 {
	return uint64(e.Proto) | uint64(e.State)<<8 | uint64(e.Proof)<<16 | uint64(e.Forward)<<24 | uint64(e.Aside|e.wide)<<32
}

// StateOf is the state that a Steadiness tells.
func StateOf(steadiness uint64) State { return State(steadiness >> 8) }

// Wide reports whether the addresses are not IPv4's alone.
func (e *Entry) Wide() bool { return e.wide != 0 }

// Server4 is Shard.Server of an entry that is not Wide, as it lies in a packet's headers.
func (e *Entry) Server4() (addr uint32, port uint16) { return e.server, e.serverPort }

// Virtual4 is Shard.Virtual likewise.
func (e *Entry) Virtual4() (addr uint32, port uint16) { return e.virtual, e.virtualPort }

// FromRequest returns by which bits the entry's addresses and ports differ from those of a packet of the client's, as they lie in the packet's headers, the source in the
// lower half; 0: not at all.
func (e *Entry) FromRequest(ends uint64, ports uint32) uint64 {
	return (uint64(e.client) | uint64(e.virtual)<<32) ^ ends | uint64((uint32(e.clientPort)|uint32(e.virtualPort)<<16)^ports)
}

// FromAnswer does so for what a NAT server sends to the client; a difference, too, is another forwarding method.
func (e *Entry) FromAnswer(ends uint64, ports uint32) uint64 {
	return (uint64(e.server) | uint64(e.client)<<32) ^ ends | uint64((uint32(e.serverPort)|uint32(e.clientPort)<<16)^ports) | uint64(e.Forward^service.NAT)
}

// FromPlain returns by which bits the entry differs from one of IPv4 alone and of a protocol.
func (e *Entry) FromPlain(proto uint8) uint64 { return uint64(e.Proto^proto) | uint64(e.wide) }

// FTP is the place of what the FTP helper knows of the connection, 0: nothing. The helper is for NAT.
func (e *Entry) FTP() uint32 {
	if e.Forward == service.FullNAT {
		return 0
	}
	return e.Aside
}

// Local is the place of the local address of a FullNAT connection, 0: none.
func (e *Entry) Local() uint32 {
	if e.Forward != service.FullNAT {
		return 0
	}
	return e.Aside
}

// Deadline is the tick at which the connection ends unless a packet comes.
func (e *Entry) Deadline() uint32 { return e.timer.Deadline }

// Shard is a worker's connection table. When it is full, or there is no room for further IPv6 addresses, Insert refuses; then the end of a
// Victim makes room, or the packet is dropped and counted (connections_full). 64 bytes an entry and 17.3 for index, wheel and proof; of those with
// IPv6 addresses another 68.
type Shard struct {
	*shard.Shard[Entry]
	wide *aside.Table[addresses]
	seed *flow.Seed
}

// NewShard returns a shard for capacity connections, wide of them with IPv6 addresses, whose clock stands at tick now.
func NewShard(alloc memory.Alloc, capacity, wide int, seed *flow.Seed, now uint32) (*Shard, error) {
	s, err := shard.New[Entry](alloc, "connections", capacity, now)
	if err != nil {
		return nil, err
	}
	w, err := aside.New[addresses](alloc, "connections6", wide)
	if err != nil {
		return nil, err
	}
	return &Shard{s, w, seed}, nil
}

// Wide returns how many connections have IPv6 addresses, and how many can.
func (s *Shard) Wide() (used, capacity int) { return s.wide.Used, s.wide.Capacity() }

// Client is the client's address and port of an entry.
func (s *Shard) Client(e *Entry) (flow.Addr, uint16) {
	if e.wide != 0 {
		return s.wide.Slots[e.wide].client, bits.ReverseBytes16(e.clientPort)
	}
	return v4(e.client), bits.ReverseBytes16(e.clientPort)
}

// v4 is an address as it lies in an IPv4 header.
func v4(a uint32) flow.Addr { return flow.V4(bits.ReverseBytes32(a)) }

// Virtual is the virtual address and port that the client of an entry used.
func (s *Shard) Virtual(e *Entry) (flow.Addr, uint16) {
	if e.wide != 0 {
		return s.wide.Slots[e.wide].virtual, bits.ReverseBytes16(e.virtualPort)
	}
	return v4(e.virtual), bits.ReverseBytes16(e.virtualPort)
}

// Server is the real server's address of an entry, and the port there.
func (s *Shard) Server(e *Entry) (flow.Addr, uint16) {
	if e.wide != 0 {
		return s.wide.Slots[e.wide].server, bits.ReverseBytes16(e.serverPort)
	}
	return v4(e.server), bits.ReverseBytes16(e.serverPort)
}

// Hash is what the connection with a packet of key k is found under: the client's address and port, which an answer (output) is sent to.
func (s *Shard) Hash(k *flow.Key, output bool) uint64 {
	client, port := &k.Src, k.SrcPort
	if output {
		client, port = &k.Dst, k.DstPort
	}
	return flow.Hash(*client, port, k.Proto, s.seed)
}

// FindUnder is FindInput or FindOutput for whoever has the Hash.
func (s *Shard) FindUnder(hash uint64, k *flow.Key, output bool) uint32 {
	for c := s.Index.Search(hash); c.Next(); {
		e := &s.Entries[c.Entry]
		if !output && s.hasInput(e, k) || output && s.hasOutput(e, k) {
			return c.Entry
		}
	}
	return 0
}

// Nobody reports whether the index has nothing under a hash at all.
func (s *Shard) Nobody(hash uint64) bool {
	c := s.Index.Search(hash)
	return !c.Next()
}

func (s *Shard) hasInput(e *Entry, k *flow.Key) bool {
	return e.FromRequest(endsOf(k)) == 0 && e.Proto == k.Proto && s.sameInput(e, k)
}

func (s *Shard) hasOutput(e *Entry, k *flow.Key) bool {
	if e.Proto != k.Proto {
		return false
	}
	ends, ports := endsOf(k)
	if e.Forward == service.NAT {
		return e.FromAnswer(ends, ports) == 0 && s.sameOutput(e, k)
	}
	return e.FromRequest(bits.RotateLeft64(ends, 32), bits.RotateLeft32(ports, 16)) == 0 && s.sameOutput(e, k)
}

// endsOf is the last 32 bits of a key's addresses, and its ports, as they lie in a packet's headers.
func endsOf(k *flow.Key) (ends uint64, ports uint32) {
	return bits.ReverseBytes64(k.Src.Lo<<32 | k.Dst.Lo&0xffff_ffff), bits.ReverseBytes32(uint32(k.SrcPort)<<16 | uint32(k.DstPort))
}

// FindInput returns the connection whose client sent a packet with key k, or 0 (C1.2).
func (s *Shard) FindInput(k *flow.Key) uint32 { return s.FindUnder(s.Hash(k, false), k, false) }

// sameInput compares what the last 32 bits of addresses do not tell.
func (s *Shard) sameInput(e *Entry, k *flow.Key) bool {
	if e.wide == 0 {
		return k.Src.Is4()
	}
	a := &s.wide.Slots[e.wide]
	return a.client == k.Src && a.virtual == k.Dst
}

// FindOutput returns the connection to whose client a packet with key k is an answer, or 0 (C1.3).
func (s *Shard) FindOutput(k *flow.Key) uint32 { return s.FindUnder(s.Hash(k, true), k, true) }

// sameOutput compares what the last 32 bits of addresses do not tell.
func (s *Shard) sameOutput(e *Entry, k *flow.Key) bool {
	if e.wide == 0 {
		return k.Src.Is4()
	}
	a := &s.wide.Slots[e.wide]
	from := a.server
	if e.Forward != service.NAT {
		from = a.virtual
	}
	return a.client == k.Dst && from == k.Src
}

// Insert adds the connection that a client's packet with key k opens to port at server, and returns it, or 0 when
// the table is full. The caller has made sure that FindInput does not know it, and touches it in the same turn.
func (s *Shard) Insert(k *flow.Key, server flow.Addr, port uint16) uint32 {
	wide := uint32(0)
	if !narrow(k, server) {
		if wide = s.wide.Take(); wide == 0 {
			return 0
		}
	}
	i := s.Shard.Insert(s.Hash(k, false))
	if i == 0 {
		s.wide.Give(wide)
		return 0
	}
	s.set(i, wide, k, server, port)
	return i
}

// InsertPlain is Insert where all addresses are IPv4's, for whoever has the Hash. Addresses and ports are as they lie in the packet's headers.
func (s *Shard) InsertPlain(hash, ends uint64, ports uint32, proto uint8, server uint32, port uint16) uint32 {
	i := s.Shard.Insert(hash)
	if i == 0 {
		return 0
	}
	s.Entries[i].set(ends, ports, proto, server, port)
	return i
}

// Borrow returns an entry like that of Insert which lasts for this turn and is not in the table (C6.2).
func (s *Shard) Borrow(k *flow.Key, server flow.Addr, port uint16) uint32 {
	i, wide := s.Shard.Borrow(), uint32(0)
	if !narrow(k, server) {
		wide = s.wide.Borrow()
	}
	s.set(i, wide, k, server, port)
	return i
}

// narrow reports whether the addresses of a connection are all IPv4's.
func narrow(k *flow.Key, server flow.Addr) bool { return k.Src.Is4() && server.Is4() }

// set writes what a connection is found by, and where it leads; of addresses the last 32 bits.
func (e *Entry) set(ends uint64, ports uint32, proto uint8, server uint32, port uint16) {
	e.client, e.virtual = uint32(ends), uint32(ends>>32)
	e.clientPort, e.virtualPort = uint16(ports), uint16(ports>>16)
	e.server, e.serverPort = server, port
	e.Proto = proto
}

func (s *Shard) set(i, wide uint32, k *flow.Key, server flow.Addr, port uint16) {
	e := &s.Entries[i]
	ends, ports := endsOf(k)
	e.set(ends, ports, k.Proto, bits.ReverseBytes32(server.Uint32()), bits.ReverseBytes16(port))
	e.wide = wide
	if wide != 0 {
		s.wide.Slots[wide] = addresses{client: k.Src, virtual: k.Dst, server: server}
	}
}

// SetClientPort gives entry i, whose client's port was 0, its port, and reports whether there was room for it in the index (C1.2).
func (s *Shard) SetClientPort(i uint32, port uint16) bool {
	e := &s.Entries[i]
	client, _ := s.Client(e)
	if !s.Rehash(i, flow.Hash(client, port, e.Proto, s.seed)) {
		return false
	}
	e.clientPort = bits.ReverseBytes16(port)
	return true
}

// Touch restarts the timer of entry i with its Timeout at tick now (C4.1).
func (s *Shard) Touch(i, now uint32) {
	if s.Entries[i].Restart(now) {
		s.File(i)
	}
}

// RunsFor reports whether the entry's timer runs, and was started with such a timeout.
func (e *Entry) RunsFor(timeout uint32) bool { return e.Timeout == timeout && e.timer.Filed() }

// Rewind is Touch for a timer that RunsFor its Timeout: so it needs not be filed anew. The deadline is now + Timeout.
func (e *Entry) Rewind(deadline uint32) { e.timer.Deadline = deadline }

// Restart is what Touch does to an entry; it reports whether that has to be filed then.
func (e *Entry) Restart(now uint32) bool { return e.timer.Set(now + e.Timeout) }

// Remove takes entry i out of the table and returns what the index knew of its hash. Its slot is free after Reclaim.
func (s *Shard) Remove(i uint32) uint64 {
	hash := s.Shard.Remove(i)
	s.wide.Give(s.Entries[i].wide)
	return hash
}

// Reclaim makes the slots free that were removed since the last call. To be called between turns.
func (s *Shard) Reclaim() {
	s.wide.Reclaim()
	s.Shard.Reclaim()
}

// Row is a copy of an entry, with its addresses.
type Row struct {
	Entry
	client, virtual, server flow.Addr
	// LocalAddr and LocalPort are what the real server of a FullNAT connection sees as the client; none for others. Whoever has them fills them in.
	LocalAddr flow.Addr
	LocalPort uint16
}

// Row copies entry i.
func (s *Shard) Row(i uint32) Row {
	r := Row{Entry: s.Entries[i]}
	r.client, _ = s.Client(&r.Entry)
	r.virtual, _ = s.Virtual(&r.Entry)
	r.server, _ = s.Server(&r.Entry)
	return r
}

// Client is the client's address and port.
func (r *Row) Client() (flow.Addr, uint16) { return r.client, bits.ReverseBytes16(r.clientPort) }

// Virtual is the virtual address and port that the client used.
func (r *Row) Virtual() (flow.Addr, uint16) { return r.virtual, bits.ReverseBytes16(r.virtualPort) }

// Server is the real server's address and the port there.
func (r *Row) Server() (flow.Addr, uint16) { return r.server, bits.ReverseBytes16(r.serverPort) }
