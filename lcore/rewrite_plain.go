package lcore

import (
	"cleat/lcore/conn"
	"cleat/lcore/nexthop"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// serverHop is the next hop to a real server, as it was when it was last asked for. By real server slot; of connections beside one another many go to
// the same server, and a table of neighbours is a cache line or two away.
type serverHop struct {
	hops *nexthop.Table // that was asked; nil: none was
	to   uint32         // the server's address: a slot may have had another one
	hop  *nexthop.Hop
}

// hopTo asks for the next hop to the server of connection c, and keeps the answer.
func (w *Worker) hopTo(c *conn.Entry, server uint32) *nexthop.Hop {
	h := &w.serverHops[c.Slot]
	*h = serverHop{w.tables.Hops, server, w.tables.Hops.Known(server)}
	return h.hop
}

// leavePlain is leave for plain packet i with verdict v, if nothing stands in its way: the next hop is known, and the packet is neither too old nor too
// long. Else it changes nothing and returns false.
func (w *Worker) leavePlain(i int, v Verdict) bool {
	p, c := &w.in.packet[i], &w.conns.Entries[w.in.conn[i]]
	frame := wire.AsPlain(p.Data)
	server, serverPort := c.Server4()
	var hop *nexthop.Hop
	if v == ForwardOutput {
		hop = w.tables.Hops.Known(frame.Dst())
	} else if h := &w.serverHops[c.Slot]; h.hops == w.tables.Hops && h.to == server {
		hop = h.hop
	} else {
		hop = w.hopTo(c, server)
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
