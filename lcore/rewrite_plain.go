package lcore

import (
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
	if h.hops != w.tables.Hops || h.to != server {
		w.askHop(h, server)
	}
	return h
}

func (w *Worker) askHop(h *serverHop, server uint32) {
	hops := w.tables.Hops
	*h = serverHop{hops: hops, to: server, hop: hops.Known(server)}
	if h.hop != nil {
		h.own = hops.Own(h.hop.Port, h.hop.Addr).Uint32()
	}
}

// leavePlain is leave for plain packet i with verdict v, if nothing stands in its way: the next hop is known, and the packet is neither too old nor too
// long. Else it changes nothing and returns false.
func (w *Worker) leavePlain(i int, v Verdict) bool {
	p, c := &w.in.packet[i], &w.conns.Entries[w.in.conn[i]]
	frame := wire.AsPlain(p.Data)
	server, serverPort := c.Server4()
	var hop *nexthop.Hop
	if v == ForwardInput {
		hop = w.hopTo(c.Slot, server).hop
	} else {
		hop = w.tables.Hops.Known(frame.Dst())
	}
	if c.Wide() || hop == nil || frame.TTL() <= 1 || frame.TotalLen() > int(hop.MTU) || frame.NoChecksum() {
		return false
	}
	switch {
	case c.Forward == service.NAT && v == ForwardInput:
		frame.ReplaceDst(server, serverPort)
	case c.Forward == service.NAT:
		frame.ReplaceSrc(c.Virtual4())
	case c.Forward == service.Direct:
		frame.Older()
	default:
		return false
	}
	frame.SetLink((*wire.MAC)(&hop.Src), (*wire.MAC)(&hop.MAC))
	p.Port = hop.Port
	return true
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
