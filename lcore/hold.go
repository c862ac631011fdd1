package lcore

import (
	"time"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/rewrite"
	"cleat/lcore/wire"
)

const (
	holdCapacity    = 256 // packets that wait for a next hop, all neighbours together
	holdPerNeighbor = 3
	holdTime        = time.Second
)

// hold keeps the packets that wait until a next hop's MAC address is known: at most 3 a neighbour, for a second at
// most. When it is full the packet is dropped and counted (neighbor). 24 KiB a worker.
type hold struct {
	n       int
	waiting [holdCapacity]waiting // in the order of coming
	hops    *nexthop.Table        // for which all that wait are unresolved
}

type waiting struct {
	packet burst.Packet
	next   flow.Addr // the neighbour
	since  time.Duration
}

// wait keeps packet i, ready but for its destination MAC address, and has management ask for that.
func (w *Worker) wait(i int, hop *nexthop.Hop) Verdict {
	h := &w.holding
	same := 0
	for j := range h.waiting[:h.n] {
		if q := &h.waiting[j]; q.next == hop.Addr && q.packet.Port == hop.Port {
			same++
		}
	}
	if same == 0 {
		w.mail.question(hop.Port, hop.Addr)
	}
	if same >= holdPerNeighbor || h.n == holdCapacity {
		return DropNeighbor
	}
	p := w.in.packet[i]
	p.Port = hop.Port
	h.waiting[h.n] = waiting{packet: p, next: hop.Addr, since: w.now}
	h.n++
	w.counters.Held++
	return Held
}

// sendHeld sends a packet that has waited.
func (w *Worker) sendHeld(p *burst.Packet) {
	mtu := w.tables.Hops.Ports()[p.Port].MTU
	if int(p.Len)-l3 <= int(mtu) {
		w.send(p)
	} else if v := w.sendCut(p, Held, mtu); v != Held {
		w.counters.Verdicts[v]++
	}
}

// release sends the waiting packets whose next hop is known by now, and drops those that waited too long.
func (w *Worker) release() {
	h := &w.holding
	if h.n == 0 || h.hops == w.tables.Hops && w.now-h.waiting[0].since <= holdTime {
		return // nothing can have changed: a full hold is not gone through every turn
	}
	h.hops = w.tables.Hops
	kept := 0
	for j := range h.waiting[:h.n] {
		q := &h.waiting[j]
		hop, result := w.tables.Hops.Lookup(q.next)
		switch {
		case result == nexthop.Found:
			w.counters.Held--
			rewrite.Link(wire.Ethernet(q.packet.Data), (*wire.MAC)(&hop.Src), (*wire.MAC)(&hop.MAC))
			q.packet.Port = hop.Port // a reload may have moved the neighbour
			w.sendHeld(&q.packet)
		case w.now-q.since > holdTime:
			w.counters.Held--
			w.counters.Verdicts[DropNeighbor]++
			w.free(&q.packet)
		default:
			h.waiting[kept] = *q
			kept++
		}
	}
	h.n = kept
}
