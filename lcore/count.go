package lcore

import (
	"sync/atomic"
	"time"

	"cleat/lcore/conn"
	"cleat/lcore/schedule"
	"cleat/lcore/service"
	"cleat/lcore/template"
)

// assure marks the template of a connection as one that has been used in earnest (P8.4).
func (w *Worker) assure(c *conn.Entry) {
	if c.Template != 0 {
		w.tmpls.Entries[c.Template].State = template.Assured
	}
}

// opened counts a connection just made, inactive until its first state (scheduling.md G.8).
func (w *Worker) opened(c *conn.Entry, r *service.Real) {
	l := &w.loads[c.Slot]
	l.Inactive++
	if r.Upper != 0 && total(l) >= r.Upper { // C9.3
		l.Overload = true
	}
	w.stats.load(c.Slot, l)
}

// setState moves a TCP connection to a state and counts it as active or inactive by that.
func (w *Worker) setState(c *conn.Entry, s conn.State) {
	if was := c.State.Active(); was != s.Active() {
		l := &w.loads[c.Slot]
		if was {
			l.Active, l.Inactive = l.Active-1, l.Inactive+1
		} else {
			l.Active, l.Inactive = l.Active+1, l.Inactive-1
		}
		w.stats.load(c.Slot, l)
	}
	if s == conn.Established && c.State != s { // not with every packet: the template is a cache line away
		w.assure(c)
	}
	c.State = s
}

// endConnection takes a connection out of the table and of all counts.
func (w *Worker) endConnection(i uint32) {
	c := &w.conns.Entries[i]
	l := &w.loads[c.Slot]
	if c.State.Active() {
		l.Active--
	} else {
		l.Inactive--
	}
	if total(l) < w.tables.Services.Real(c.Slot).Lower { // C9.3
		l.Overload = false
	}
	w.stats.load(c.Slot, l)
	if c.Template != 0 {
		w.tmpls.Entries[c.Template].Controls--
	}
	w.conns.Remove(i)
	w.changed = true
}

// total is what thresholds are compared with: all connections of the server, as far as this worker knows.
func total(l *schedule.Load) uint32 {
	return uint32(l.Active + l.Inactive + l.OthersActive + l.OthersInactive)
}

// threshold judges a server anew by the thresholds that it has (C9.2, C9.3).
func (w *Worker) threshold(r *service.Real) {
	l := &w.loads[r.Slot]
	was := l.Overload
	switch n := total(l); {
	case r.Upper == 0 || n < r.Lower:
		l.Overload = false
	case n >= r.Upper:
		l.Overload = true
	}
	if l.Overload != was {
		w.stats.load(r.Slot, l)
	}
}

// RealCounters are what one worker counted of one real server.
type RealCounters struct {
	Connections, InPackets, OutPackets, InBytes, OutBytes uint64
	Active, Inactive, Templates                           uint64 // now
	Overloaded                                            uint64 // now: 1 if connections.md C9 keeps new ones away, on this worker
}

// VirtualCounters are what one worker counted of one virtual service.
type VirtualCounters struct {
	Connections, InPackets, OutPackets, InBytes, OutBytes uint64
}

// Add adds o to c.
func (c *RealCounters) Add(o RealCounters) {
	c.Connections += o.Connections
	c.InPackets += o.InPackets
	c.OutPackets += o.OutPackets
	c.InBytes += o.InBytes
	c.OutBytes += o.OutBytes
	c.Active += o.Active
	c.Inactive += o.Inactive
	c.Templates += o.Templates
	c.Overloaded += o.Overloaded
}

// Add adds o to c.
func (c *VirtualCounters) Add(o VirtualCounters) {
	c.Connections += o.Connections
	c.InPackets += o.InPackets
	c.OutPackets += o.OutPackets
	c.InBytes += o.InBytes
	c.OutBytes += o.OutBytes
}

const (
	realWords    = 9
	virtualWords = 5
)

// stats count per real server and service in private; what has changed is published now and then.
type stats struct {
	reals    []RealCounters    // by slot
	virtuals []VirtualCounters // by service ID

	publicReals    [][realWords]atomic.Uint64
	publicVirtuals [][virtualWords]atomic.Uint64

	dirty   []uint32 // ring of the slots whose counters, or whose service's, differ from what is published
	first   int      // of those, in the ring
	n       int      // of those
	isDirty []bool   // by slot
	owner   []uint32 // by slot: the service that the slot's packets are counted for
}

func (s *stats) init(virtuals, reals int) {
	s.reals, s.publicReals = make([]RealCounters, reals), make([][realWords]atomic.Uint64, reals)
	s.virtuals, s.publicVirtuals = make([]VirtualCounters, virtuals), make([][virtualWords]atomic.Uint64, virtuals)
	s.dirty, s.isDirty, s.owner = make([]uint32, reals), make([]bool, reals), make([]uint32, reals)
}

func (s *stats) touch(slot uint32) *RealCounters {
	if !s.isDirty[slot] {
		s.isDirty[slot] = true
		s.dirty[(s.first+s.n)%len(s.dirty)] = slot // never more than there are slots
		s.n++
	}
	return &s.reals[slot]
}

// packet counts a forwarded packet by its IP length (C2.1).
func (s *stats) packet(r *service.Real, output bool, length int) {
	c, v := s.touch(r.Slot), &s.virtuals[r.Virtual]
	s.owner[r.Slot] = r.Virtual
	if output {
		c.OutPackets++
		c.OutBytes += uint64(length)
		v.OutPackets++
		v.OutBytes += uint64(length)
		return
	}
	c.InPackets++
	c.InBytes += uint64(length)
	v.InPackets++
	v.InBytes += uint64(length)
}

func (s *stats) connection(r *service.Real) {
	s.touch(r.Slot).Connections++
	s.virtuals[r.Virtual].Connections++
	s.owner[r.Slot] = r.Virtual
}

func (s *stats) template(slot uint32, n int) { s.touch(slot).Templates += uint64(n) }

func (s *stats) load(slot uint32, l *schedule.Load) {
	c := s.touch(slot)
	c.Active, c.Inactive, c.Overloaded = uint64(l.Active), uint64(l.Inactive), 0
	if l.Overload {
		c.Overloaded = 1
	}
}

// publish makes public what has changed of up to limit real servers, first what changed first.
func (s *stats) publish(limit int) {
	for range min(limit, s.n) {
		slot := s.dirty[s.first]
		if s.first++; s.first == len(s.dirty) {
			s.first = 0
		}
		s.n--
		s.isDirty[slot] = false
		r, p := &s.reals[slot], &s.publicReals[slot]
		for i, n := range [realWords]uint64{r.Connections, r.InPackets, r.OutPackets, r.InBytes, r.OutBytes, r.Active, r.Inactive, r.Templates, r.Overloaded} {
			store(&p[i], n)
		}
		v, q := &s.virtuals[s.owner[slot]], &s.publicVirtuals[s.owner[slot]]
		for i, n := range [virtualWords]uint64{v.Connections, v.InPackets, v.OutPackets, v.InBytes, v.OutBytes} {
			store(&q[i], n)
		}
	}
}

// store leaves alone what has not changed: to look is cheap for the one who alone writes, an atomic store is not.
func store(p *atomic.Uint64, n uint64) {
	if p.Load() != n {
		p.Store(n)
	}
}

// others knows the connections that the servers of a service have from other workers.
type others struct {
	stats []*stats        // of the other workers
	at    []time.Duration // by service ID: when its servers' sums were made
}

// othersAge and publishEvery together are the age that a sum of other workers' connections may have: a millisecond.
const othersAge = 500 * time.Microsecond

func (o *others) init(services int) { o.at = make([]time.Duration, services) }

func (o *others) of(workers []*Worker, self int) {
	for i, w := range workers {
		if i != self {
			o.stats = append(o.stats, &w.stats)
		}
	}
}

// refresh renews the sums for the servers of v if they are too old, and judges by them which servers are overloaded: a worker may have no connection
// of its own whose end would tell (C9.3).
func (o *others) refresh(w *Worker, v *service.Virtual) {
	if !v.Balanced || len(o.stats) == 0 || w.now-o.at[v.ID] < othersAge {
		return
	}
	o.at[v.ID] = w.now
	for i := range v.Reals {
		r := &v.Reals[i]
		l := &w.loads[r.Slot]
		l.OthersActive, l.OthersInactive = 0, 0
		for _, s := range o.stats {
			p := &s.publicReals[r.Slot]
			l.OthersActive += int32(p[5].Load())
			l.OthersInactive += int32(p[6].Load())
		}
		if r.Upper != 0 {
			w.threshold(r)
		}
	}
}
