package gen

import (
	"cleat/lcore/burst"
	"cleat/lcore/wire"

	"cleat/perf/host"
	"cleat/perf/payload"
)

// walk goes through n numbers from first on, each once a round, neighbours far apart.
type walk struct{ first, n, step, at uint64 }

func newWalk(first, n uint32) walk {
	w := walk{first: uint64(first), n: uint64(n), step: uint64(float64(n)*0.618) | 1}
	for divisor(w.step, w.n) > 1 {
		w.step += 2
	}
	return w
}

// divisor is the greatest that both have.
func divisor(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func (w *walk) next() uint32 {
	w.at = (w.at + w.step) % w.n
	return uint32(w.first + w.at)
}

// rng is a xorshift generator; not 0.
type rng uint64

func (r *rng) next() uint64 {
	*r ^= *r << 13
	*r ^= *r >> 7
	*r ^= *r << 17
	return uint64(*r)
}

// ask issues what is due.
func (g *Generator) ask() {
	switch g.phase {
	case preparing:
		g.prepare()
	case offering:
		n := min(g.units.due(g.now), burst.Size, len(g.blank))
		for range n {
			g.advance(g.pick())
		}
		g.units.issued += uint64(n)
	}
}

// pick returns the flow whose turn it is: of a new client by the Load's part, or else of a returning one.
func (g *Generator) pick() uint32 {
	if g.new += g.New; g.new >= 1 {
		g.new--
		return g.passing.next()
	}
	return g.turn.next()
}

// advance asks a flow's next question. In sessions, that begins a new one: answers do the rest.
func (g *Generator) advance(i uint32) {
	c := &g.flows.all[i]
	switch {
	case g.session, c.state == idle, c.state == closing, c.state == opening && g.tcp:
		g.open(i)
	case g.Requests == 0 || g.requests(c) < g.Requests:
		g.request(i)
	case g.tcp:
		g.close(i)
	default:
		g.open(i)
	}
}

// requests is how many questions with data a flow has asked.
func (g *Generator) requests(c *connection) int {
	if g.tcp {
		return int(c.asked) - 1
	}
	return int(c.asked)
}

// open begins the next flow in a place, whatever has become of the one before.
func (g *Generator) open(i uint32) {
	c := g.flows.renew(i)
	c.state = opening
	g.counts.Opened++
	if !g.tcp {
		g.request(i)
		return
	}
	g.segment(i, wire.SYN, empty)
	g.asked(c)
}

// request asks a question with data.
func (g *Generator) request(i uint32) {
	c := &g.flows.all[i]
	size := g.sizes[g.size]
	if g.size++; g.size == len(g.sizes) {
		g.size = 0
	}
	if g.tcp {
		c.bytes += g.segment(i, wire.PSH|wire.ACK, size)
	} else {
		p, e := g.packet(), g.ends(i)
		seal(p, &e, g.fill(c, datagram(p, &e, size)))
	}
	g.asked(c)
}

// close asks the server to end.
func (g *Generator) close(i uint32) {
	c := &g.flows.all[i]
	c.state = closing
	g.segment(i, wire.FIN|wire.ACK, empty)
	g.asked(c)
}

// acknowledge says that the last answer has come; that is no question.
func (g *Generator) acknowledge(i uint32) { g.segment(i, wire.ACK, empty) }

func (g *Generator) asked(c *connection) {
	c.asked++
	c.sent = int64(g.now)
	g.counts.Asked++
}

// segment sends one, and returns how many data are in it. Sequence numbers follow from the flow: the client has sent its SYN and so many data,
// the server its own and as many; after both FINs, one more each.
func (g *Generator) segment(i uint32, flags uint8, size int) uint32 {
	c := &g.flows.all[i]
	seq, ack := g.flows.initial(i), uint32(0)
	if flags&wire.SYN == 0 {
		seq, ack = seq+1+c.bytes, c.remote+1+c.bytes
		if flags == wire.ACK && c.state == closing {
			seq, ack = seq+1, ack+1
		}
	}
	p, e := g.packet(), g.ends(i)
	data := segment(p, &e, seq, ack, flags, size)
	seal(p, &e, g.fill(c, data))
	return uint32(len(data))
}

// fill writes the question into its data and returns how many bytes at their beginning may be other than zero.
func (g *Generator) fill(c *connection, data []byte) int {
	if len(data) == 0 {
		return 0
	}
	payload.Put(data, &payload.Question{Number: c.asked, Client: c.client, Run: g.run, Sent: int64(g.now)})
	return min(len(data), payload.Len)
}

// ends are a flow's.
func (g *Generator) ends(i uint32) ends {
	t := g.flows.target(i)
	return ends{
		src: g.link.MAC, dst: g.next(t).MAC,
		from: g.clients.address(g.flows.all[i].client), to: t.addr, fromPort: g.flows.port(i), toPort: t.port,
	}
}

// flood sends SYNs from forged sources.
func (g *Generator) flood() {
	if g.phase != offering || g.Flood == 0 {
		return
	}
	n := min(g.forging.due(g.now), burst.Size, len(g.blank))
	for range n {
		r := g.forger.next()
		from := g.forged.address(uint32(r >> 32 % uint64(g.forged.count)))
		services := g.flows.services[four]
		if !from.Is4() {
			services = g.flows.services[six]
		}
		t := &services[r%uint64(len(services))]
		p := g.packet()
		e := ends{src: g.link.MAC, dst: g.next(t).MAC, from: from, to: t.addr, fromPort: uint16(r>>16) | 1<<10, toPort: t.port}
		segment(p, &e, uint32(r), 0, wire.SYN, empty)
		seal(p, &e, 0)
	}
	g.forging.issued += uint64(n)
}

// next is the way to a service.
func (g *Generator) next(t *target) *host.Next {
	if t.addr.Is4() {
		return &g.link.Next[four]
	}
	return &g.link.Next[six]
}
