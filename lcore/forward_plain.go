package lcore

import (
	"math/bits"

	"cleat/lcore/burst"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// serverWay is what the packets of a real server's connections need of it, by its slot: many of a burst go to the same server, and the tables
// that all this is in are several cache lines.
type serverWay struct {
	tables    *Tables      // of which the rest is; nil: none
	hop       *nexthop.Hop // next hop to the server; nil: it is not known, or the server's address is no IPv4 address
	addr      uint32       // the server's address as it lies in a header
	own       uint32       // our address to speak from to the next hop, 0: none; host byte order
	available bool
	// plain: connections to the server need no more than an entry of IPv4. Then they go to port as it lies in a header, or 0, the packet's, and forward is how.
	plain   bool
	forward service.Forward
	port    uint16
	_       [35]byte
}

// wayTo returns what is known of the server in a slot.
func (w *Worker) wayTo(slot uint32) *serverWay {
	s := &w.ways[slot]
	if s.tables != w.tables {
		w.lookUp(s, slot)
	}
	return s
}

func (w *Worker) lookUp(s *serverWay, slot uint32) {
	r := w.tables.Services.Real(slot)
	*s = serverWay{tables: w.tables, available: r.Available}
	if r.Available {
		w.stats.of(r) // so that its packets are counted for the right service
	}
	if !r.Addr.Is4() {
		return
	}
	s.addr = bits.ReverseBytes32(r.Addr.Uint32())
	s.forward, s.port = r.Forward, bits.ReverseBytes16(r.Port)
	s.plain = r.Available && (r.Forward == service.NAT || r.Forward == service.Direct || r.Forward == service.Tunnel) && r.Upper == 0 && !w.isLocal(r.Addr)
	if s.hop = w.tables.Hops.Known(r.Addr.Uint32()); s.hop != nil {
		s.own = w.tables.Hops.Own(s.hop.Port, s.hop.Addr).Uint32()
	}
}

// forwardPlain is advance and then leave for the packets from i on, up to n, as long as they are plain and nothing about them and their connections is special.
// It returns the first one that is not, to which it does nothing, or n.
func (w *Worker) forwardPlain(i, n int) int {
	in, t, moves := &w.in, w.tables, w.defence.moves()
	for ; i < min(n, burst.Size) && in.isPlain(i); i++ {
		p, c, output := &in.packet[i], &w.conns.Entries[in.conn[i]], in.output[i]
		frame, way, state := wire.AsPlain(p.Data), w.wayTo(c.Slot), c.State
		if c.Aside != 0 || !way.available {
			return i
		}
		if c.Proto == flow.TCP {
			if state = moves.Next(state, c.Direction(output), frame.Flags()); state == conn.Special {
				return i
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
		w.stats.touch(c.Slot).packet(output, len(p.Data)-l3)
		if c.Proof != conn.Proven {
			w.prove(in.conn[i], output)
		}
		c.Timeout = t.Timeouts[state]
		if c.Restart(w.tick) {
			w.conns.File(in.conn[i])
		}
		if w.departPlain(p, frame, c, way, output) {
			in.left |= 1 << i
		}
	}
	return i
}

// departPlain sends a plain packet of connection c on its way, if nothing stands in that: the next hop is known, the packet is neither too old nor too long, and there is
// no tunnel. Else it does nothing and returns false.
func (w *Worker) departPlain(p *burst.Packet, frame *wire.Plain, c *conn.Entry, way *serverWay, output bool) bool {
	hop := way.hop
	if output {
		hop = w.tables.Hops.Known(frame.Dst())
	}
	if hop == nil || frame.TTL() <= 1 || len(p.Data)-l3 > int(hop.MTU) || frame.NoChecksum() {
		return false
	}
	switch server, port := c.Server4(); {
	case output && c.Forward == service.NAT:
		frame.ReplaceSrc(c.Virtual4())
	case output:
		return false
	case server != way.addr: // another one had the slot when the connection was made
		return false
	case c.Forward == service.NAT:
		frame.ReplaceDst(server, port)
	case c.Forward == service.Direct:
		frame.Older()
	default:
		return false
	}
	frame.SetLink((*wire.MAC)(&hop.Src), (*wire.MAC)(&hop.MAC))
	p.Port = hop.Port
	return true
}

// leavePlain is leave for packet i if it is plain, as one is whose connection it has made, or that forwardPlain has let lie. It returns false, and packet i is not plain
// then, if something is special.
func (w *Worker) leavePlain(i int) bool {
	in := &w.in
	if !in.isPlain(i) {
		return false
	}
	p, c := &in.packet[i], &w.conns.Entries[in.conn[i]]
	if !c.Wide() && (w.departPlain(p, wire.AsPlain(p.Data), c, w.wayTo(c.Slot), in.output[i]) || w.wrapPlain(i)) {
		return true
	}
	w.special(i)
	return false
}

// wrapPlain is wrap for plain packet i, if the way to the server is known; else it does nothing and returns false. What the packet's addresses are need be
// known only if it does not go the tunnel's way.
func (w *Worker) wrapPlain(i int) bool {
	in := &w.in
	c := &w.conns.Entries[in.conn[i]]
	way := w.wayTo(c.Slot)
	if c.Forward != service.Tunnel || in.verdict[i] != ForwardInput || way.hop == nil {
		return false
	}
	w.readPlain(i)
	if v := w.wrapTo(i, c, way.hop, nexthop.Found, flow.V4(way.own)); v != ForwardInput {
		w.special(i)
		in.verdict[i] = v
	}
	return true
}
