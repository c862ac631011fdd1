package lcore

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// GapBuckets is the number of buckets of the histogram of poll gaps. Bucket i counts gaps below 2^i microseconds that
// belong to no lower one; the last one all longer ones.
const GapBuckets = 24

// Counters are a worker's own. It counts in private and publishes them whole; every field is a uint64.
//
// At every publication Received + Taken + Injected + Made = Transmitted + Punted + HandedOver + Σ Drops + Held, where Drops
// are the verdicts for which Drop() holds: Unaccounted is the difference.
type Counters struct {
	Received    uint64 // packets from its queues
	Taken       uint64 // packets that other workers handed over, with questions and answers too
	Injected    uint64 // packets from management
	Made        uint64 // further fragments of packets that were too long for their way
	Transmitted uint64 // packets that a port took
	Held        uint64 // packets that wait for a next hop or another worker's answer now

	Verdicts [verdicts]uint64

	Turns, EmptyTurns, Sleeps uint64

	TemplateHits, TemplateMisses, TemplateInserts, TemplateExtensions uint64
	TemplateExpiries, TemplateInvalidations                           uint64
	ConnectionInserts, ConnectionExpiries                             uint64
	DropEntryEnds                                                     uint64 // connections and templates that drop_entry ended
	TemplateEvictions, ConnectionEvictions                            uint64 // unproven ones that made room for others
	PersistenceFallbacks                                              uint64 // clients for whose template there was no room

	Templates, Connections                 uint64 // in use now
	UnprovenTemplates, UnprovenConnections uint64 // of these
	MostTemplates, MostConnections         uint64 // in use at any time since the start

	HeaviestShare uint64 // of the worker's packets of late, what the client network had that had most; millionths
	HeavyClients  uint64 // clients that are heavy now

	Gaps   [GapBuckets]uint64 // poll gaps, see GapBuckets
	GapSum uint64             // nanoseconds
	GapMax uint64             // nanoseconds
}

// Drops is the number of packets dropped, for whichever reason.
func (c *Counters) Drops() uint64 {
	var n uint64
	for _, k := range c.Verdicts[firstDrop:] {
		n += k
	}
	return n
}

// Unaccounted is the number of packets that came and are in no counter; anything but 0 is a defect.
func (c *Counters) Unaccounted() int64 {
	in := c.Received + c.Taken + c.Injected + c.Made
	out := c.Transmitted + c.Verdicts[Punted] + c.Verdicts[HandedOver] + c.Drops() + c.Held
	return int64(in - out)
}

// gap counts the time between the beginnings of two turns.
func (c *Counters) gap(d time.Duration) {
	n := uint64(d)
	i := min(bits.Len64(n/1000), GapBuckets-1)
	c.Gaps[i]++
	c.GapSum += n
	c.GapMax = max(c.GapMax, n)
}

// published is a copy of Counters that others may read while the worker writes (a sequence lock).
type published struct {
	seq   atomic.Uint64 // odd while being written
	words [counterWords]atomic.Uint64
}

func (p *published) write(c *Counters) {
	p.seq.Add(1)
	for i, w := range c.words() {
		p.words[i].Store(w)
	}
	p.seq.Add(1)
}

func (p *published) read() (c Counters) {
	for {
		before := p.seq.Load()
		if before%2 == 0 {
			w := c.words()
			for i := range w {
				w[i] = p.words[i].Load()
			}
			if p.seq.Load() == before {
				return c
			}
		}
		time.Sleep(time.Microsecond)
	}
}
