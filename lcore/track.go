package lcore

import (
	"math/bits"

	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// track brings the connections of the burst up to date, in packet order, up to the first packet that
// has none. From there on schedule goes on, in packet order too, since what becomes of that packet may
// concern those behind it: a burst of 32 is 32 bursts of 1.
func (w *Worker) track() {
	in := &w.in
	if w.tables.Services.Empty() { // C2 1: without any service there are no connections
		in.open = true
		return
	}
	i := bits.TrailingZeros32(^in.left)               // find may have forwarded the first ones
	for ordered := w.inquiries.idle(); ordered; i++ { // else some packets may have to wait behind others
		if i = w.forwardPlain(i, in.N); i == in.N {
			return
		}
		if in.verdict[i] == pending {
			ordered = in.errand[i] < deciding && !in.isShort(i) && w.trackOne(i)
		}
	}
	in.open = true
	for rest := in.all() &^ (in.plain | in.short) >> i << i; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros32(rest)
		if in.verdict[i] == pending && in.errand[i] < deciding { // else schedule looks whether there is a connection, if it is for this worker at all
			w.findPacket(i)
		}
	}
}

// trackOne brings the connection of packet i, which is not plain or special, up to date, and reports whether it has one.
func (w *Worker) trackOne(i int) bool {
	if !w.in.isPlain(i) {
		w.findPacket(i)
	}
	return w.in.conn[i] != 0 && w.advance(i)
}

// advance takes packet i as one of its connection's (connections.md C2): checks the server, counts, moves the state, restarts the timer.
// It returns false, and the packet has no connection then, if it has to be scheduled anew.
func (w *Worker) advance(i int) bool {
	in := &w.in
	if in.isPlain(i) {
		if w.forwardPlain(i, i+1) == i+1 {
			return true
		}
		w.special(i)
	}
	c := &w.conns.Entries[in.conn[i]]
	r := w.tables.Services.Real(c.Slot)
	if in.related[i] { // C7.5: neither state nor timer
		if in.inside[i] != 0 {
			in.verdict[i] = w.hearTunnel(i, c, r)
		} else {
			w.pass(i, c, r)
		}
		return true
	}
	if in.part[i].kind == laterPart {
		w.passPart(i, c, r)
		return true
	}
	if !in.output[i] {
		if w.reopens(i, c, r) || (deserted(c, r) && w.tables.ExpireNodestConn) {
			w.endConnection(in.conn[i])
			in.conn[i] = 0
			return false
		}
		if deserted(c, r) { // P6.2: silently, and the timer runs on
			in.verdict[i] = DropServerGone
			return true
		}
	}
	w.forward(i, c, r)
	return true
}

// reopens reports whether packet i opens a new connection where an old one with the same addresses and ports still is (C2 3).
func (w *Worker) reopens(i int, c *conn.Entry, r *service.Real) bool {
	if !w.opens(i) {
		return false
	}
	if c.Forward == service.FullNAT && over(c.State) {
		return true
	}
	if w.transfers.controls(c) {
		return false
	}
	if w.tables.ExpireNodestConn && r.Weight == 0 && c.Forward != service.Bypass {
		return true // P6.4
	}
	if w.tables.ConnReuseMode == 0 || c.Template != 0 || w.transfers.isControlled(c) {
		return false // P8.8
	}
	switch c.State {
	case conn.TimeWait, conn.Close, conn.SCTPClosed:
		return true
	case conn.FinWait: // perhaps over for long: where answers do not pass, FIN_WAIT is all that is seen of the end
		return w.tables.ConnReuseMode&2 != 0 && c.NoOutput
	}
	return false
}

// pass judges packet i as forwarded, and counts it for its connection c (C7.3 too) and for the server.
func (w *Worker) pass(i int, c *conn.Entry, r *service.Real) {
	in := &w.in
	if in.output[i] {
		in.verdict[i] = ForwardOutput
	} else {
		in.verdict[i] = ForwardInput
		c.InPackets++
	}
	if r.Available {
		w.stats.packets(r).packet(in.output[i], in.length(i))
	}
}

// forward passes packet i on as one of connection c, and brings the connection's state and timer up to date with it.
func (w *Worker) forward(i int, c *conn.Entry, r *service.Real) {
	in := &w.in
	if c.FTP() != 0 && !w.assist(i, c) {
		return
	}
	w.pass(i, c, r)
	direction := c.Direction(in.output[i])
	switch {
	case c.Proto == flow.TCP:
		w.setState(c, w.defence.nextState(c.State, direction, conn.EventOf(in.flags[i])))
	case c.Proto == flow.SCTP:
		w.setState(c, c.State.NextSCTP(direction, conn.SCTPEvent(in.flags[i])))
	case in.ipsec[i]: // C5.3: the timer only
	case in.output[i]:
		w.assure(c) // P8.4: UDP is established when the server has answered
	}
	if c.Proof != conn.Proven {
		w.prove(in.conn[i], in.output[i])
	}
	c.Timeout = w.tables.Timeouts[c.State]
	w.conns.Touch(in.conn[i], w.tick)
}
