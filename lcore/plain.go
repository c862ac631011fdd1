package lcore

import (
	"math/bits"

	"cleat/lcore/burst"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/service"
	"cleat/lcore/template"
	"cleat/lcore/wire"
)

// This file is what becomes of plain packets of known connections, in one go: what track and rewrite do with others. Nearly all packets are steady: they change nothing but
// counters and a timer. Their loop calls nothing, so that what it has in registers stays there.

// serverWay is what the packets of a real server's connections need of it, by its slot, and where they are counted at first. One cache line for steady packets, and one
// for others.
type serverWay struct {
	tables *Tables // of which the rest is; nil: to be looked up (again), as always if the server is not available
	recent traffic // see stats.settle
	addr   uint32  // the server's address as it lies in a header
	mtu    uint16  // of the link to it, or of the way if it is tunnelled to; 0: the next hop is not known
	exit   uint16  // number of the port to it
	link   wire.Link
	_      [4]byte
	hop    *nexthop.Hop // next hop to the server; nil: it is not known, or the server's address is no IPv4 address
	own    uint32       // our address to speak from to the next hop, 0: none; host byte order
	// plain: connections to the server need no more than an entry of IPv4. Then they go to port as it lies in a header, or 0, the packet's, and forward is how.
	plain   bool
	forward service.Forward
	port    uint16
	opened  uint64  // connections, likewise to be settled
	asked   *Tables // that were asked last: all that is looked up is theirs
	ipip    bool    // the server is tunnelled to with no more than an IPv4 header, and next hop and our address are known
	ends    uint64  // our address and the server's, as they lie in that header
	_       [16]byte
}

// wayTo returns what is known of the server in a slot.
func (w *Worker) wayTo(slot uint32) *serverWay {
	s := &w.stats.ways[slot]
	if s.tables != w.tables {
		w.lookUp(s, slot)
	}
	return s
}

func (w *Worker) lookUp(s *serverWay, slot uint32) {
	r := w.tables.Services.Real(slot)
	if r.Available {
		w.stats.of(r) // so that packets are counted for the right service, and what is counted here is published
	}
	if s.asked != w.tables {
		w.askWay(s, r)
	}
	if s.ipip {
		s.mtu = w.pathMTU(r, s.hop.MTU) // which may have been told, or forgotten, meanwhile
	}
	if r.Available {
		s.tables = w.tables
	}
}

// askWay looks up what the tables say of the way to r.
func (w *Worker) askWay(s *serverWay, r *service.Real) {
	*s = serverWay{recent: s.recent, opened: s.opened, asked: w.tables}
	if !r.Addr.Is4() {
		return
	}
	s.addr = bits.ReverseBytes32(r.Addr.Uint32())
	s.forward, s.port = r.Forward, bits.ReverseBytes16(r.Port)
	s.plain = r.Available && (r.Forward == service.NAT || r.Forward == service.Direct || r.Forward == service.Tunnel) && r.Upper == 0 && !w.isLocal(r.Addr)
	if s.hop = w.tables.Hops.Known(r.Addr.Uint32()); s.hop != nil {
		s.own = w.tables.Hops.Own(s.hop.Port, s.hop.Addr).Uint32()
		s.ends = uint64(bits.ReverseBytes32(s.own)) | uint64(s.addr)<<32
		s.ipip = r.Forward == service.Tunnel && r.Tunnel.Type == service.IPIP && s.own != 0
		s.mtu, s.exit, s.link = s.hop.MTU, s.hop.Port, wire.LinkOf((*wire.MAC)(&s.hop.Src), (*wire.MAC)(&s.hop.MAC))
	}
}

// forwardPlain is advance, and then leave, for the packets from i on, up to n, as long as they are plain and nothing about them and their connections is special. It returns
// the first one that is not, to which it does nothing, or n. Where something is in a packet's way, rewrite sees to that.
func (w *Worker) forwardPlain(i, n int) int {
	for {
		if i = w.forwardSteady(i, n); i >= n || !w.in.isPlain(i) || !w.advancePlain(i) {
			return i
		}
		w.departPlain(i)
		i++
	}
}

// forwardSteady is forwardPlain for steady packets that leave as they should. The connections need only be candidates: they are compared. It returns the first packet that is
// another one's or not steady, to which it does nothing, or n.
func (w *Worker) forwardSteady(i, n int) int {
	for i < n && w.in.isPlain(i) {
		next := i
		switch kind := w.conns.Entries[w.in.conn[i]].Steadiness(); kind {
		case conn.SteadyNAT, conn.SteadyDirect, conn.SteadyUDP:
			next = w.forwardRun(i, n, kind)
		case conn.SteadyTunnel:
			next = w.wrapRun(i, n)
		}
		if next == i {
			break
		}
		i = next
	}
	return i
}

// forwardRun is forwardSteady for packets of one kind of connections, by their Steadiness: NAT's or direct routing.
func (w *Worker) forwardRun(i, n int, kind uint64) int {
	in, t := &w.in, w.tables
	entries, ways := w.conns.Entries, w.stats.ways
	udp, nat := kind == conn.SteadyUDP, kind != conn.SteadyDirect
	lifetime := t.Timeouts[conn.StateOf(kind)]
	deadline := w.tick + lifetime
	first, end := uint(i), min(uint(n), uint(i+bits.TrailingZeros32(^(in.plain>>i))))
	at, exits, outputs := first, uint16(0), uint64(0)
	for ; at < end; at++ {
		i := at % burst.Size
		p, c, output := &in.packet[i], &entries[in.conn[i]], in.output[i]
		frame, way := wire.AsPlain(p.Data), &ways[c.Slot]
		length := frame.TotalLen()
		if c.Steadiness() != kind || !c.RunsFor(lifetime) || frame.TTL() <= 1 || way.tables != t || !changesNothing(frame, udp) {
			break
		}
		var addresses, ports uint64 // by how much they change sums
		if output {
			hop := t.Hops.ByRouter(frame.Dst())
			if c.FromAnswer(frame.Ends(), frame.EndPorts()) != 0 || hop == nil || length > int(hop.MTU) || udp && c.Owner != 0 {
				break
			}
			frame.SetLink((*wire.MAC)(&hop.Src), (*wire.MAC)(&hop.MAC))
			p.Port = hop.Port
			addresses, ports = frame.SetSrc(c.Virtual4())
			in.verdict[i] = ForwardOutput
			way.recent.out(length)
			outputs++
			if udp && c.Template != 0 {
				w.tmpls.Entries[c.Template].State = template.Assured // as assure does
			}
		} else {
			server, port := c.Server4()
			if c.FromRequest(frame.Ends(), frame.EndPorts()) != 0 || length > int(way.mtu) || server != way.addr {
				break
			}
			frame.SetLinks(&way.link)
			p.Port = way.exit
			if nat {
				addresses, ports = frame.SetDst(server, port)
			}
			in.verdict[i] = ForwardInput
			way.recent.in(length)
			c.InPackets++
		}
		c.Rewind(deadline)
		frame.Older(addresses)
		if udp {
			frame.UpdateUDP(addresses + ports)
		} else if nat {
			frame.UpdateTCP(addresses + ports)
		}
		exits |= p.Port ^ in.packet[0].Port
	}
	in.left |= uint32(uint64(1)<<at - uint64(1)<<first)
	if first == 0 && at == uint(in.N) && exits == 0 {
		in.together, in.outputs = true, outputs
	}
	return int(at)
}

// changesNothing reports whether a packet of an established connection leaves that as it is, whoever sends it, and can be translated like others.
func changesNothing(frame *wire.Plain, udp bool) bool {
	if udp {
		return !frame.NoChecksum()
	}
	return frame.IsACK()
}

// wrapRun is forwardSteady for what goes through ipip tunnels.
func (w *Worker) wrapRun(i, n int) int {
	in, t := &w.in, w.tables
	entries, ways := w.conns.Entries, w.stats.ways
	lifetime := t.Timeouts[conn.Established]
	first, end := uint(i), min(uint(n), uint(i+bits.TrailingZeros32(^(in.plain>>i))))
	at := first
	for ; at < end; at++ {
		i := at % burst.Size
		p, c := &in.packet[i], &entries[in.conn[i]]
		frame, way := wire.AsPlain(p.Data), &ways[c.Slot]
		length := frame.TotalLen()
		if c.Steadiness() != conn.SteadyTunnel || !c.RunsFor(lifetime) || !frame.IsACK() || frame.TTL() <= 1 || way.tables != t {
			break
		}
		if server, _ := c.Server4(); in.output[i] || c.FromRequest(frame.Ends(), frame.EndPorts()) != 0 || server != way.addr ||
			!way.ipip || length+wire.IPv4Len > int(way.mtu) || p.Headroom < wire.IPv4Len {
			break
		}
		frame.Older(0)
		outer, ttl := frame.Outer(uint16(w.identify()), t.PMTUDisc), frame.TTL()
		p.Prepend(wire.IPv4Len)
		frame = wire.AsPlain(p.Data)
		frame.SetLinks(&way.link)
		frame.SetOuter(outer, ttl, way.ends)
		p.Port = way.exit
		in.verdict[i] = ForwardInput
		way.recent.in(length)
		c.InPackets++
		c.Rewind(w.tick + lifetime)
	}
	in.left |= uint32(uint64(1)<<at - uint64(1)<<first)
	return int(at)
}

// advancePlain is advance for plain packet i. It returns false, and has done nothing, if something is special.
func (w *Worker) advancePlain(i int) bool {
	in := &w.in
	c, output := &w.conns.Entries[in.conn[i]], in.output[i]
	way, state := w.wayTo(c.Slot), c.State
	if c.Aside != 0 || way.tables == nil {
		return false
	}
	if c.Proto == flow.TCP {
		state = w.defence.moves().Next(state, c.Direction(output), wire.AsPlain(in.packet[i].Data).Flags())
		if state == conn.Special {
			return false
		}
		if state != c.State {
			w.setState(c, state)
		}
	} else if output {
		c.NoOutput = false
		w.assure(c)
	}
	in.verdict[i] = ForwardInput
	if output {
		in.verdict[i] = ForwardOutput
	} else {
		c.InPackets++
	}
	way.recent.packet(output, in.packetLen(i))
	if c.Proof != conn.Proven {
		w.prove(in.conn[i], output)
	}
	c.Timeout = w.tables.Timeouts[state]
	w.conns.Touch(in.conn[i], w.tick)
	return true
}

// departPlain is leave for plain packet i, of an IPv4 connection, if nothing stands in its way: the next hop is known, the packet is neither too old nor too long, and there is no
// tunnel. Else it does nothing.
func (w *Worker) departPlain(i int) {
	in := &w.in
	p, c, output := &in.packet[i], &w.conns.Entries[in.conn[i]], in.output[i]
	frame, way := wire.AsPlain(p.Data), w.wayTo(c.Slot)
	hop, nat := way.hop, c.Forward == service.NAT
	if output {
		hop = w.tables.Hops.Known(frame.Dst())
	}
	if hop == nil || frame.TTL() <= 1 || frame.TotalLen() > int(hop.MTU) || frame.NoChecksum() || c.Wide() {
		return
	}
	var addresses, ports uint64
	switch server, port := c.Server4(); {
	case output && nat:
		addresses, ports = frame.SetSrc(c.Virtual4())
	case output || server != way.addr: // another server had the slot when the connection was made
		return
	case nat:
		addresses, ports = frame.SetDst(server, port)
	case c.Forward != service.Direct:
		return
	}
	frame.Older(addresses)
	switch {
	case nat && c.Proto == flow.TCP:
		frame.UpdateTCP(addresses + ports)
	case nat:
		frame.UpdateUDP(addresses + ports)
	}
	frame.SetLink((*wire.MAC)(&hop.Src), (*wire.MAC)(&hop.MAC))
	p.Port = hop.Port
	in.left |= 1 << i
}

// wrapPlain is wrap for plain packet i, if the way to the server is known; else it does nothing and returns false. What the packet's addresses are need be
// known only if it does not go the tunnel's way.
func (w *Worker) wrapPlain(i int) bool {
	in := &w.in
	c := &w.conns.Entries[in.conn[i]]
	way := w.wayTo(c.Slot)
	if c.Forward != service.Tunnel || in.verdict[i] != ForwardInput || way.hop == nil || c.Wide() {
		return false
	}
	w.readPlain(i)
	if v := w.wrapTo(i, c, way.hop, nexthop.Found, flow.V4(way.own)); v != ForwardInput {
		w.special(i)
		in.verdict[i] = v
	}
	return true
}
