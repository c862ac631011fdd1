package gen

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"

	"cleat/perf/host"
	"cleat/perf/payload"
)

// heard is what counting needs to know of an answer.
type heard struct {
	from, to         flow.Addr
	fromPort, toPort uint16
	flags            uint8 // of TCP
	seq, ack         uint32
	data             []byte
	corrupt          bool
}

// answer counts a packet, and asks what comes next. It reports whether the packet itself is sent on: an answer of our own to a question
// about the link.
func (g *Generator) answer(p *burst.Packet) (kept bool) {
	var h heard
	if p.Segments != 1 || !g.parse(p, &h) {
		return g.strange(p)
	}
	client, ok := g.clients.number(h.to)
	if !ok {
		if _, forged := g.forged.number(h.to); forged {
			g.counts.FloodAnswered++
		} else {
			g.counts.Foreign++
		}
		return false
	}
	if h.corrupt {
		g.counts.Corrupt++
		return false
	}
	i, ok := g.flows.find(client, h.toPort)
	if t := g.flows.target(i); !ok || h.from != t.addr || h.fromPort != t.port {
		g.counts.Foreign++
		return false
	}
	if h.flags&wire.RST != 0 {
		g.counts.Resets++
		g.flows.all[i].state = idle
		return false
	}
	g.judge(i, &h)
	return false
}

// strange handles what is no answer of a service: questions about the link, answers about the next hop.
func (g *Generator) strange(p *burst.Packet) (kept bool) {
	if host.Answer(p, g.owner) {
		if len(g.out) < cap(g.out) {
			g.out = append(g.out, *p)
			return true
		}
		return false
	}
	for i := range g.link.Next {
		if g.link.Next[i].Learn(p) {
			return false
		}
	}
	g.counts.Foreign++
	return false
}

// parse reads a packet of the Load's protocol.
func (g *Generator) parse(p *burst.Packet, h *heard) bool {
	eth, ok := wire.ParseEthernet(p.Data)
	if !ok {
		return false
	}
	var l4 []byte
	var proto uint8
	var pseudo uint32
	switch size := int(p.Len) - wire.EthernetLen; eth.Type() {
	case wire.TypeIPv4:
		ip, ok := wire.ParseIPv4(eth.Payload(), size)
		if !ok || ip.IsFragment() {
			return false
		}
		h.from, h.to, h.corrupt = flow.V4(ip.Src()), flow.V4(ip.Dst()), !ip.ChecksumOK()
		l4, proto, pseudo = ip.Payload(), ip.Protocol(), ip.Pseudo()
	case wire.TypeIPv6:
		ip, ok := wire.ParseIPv6(eth.Payload(), size)
		if !ok {
			return false
		}
		h.from, h.to = ip.Src(), ip.Dst()
		l4, proto = ip.Payload(), ip.Next()
		pseudo = wire.PseudoIPv6(h.from, h.to, proto, ip.PayloadLen())
	default:
		return false
	}
	if !g.transport(l4, proto, h) {
		return false
	}
	h.corrupt = h.corrupt || wire.Checksum(l4, pseudo) != 0
	return true
}

// transport reads a segment or a datagram, whichever the Load sends.
func (g *Generator) transport(l4 []byte, proto uint8, h *heard) bool {
	if g.tcp {
		t, ok := wire.ParseTCP(l4)
		if !ok || proto != flow.TCP {
			return false
		}
		h.fromPort, h.toPort, h.flags, h.seq, h.ack = t.SrcPort(), t.DstPort(), t.Flags(), t.Seq(), t.Ack()
		h.data = t[t.HeaderLen():]
		return true
	}
	u, ok := wire.ParseUDP(l4)
	if !ok || proto != flow.UDP || u.Len() != len(l4) {
		return false
	}
	h.fromPort, h.toPort, h.data = u.SrcPort(), u.DstPort(), u[wire.UDPLen:]
	return true
}

// judge counts an answer to a flow.
func (g *Generator) judge(i uint32, h *heard) {
	c := &g.flows.all[i]
	number, server, ok := g.question(i, c, h)
	if !ok || number >= c.asked {
		g.counts.Foreign++
		return
	}
	g.heard = g.now
	r := c.window.take(number)
	switch r {
	case duplicate, stale:
		g.counts.Duplicated++
		return
	case reordered:
		g.counts.Reordered++
	}
	g.counts.Answered++
	g.time(c, number, h.data)
	if server != payload.Nobody {
		g.bind(i, c, server)
	}
	g.proceed(i, c, number, h)
}

// question returns which question was answered, and by whom, if that can be told.
func (g *Generator) question(i uint32, c *connection, h *heard) (number uint32, server uint16, ok bool) {
	switch {
	case len(h.data) >= payload.ShortLen:
		server = payload.Server(h.data)
		ours := !payload.Stamped(h.data) || payload.Of(h.data, g.run, c.client)
		return payload.Number(h.data), server, ours && server != payload.Nobody
	case !g.tcp || h.flags&wire.ACK == 0:
		return 0, 0, false
	case h.flags&wire.SYN != 0:
		return 0, uint16(h.seq), h.ack == g.flows.initial(i)+1
	case h.flags&wire.FIN != 0:
		return c.asked - 1, payload.Nobody, h.ack == g.flows.initial(i)+1+c.bytes+1
	}
	return 0, 0, false
}

// time records how long a question was under way.
func (g *Generator) time(c *connection, number uint32, data []byte) {
	age := int64(g.now) - c.sent
	switch {
	case payload.Stamped(data):
		age = payload.Age(data, int64(g.now))
	case number != c.asked-1:
		return // when it was sent is not known any more
	}
	_ = g.latency.RecordValue(min(max(age, 1), latencyMost)) // in range, so there is no error
}

// bind notes who answers a flow, and counts if that should have been another one.
func (g *Generator) bind(i uint32, c *connection, server uint16) {
	if c.server == server {
		return
	}
	broken := c.server != payload.Nobody // another server takes part in the flow
	if !broken {
		broken = g.affinity.begin(g.clients.netOf(c.client), g.flows.target(i).number, server, int64(g.now))
	}
	if broken {
		g.counts.Violations++
	}
	c.server = server
}

// proceed takes a flow on by an answer.
func (g *Generator) proceed(i uint32, c *connection, number uint32, h *heard) {
	last := number == c.asked-1
	switch {
	case !g.tcp:
		c.state = g.opened(c)
		if g.Requests != 0 && int(number) == g.Requests-1 {
			g.counts.Completed++
			c.state = idle
		} else if g.session && last {
			g.request(i)
		}
	case h.flags&wire.SYN != 0:
		c.remote = h.seq
		c.state = g.opened(c)
		if g.session {
			g.request(i) // its ACK completes the handshake
		} else {
			g.acknowledge(i)
		}
	case h.flags&wire.FIN != 0 && c.state == closing:
		g.acknowledge(i)
		g.counts.Completed++
		c.state = idle
	case g.session && last && g.requests(c) < g.Requests:
		g.request(i)
	case g.session && last:
		g.close(i)
	}
}

// opened is the state after an answer; a flow that was being prepared is ready by it.
func (g *Generator) opened(c *connection) state {
	if g.phase == preparing && c.state == opening {
		g.prepared()
	}
	return open
}
