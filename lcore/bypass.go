package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// bypasses reports whether packet i, for which service v has no server, goes where it is addressed to instead (connections.md C8 1): a mark's service may
// stand between clients and others, as one of caches does.
func (w *Worker) bypasses(i int, v *service.Virtual) bool {
	in := &w.in
	return w.tables.CacheBypass && v.Mark != 0 && !in.related[i] && in.dst[i]&(address.Own|address.VIP) == 0
}

// bypass opens a connection that has no server: no server's counters know it, and no server that goes takes it along.
func (w *Worker) bypass(i int, v *service.Virtual) Verdict {
	in := &w.in
	k := &in.key[i]
	nowhere := flow.V4(0)
	if !k.Src.Is4() {
		nowhere = flow.Addr{}
	}
	var n uint32
	if w.single(i, v) {
		n = w.conns.Borrow(k, nowhere, 0)
	} else if n = w.insert(k, nowhere, 0); n == 0 {
		return DropConnectionsFull
	}
	c := &w.conns.Entries[n]
	c.Slot, c.Forward, c.Mark, c.State = w.noServer(), service.Bypass, in.mark[i], conn.FirstState(k.Proto)
	r := w.tables.Services.Real(c.Slot)
	in.conn[i], in.output[i] = n, false
	if w.single(i, v) {
		w.pass(i, c, r)
		return in.verdict[i]
	}
	w.opened(c, r)
	w.forward(i, c, r)
	return in.verdict[i]
}

// noServer is the slot, behind those of all servers, of connections that have none.
func (w *Worker) noServer() uint32 { return uint32(w.Reals) }

// deserted reports whether connection c had a server, r, which is gone.
func deserted(c *conn.Entry, r *service.Real) bool {
	return !r.Available && c.Forward != service.Bypass
}
