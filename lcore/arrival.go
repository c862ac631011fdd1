package lcore

import (
	"sync/atomic"

	"cleat/lcore/address"
	"cleat/lcore/burst"
)

// Probe asks workers to compare what a port's device does with what it was asked for: to hash one address, as Steering does, and to choose the queue by
// that. Steering is right in any case; a device that does the same spares the hand-over.
type Probe struct {
	Destination bool    // the address that the device was asked to hash: the destination's, else the source's
	Families    [2]bool // IPv4, IPv6: whether they are in question
}

// Arrival is what a worker found out about packets that came in by one port, since it was made.
type Arrival struct {
	HandedOver uint64    // to their client's worker; not those that went on from there
	Probed     [2]uint64 // IPv4, IPv6: packets looked at for a Probe
	Differed   [2]uint64 // of those, packets whose hash or queue was another one than Steering has for them
}

// Add adds o to a.
func (a *Arrival) Add(o Arrival) {
	a.HandedOver += o.HandedOver
	for f := range a.Probed {
		a.Probed[f] += o.Probed[f]
		a.Differed[f] += o.Differed[f]
	}
}

// arrivals are the worker's Arrival of one port, counted in private and published now and then: a cache line each, so that neither shares its own
// with another worker's.
type arrivals struct {
	own Arrival
	_   [64 - 5*8]byte

	handedOver       atomic.Uint64
	probed, differed [2]atomic.Uint64
	_                [64 - 5*8]byte
}

func (a *arrivals) publish() {
	store(&a.handedOver, a.own.HandedOver)
	for f := range a.own.Probed {
		store(&a.differed[f], a.own.Differed[f]) // first, and read last: nobody sees packets probed but not yet that they differed
		store(&a.probed[f], a.own.Probed[f])
	}
}

// Arrival returns what the worker has found out about a port's packets; nothing where it is the only one.
func (w *Worker) Arrival(port int) (a Arrival) {
	if w.arrivals == nil {
		return a
	}
	p := &w.arrivals[port]
	a.HandedOver = p.handedOver.Load()
	for f := range a.Probed {
		a.Probed[f] = p.probed[f].Load()
		a.Differed[f] = p.differed[f].Load()
	}
	return a
}

// probe looks at the first packet of the burst: every packet where there is little to do, and next to nothing under load. Fragments, errors and what
// has no ports may be hashed otherwise, or not at all, and are few.
func (w *Worker) probe() {
	in := &w.in
	if in.N == 0 || in.verdict[0] != pending || in.errand[0] != none {
		return
	}
	if in.isPlain(0) {
		w.readPlain(0)
	} else if in.related[0] || in.ipsec[0] || in.part[0].kind != whole || in.dst[0]&address.Local != 0 {
		return
	}
	p, client, family := &in.packet[0], in.key[0].Src, 0
	probe := &w.tables.Probes[p.Port]
	if probe.Destination {
		client = in.key[0].Dst
	}
	if !client.Is4() {
		family = 1
	}
	if !probe.Families[family] {
		return
	}
	a := &w.arrivals[p.Port].own
	a.Probed[family]++
	if p.Flags&burst.HashValid == 0 || p.Hash != w.Steering.Hash(client) || w.Steering.Worker(client) != w.Number {
		a.Differed[family]++
	}
}
