package lcore

import (
	"cleat/lcore/burst"
	"cleat/lcore/service"
)

// order is which sources the next turn asks first.
type order struct {
	ports      bool // ports before other workers
	port, peer int  // number of the first of each kind
}

// next changes one thing a turn, until every source has been the first of all.
func (o *order) next(ports, peers int) {
	if o.port++; o.port < ports {
		return
	}
	o.port = 0
	if o.ports = !o.ports; o.ports {
		return
	}
	if o.peer++; o.peer >= peers {
		o.peer = 0
	}
}

// receive fills the burst from all sources: ports, and what other workers handed over. Each is asked first now and then, so that none
// starves when there is more than a worker can take: the answers of neighbours, which come from ports, are heard even then. What waited for an answer comes before all.
func (w *Worker) receive() {
	w.in.reset()
	w.touched.reset()
	w.nobody = target{}
	w.remembers.reset()
	w.removed = false
	w.sought.n = 0
	w.clock()
	w.resume()
	w.receiveParts()
	if w.order.ports {
		w.receivePorts()
		w.receivePeers()
	} else {
		w.receivePeers()
		w.receivePorts()
	}
	w.order.next(len(w.Queues), 2*len(w.peers))
}

func (w *Worker) receivePorts() {
	in := &w.in
	for i := 0; i < len(w.Queues) && in.N < burst.Size; i++ {
		n := w.Queues[(w.order.port+i)%len(w.Queues)].Receive(in.packet[in.N:])
		w.counters.Received += uint64(n)
		in.enter(n, none)
	}
}

// receivePeers asks two sources a peer: the even ones are what it handed over, the odd ones its questions and answers.
func (w *Worker) receivePeers() {
	in := &w.in
	for i := 0; i < 2*len(w.peers) && in.N < burst.Size; i++ {
		source := (w.order.peer + i) % (2 * len(w.peers))
		switch p := &w.peers[source/2]; {
		case p.from == nil: // it is this worker
		case source%2 != 0:
			w.receiveInquiries(source/2, p.asks)
		default:
			n := p.from.Pop(in.packet[in.N:])
			w.counters.Taken += uint64(n)
			in.enter(n, moved)
		}
	}
}

// reset empties the burst: all at once, which is less than packet by packet.
func (c *columns) reset() {
	c.N, c.long = 0, 0
	c.plain, c.left, c.fresh, c.short, c.noInput, c.noOutput = 0, 0, 0, 0, 0, 0
	c.open, c.parts, c.together = false, false, false
	c.verdict, c.errand = [burst.Size]Verdict{}, [burst.Size]errand{}
	c.conn, c.template, c.missing = [burst.Size]uint32{}, [burst.Size]uint32{}, [burst.Size]uint64{}
	c.related, c.ipsec, c.inside = [burst.Size]bool{}, [burst.Size]bool{}, [burst.Size]uint16{}
	c.part = [burst.Size]part{}
	c.virtual = [burst.Size]*service.Virtual{}
}

// enter takes the next n packets into the burst.
func (c *columns) enter(n int, e errand) {
	if e != none {
		for i := c.N; i < c.N+n; i++ {
			c.errand[i] = e
		}
	}
	c.N += n
}

// clock reads the time, once a turn.
func (w *Worker) clock() {
	before := w.now
	w.now = w.Clock()
	w.tick = ticksOf(w.now)
	w.counters.gap(w.now - before)
	w.counters.Turns++
}
