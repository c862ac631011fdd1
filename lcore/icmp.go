package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/conn"
	"cleat/lcore/service"
	"cleat/lcore/wheel"
)

// firstTimeout is that of a connection that has no packet yet (connections.md C3.5).
const firstTimeout = 3 * wheel.Second

// forwardError passes on ICMP error i, which opened connection c while schedule_icmp is on (C3): no packet of the connection itself was seen.
func (w *Worker) forwardError(i int, c *conn.Entry, r *service.Real) {
	w.pass(i, c, r)
	c.Timeout = firstTimeout
	w.conns.Touch(w.in.conn[i], w.tick)
}

// orphaned reports whether packet i, which belongs to no connection, comes from where a NAT server serves, so that nat_icmp_send has its sender
// told that nobody listens (forwarding.md F2.3). The end of a connection asks for no answer.
func (w *Worker) orphaned(i int) bool {
	in := &w.in
	k := &in.key[i]
	if in.src[i]&address.Real == 0 || in.related[i] || in.ipsec[i] || w.ends(i) {
		return false
	}
	return w.tables.Services.Serving(k.Src, k.SrcPort, k.Proto) != nil
}
