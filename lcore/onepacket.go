package lcore

import (
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// onePacket forwards datagram i, to r or from it, as a connection of its own that ends with it (services.md S4, connections.md C6.2). The rest of the turn
// reads an entry that is not in the table, nor under a template, so what comes back from the server meets none, and is routed as it is.
func (w *Worker) onePacket(i int, k *flow.Key, r *service.Real, port uint16, at place) Verdict {
	in := &w.in
	n := w.conns.Borrow(k, r.Addr, port)
	in.conn[i] = n
	c := &w.conns.Entries[n]
	c.Slot, c.Forward, c.Mark, c.State = r.Slot, r.Forward, in.mark[i], conn.UDP
	c.Owner = at.owner
	w.served(i, r)
	w.stats.connection(r, in.virtual[i])
	w.opened(c, r)
	w.closed(c)
	w.pass(i, c, r)
	return in.verdict[i]
}

// single reports whether packet i to service v is scheduled alone.
func (w *Worker) single(i int, v *service.Virtual) bool {
	return v.OnePacket && w.in.key[i].Proto == flow.UDP
}
