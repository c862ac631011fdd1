package lcore

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// serverHop is the next hop to a real server, as it was when it was last asked for. By real server slot; of connections beside one another many go to
// the same server, and a table of neighbours is a cache line or two away.
type serverHop struct {
	hops *nexthop.Table // that was asked; nil: none was
	to   uint32         // the server's address: a slot may have had another one
	own  uint32         // our address to speak from to the next hop, 0: none
	hop  *nexthop.Hop   // nil: not known
}

// hopTo returns the next hop to a server of IPv4 in a slot.
func (w *Worker) hopTo(slot, server uint32) *serverHop {
	h := &w.serverHops[slot]
	if !h.is(w.tables.Hops, server) {
		*h = serverHop{hops: w.tables.Hops, to: server, hop: w.tables.Hops.Known(server)}
		if h.hop != nil {
			h.own = h.hops.Own(h.hop.Port, h.hop.Addr).Uint32()
		}
	}
	return h
}

func (h *serverHop) is(hops *nexthop.Table, server uint32) bool {
	return h.hops == hops && h.to == server
}

// leavePlain is leave for the packets from i on, up to n, as long as they are plain and nothing stands in their way: the next hop is known, they are neither too
// old nor too long, and there is no tunnel. It returns the first one that is not, to which it does nothing, or n.
func (w *Worker) leavePlain(i, n int) int {
	in, hops := &w.in, w.tables.Hops
	for ; i < min(n, burst.Size) && in.isPlain(i); i++ {
		p, c := &in.packet[i], &w.conns.Entries[in.conn[i]]
		frame, input := wire.AsPlain(p.Data), !in.output[i]
		server, serverPort := c.Server4()
		var hop *nexthop.Hop
		if !input {
			hop = hops.Known(frame.Dst())
		} else if h := &w.serverHops[c.Slot]; h.is(hops, server) {
			hop = h.hop
		} else {
			hop = w.hopTo(c.Slot, server).hop
		}
		if c.Wide() || hop == nil || frame.TTL() <= 1 || frame.TotalLen() > int(hop.MTU) || frame.NoChecksum() {
			return i
		}
		switch {
		case c.Forward == service.NAT && input:
			frame.ReplaceDst(server, serverPort)
		case c.Forward == service.NAT:
			frame.ReplaceSrc(c.Virtual4())
		case c.Forward == service.Direct:
			frame.Older()
		default:
			return i
		}
		frame.SetLink((*wire.MAC)(&hop.Src), (*wire.MAC)(&hop.MAC))
		p.Port = hop.Port
	}
	return i
}

// wrapPlain is wrap for plain packet i, if the way to the server is known; else it does nothing and returns false. What the packet's addresses are need be
// known only if it does not go the tunnel's way.
func (w *Worker) wrapPlain(i int) bool {
	in := &w.in
	c := &w.conns.Entries[in.conn[i]]
	if c.Forward != service.Tunnel || in.verdict[i] != ForwardInput || c.Wide() {
		return false
	}
	server, _ := c.Server4()
	h := w.hopTo(c.Slot, server)
	if h.hop == nil {
		return false
	}
	in.ip[i] = in.packet[i].Data[l3:]
	if v := w.wrapTo(i, c, h.hop, nexthop.Found, flow.V4(h.own)); v != ForwardInput {
		w.special(i)
		in.verdict[i] = v
	}
	return true
}
