package lcore

import (
	"cleat/lcore/local"
	"cleat/lcore/rewrite"
	"cleat/lcore/wire"
)

// shiftInput makes of TCP segment i from the client, which has FULLNAT record r, one of the connection that the server sees: with another initial sequence
// number, so that one from a local port that served another client before is greater, and without time stamps, which would be several clients' (F8.5).
func (w *Worker) shiftInput(i int, r *local.Record) {
	t := w.in.tcp(i)
	if t.Flags()&(wire.SYN|wire.ACK) == wire.SYN {
		w.locals.Begin(r, t.Seq(), w.now)
		rewrite.Blank(t, wire.OptionTimestamp, wire.OptionFastOpen)
	}
	r.Shift.Advance(t)
}

// shiftOutput makes of TCP segment i from the server one of the connection that the client sees.
func (w *Worker) shiftOutput(i int, r *local.Record) {
	t := w.in.tcp(i)
	if t.Flags()&wire.ACK != 0 {
		r.Shift.Settle(t.Ack())
	}
	r.Shift.Acknowledge(t)
}
