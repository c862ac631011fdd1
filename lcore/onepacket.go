package lcore

import (
	"cleat/lcore/conn"
	"cleat/lcore/service"
)

// onePacket forwards datagram i to r as a connection of its own that ends with it (services.md S4, connections.md C6.2). The rest of the turn
// reads an entry that is not in the table, nor under the template t, so what comes back from the server meets none, and is routed as it is.
func (w *Worker) onePacket(i int, r *service.Real, port uint16, t uint32) Verdict {
	in := &w.in
	n := w.conns.Borrow(&in.key[i], r.Addr, port)
	in.conn[i], in.output[i] = n, false
	c := &w.conns.Entries[n]
	c.Slot, c.Forward, c.Mark, c.State = r.Slot, r.Forward, in.mark[i], conn.UDP
	w.stats.connection(r)
	w.opened(c, r)
	w.closed(c)
	w.pass(i, c, r)
	if t != 0 {
		w.tmpls.Entries[t].InPackets++ // P3.2
	}
	return in.verdict[i]
}
