package lcore

import (
	"sync/atomic"

	"cleat/lcore/schedule"
	"cleat/lcore/service"
)

// RealCounters are what one worker counted of one real server; every field is a uint64.
type RealCounters struct {
	Connections, InPackets, OutPackets, InBytes, OutBytes uint64
	Active, Inactive, Templates                           uint64 // now
	Overloaded                                            uint64 // now: 1 if connections.md C9 keeps new ones away, on this worker
}

// VirtualCounters are what one worker counted of one virtual service; every field is a uint64.
type VirtualCounters struct {
	Connections, InPackets, OutPackets, InBytes, OutBytes uint64
}

// Add adds o to c.
func (c *RealCounters) Add(o RealCounters) {
	for i, n := range o.words() {
		c.words()[i] += n
	}
}

// Add adds o to c.
func (c *VirtualCounters) Add(o VirtualCounters) {
	for i, n := range o.words() {
		c.words()[i] += n
	}
}

// stats count per real server and service in private; what has changed is published now and then. A service's packets, and most of its connections, are those of its
// servers: both get them when they are settled.
type stats struct {
	reals    []realStats       // by slot
	ways     []serverWay       // by slot
	virtuals []VirtualCounters // by service ID
	loads    []schedule.Load   // the worker's, by slot: counters of how it is now

	publicReals    [][realWords]atomic.Uint64
	publicVirtuals [][virtualWords]atomic.Uint64

	dirty []uint32 // ring of the slots whose counters, or whose service's, differ from what is published
	first int      // of those, in the ring
	n     int      // of those
}

// realStats is what is counted of one real server, packets and connections excepted that are not settled yet, and what publishing needs to know.
type realStats struct {
	RealCounters
	owner uint32 // the service that the slot's packets are counted for
	dirty bool   // in the ring
}

// traffic is how many packets and bytes went in and out, by their IP length (C2.1).
type traffic struct{ inPackets, outPackets, inBytes, outBytes uint64 }

func (t *traffic) packet(output bool, length int) {
	if output {
		t.out(length)
	} else {
		t.in(length)
	}
}

func (t *traffic) in(length int) {
	t.inPackets++
	t.inBytes += uint64(length)
}

func (t *traffic) out(length int) {
	t.outPackets++
	t.outBytes += uint64(length)
}

// more counts bytes of a packet that packet has counted.
func (t *traffic) more(output bool, length int) {
	if output {
		t.outBytes += uint64(length)
	} else {
		t.inBytes += uint64(length)
	}
}

// settle gives the server in a slot, and its service, the packets and connections that were counted in its way since the last time.
func (s *stats) settle(slot uint32) {
	c, way := &s.reals[slot], &s.ways[slot]
	t, v := &way.recent, &s.virtuals[c.owner]
	c.Connections, v.Connections = c.Connections+way.opened, v.Connections+way.opened
	c.InPackets, v.InPackets = c.InPackets+t.inPackets, v.InPackets+t.inPackets
	c.OutPackets, v.OutPackets = c.OutPackets+t.outPackets, v.OutPackets+t.outPackets
	c.InBytes, v.InBytes = c.InBytes+t.inBytes, v.InBytes+t.inBytes
	c.OutBytes, v.OutBytes = c.OutBytes+t.outBytes, v.OutBytes+t.outBytes
	*t, way.opened = traffic{}, 0
}

func (s *stats) init(virtuals int, loads []schedule.Load) {
	reals := len(loads)
	s.loads = loads
	s.reals, s.publicReals = make([]realStats, reals), make([][realWords]atomic.Uint64, reals)
	s.ways = make([]serverWay, reals)
	s.virtuals, s.publicVirtuals = make([]VirtualCounters, virtuals), make([][virtualWords]atomic.Uint64, virtuals)
	s.dirty = make([]uint32, reals)
}

func (s *stats) touch(slot uint32) *realStats {
	c := &s.reals[slot]
	if !c.dirty {
		s.mark(slot)
	}
	return c
}

// of is touch for what is a packet's or a connection's of r: who had the slot before gets what is his.
func (s *stats) of(r *service.Real) *realStats {
	c := s.touch(r.Slot)
	if c.owner != r.Virtual {
		s.settle(r.Slot)
		c.owner = r.Virtual
	}
	return c
}

func (s *stats) mark(slot uint32) {
	s.reals[slot].dirty = true
	s.dirty[(s.first+s.n)%len(s.dirty)] = slot // never more than there are slots
	s.n++
}

// packets is where packets of r's connections are counted.
func (s *stats) packets(r *service.Real) *traffic {
	s.of(r)
	return &s.ways[r.Slot].recent
}

// connection counts a connection to r for the service v that it was opened by. That need not be r's own: a persistent FTP service and one of all
// ports share templates (P1.4). Packets count for r's own, as in the kernel.
func (s *stats) connection(r *service.Real, v *service.Virtual) {
	s.of(r).Connections++
	s.virtuals[v.ID].Connections++
	if v.ID != r.Virtual { // publish will not come to it by r's slot
		s.publishVirtual(v.ID)
	}
}

func (s *stats) publishVirtual(id uint32) {
	for i, n := range s.virtuals[id].words() {
		store(&s.publicVirtuals[id][i], n)
	}
}

func (s *stats) template(slot uint32, n int) { s.touch(slot).Templates += uint64(n) }

// counted returns all that is counted of the server in a slot.
func (s *stats) counted(slot uint32) *RealCounters {
	s.settle(slot)
	c, l := &s.reals[slot].RealCounters, &s.loads[slot]
	c.Active, c.Inactive, c.Overloaded = uint64(l.Active), uint64(l.Inactive), 0
	if l.Overload {
		c.Overloaded = 1
	}
	return c
}

// publish makes public what has changed of up to limit real servers, first what changed first.
func (s *stats) publish(limit int) {
	for range min(limit, s.n) {
		slot := s.dirty[s.first]
		if s.first++; s.first == len(s.dirty) {
			s.first = 0
		}
		s.n--
		s.reals[slot].dirty, s.ways[slot].tables = false, nil // so that the next packet sees to it that it is published
		for i, n := range s.counted(slot).words() {
			store(&s.publicReals[slot][i], n)
		}
		s.publishVirtual(s.reals[slot].owner)
	}
}

// store leaves alone what has not changed: to look is cheap for the one who alone writes, an atomic store is not.
func store(p *atomic.Uint64, n uint64) {
	if p.Load() != n {
		p.Store(n)
	}
}
