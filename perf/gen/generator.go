// Package gen generates the traffic of many clients and counts what comes back.
//
// A Generator plays a router: behind it are all clients, in front of it the director. One Turn:
//
//  1. receive: answer → flow → counts; in sessions, the flow's next question
//  2. ask: what the schedule says is due → questions of the flows whose turn it is
//  3. flood: SYNs from forged sources, by a schedule of their own
//  4. transmit
//
// Which flow an answer belongs to, its addresses and port say, since a flow's place in the array follows from them; which question, the
// answer's data (package payload), or for SYN and FIN TCP's sequence numbers. So there is no map, and no allocation.
package gen

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"

	"cleat/perf/host"
)

// Link is the generator's place on its link.
type Link struct {
	MAC   wire.MAC
	Addrs []flow.Addr // its own: the clients' router
	// Next are the next hops of the services, over IPv4 and over IPv6.
	Next [2]host.Next
}

// Generator is at work on one thread.
type Generator struct {
	*plan
	link   Link
	queues []burst.Queue // received from all, transmitted to the first
	pool   burst.Pool
	clock  func() time.Duration

	flows    *flows
	affinity *affinity
	in       [burst.Size]burst.Packet
	blank    []burst.Packet // empty ones, in stock
	out      []burst.Packet // to be transmitted

	now     time.Duration
	run     uint16 // number of the trial
	phase   phase
	units   pace
	forging pace
	forger  rng
	turn    walk    // of returning clients' flows
	passing walk    // of new clients' flows
	new     float64 // part of a flow of a new client that is due
	size    int     // index of the next frame's in sizes
	ready   preparation
	counts  Counts
	latency *hdrhistogram.Histogram
	heard   time.Duration // when an answer came last
	lasted  time.Duration // how long the trial offered
}

// phase of a trial.
type phase uint8

const (
	still     phase = iota // nothing is asked; answers are still counted
	preparing              // flows are opened
	offering
)

// New returns a Generator of one queue of each port. pool gives buffers, with room for the longest frame.
func New(l *Load, link Link, queues []burst.Queue, pool burst.Pool, clock func() time.Duration) (*Generator, error) {
	p, err := l.check()
	if err != nil {
		return nil, err
	}
	stock := (len(queues) + 1) * burst.Size // a reply for every packet received, and a burst by the schedule
	g := &Generator{
		plan: p, link: link, queues: queues, pool: pool, clock: clock, flows: newFlows(p),
		affinity: newAffinity(p.Persistence, p.clients.nets, len(p.targets)),
		blank:    make([]burst.Packet, 0, stock), out: make([]burst.Packet, 0, stock),
		forger: 1, latency: newLatency(),
	}
	returning := uint32(p.Flows)
	g.turn = newWalk(0, returning)
	g.passing = newWalk(returning, uint32(len(g.flows.all))-returning)
	return g, nil
}

// Turn receives a burst from every queue and sends what is due. It returns how many packets it received.
func (g *Generator) Turn() (n int) {
	g.now = g.clock()
	if len(g.out) == 0 {
		g.refill()
		for _, q := range g.queues {
			n += g.receive(q)
		}
		if g.known() {
			g.ask()
			g.flood()
		} else {
			g.seek()
		}
	}
	g.transmit()
	g.finish()
	return n
}

// refill sees to it that there is an empty packet for whatever a turn may send. Where buffers are short, a few will do: receiving frees others.
func (g *Generator) refill() {
	for _, many := range []int{burst.Size, 1} {
		for n := len(g.blank); n+many <= cap(g.blank) && g.pool.Alloc(g.blank[n:n+many]); n += many {
			g.blank = g.blank[:n+many]
		}
	}
}

// packet takes an empty packet out of stock and puts it behind those to be transmitted.
func (g *Generator) packet() *burst.Packet {
	last := len(g.blank) - 1
	g.out = append(g.out, g.blank[last])
	g.blank = g.blank[:last]
	return &g.out[len(g.out)-1]
}

// transmit sends what the port takes; the rest waits, and nothing else is done meanwhile.
func (g *Generator) transmit() {
	sent := 0
	for sent < len(g.out) {
		some := g.out[sent:min(sent+burst.Size, len(g.out))]
		n := g.queues[0].Transmit(some)
		sent += n
		if n < len(some) {
			break
		}
	}
	g.out = g.out[:copy(g.out, g.out[sent:])]
}

// receive takes a burst from a queue, of no more packets than there are empty ones for replies.
func (g *Generator) receive(q burst.Queue) int {
	n := q.Receive(g.in[:min(len(g.in), len(g.blank))])
	kept := 0 // those that go back to the pool
	for i := range g.in[:n] {
		if p := &g.in[i]; !g.answer(p) {
			g.in[kept] = *p
			kept++
		}
	}
	g.pool.Free(g.in[:kept])
	return n
}

// known reports whether all next hops are.
func (g *Generator) known() bool {
	return (len(g.flows.services[four]) == 0 || g.link.Next[four].Known()) && (len(g.flows.services[six]) == 0 || g.link.Next[six].Known())
}

// seek asks for the next hops.
func (g *Generator) seek() {
	for i := range g.link.Next {
		if next := &g.link.Next[i]; len(g.flows.services[i]) != 0 && next.Due(g.now) {
			next.Ask(g.packet(), g.now)
		}
	}
}

// owner implements host.Owner: all clients are behind the generator, whoever asks.
func (g *Generator) owner(a flow.Addr) (wire.MAC, bool) {
	for _, own := range g.link.Addrs {
		if own == a {
			return g.link.MAC, true
		}
	}
	_, client := g.clients.number(a)
	_, forged := g.forged.number(a)
	return g.link.MAC, client || forged
}

// Counts returns what became of the trial so far.
func (g *Generator) Counts() Counts {
	c := g.counts
	c.Late, c.FloodSent, c.FloodLate = g.units.late, g.forging.issued, g.forging.late
	return c
}

// Close gives back the packets in stock. The generator is of no use after it.
func (g *Generator) Close() {
	g.pool.Free(g.blank)
	g.pool.Free(g.out)
	g.blank, g.out = nil, nil
}
