package lcore

import (
	"cleat/lcore/conn"
	"cleat/lcore/service"
)

// opened counts a connection just made, inactive until its first state (scheduling.md G.8).
func (w *Worker) opened(c *conn.Entry, r *service.Real) {
	w.loads[c.Slot].Inactive++
	if c.Owner == 0 {
		w.shared.add(c.Slot, r, 0, +1)
		w.filled(r)
	}
	w.stats.touch(c.Slot)
}

// promised counts a connection to r that another worker will make.
func (w *Worker) promised(r *service.Real) {
	w.loads[r.Slot].OthersInactive++ // until the next sums
	w.shared.add(r.Slot, r, 0, +1)
	w.filled(r)
	w.stats.touch(r.Slot)
}

// filled judges r after it has got another connection (C9.3). A data connection of FTP is made without the worker that schedules, which hears of it with the
// next pick; what others believed, nobody would correct.
func (w *Worker) filled(r *service.Real) {
	if r.Upper != 0 && w.judges(w.tables.Services.Virtual(r.Virtual)) {
		w.threshold(r)
	}
}

// setState moves a TCP or SCTP connection to a state and counts it as active or inactive by that.
func (w *Worker) setState(c *conn.Entry, s conn.State) {
	if was := c.State.Active(); was != s.Active() {
		l, more := &w.loads[c.Slot], int32(+1)
		if was {
			more = -1
		}
		l.Active, l.Inactive = l.Active+more, l.Inactive-more
		w.shared.move(c.Slot, more)
		w.stats.touch(c.Slot)
	}
	if (s == conn.Established || s == conn.SCTPEstablished) && c.State != s { // not with every packet: the template is a cache line away
		w.assure(c)
	}
	c.State = s
}

// closed takes a connection out of its server's counts.
func (w *Worker) closed(c *conn.Entry) {
	l, active := &w.loads[c.Slot], int32(0)
	if c.State.Active() {
		active = 1
	}
	l.Active, l.Inactive = l.Active-active, l.Inactive-1+active
	if w.shared != nil {
		w.shared.add(c.Slot, w.tables.Services.Real(c.Slot), -active, active-1)
	}
	if l.Overload && w.total(c.Slot) < w.tables.Services.Real(c.Slot).Lower { // C9.3
		l.Overload = false
	}
	w.stats.touch(c.Slot)
}

// endConnection takes a connection out of the table and of all counts.
func (w *Worker) endConnection(i uint32) {
	c := &w.conns.Entries[i]
	w.closed(c)
	w.leaveTemplate(place{c.Template, c.Owner})
	if c.FTP() != 0 {
		w.transfers.end(c, w.awaits(c))
		w.touched.all()
	} else if c.Aside != 0 {
		w.locals.Give(c.Aside)
	}
	w.touched.add(w.conns.Remove(i))
	w.removed = true
}

// total is what thresholds are compared with: all connections of the server in a slot, as far as this worker knows.
func (w *Worker) total(slot uint32) uint32 {
	if w.shared != nil {
		active, inactive := w.shared.of(slot)
		return uint32(active + inactive)
	}
	l := &w.loads[slot]
	return uint32(l.Active + l.Inactive + l.OthersActive + l.OthersInactive)
}

// threshold judges a server anew by the thresholds that it has (C9.2, C9.3).
func (w *Worker) threshold(r *service.Real) {
	l := &w.loads[r.Slot]
	was := l.Overload
	if w.shared != nil {
		l.Overload = w.shared.add(r.Slot, r, 0, 0)
	} else {
		l.Overload = r.Overloaded(was, w.total(r.Slot))
	}
	if l.Overload != was {
		w.stats.touch(r.Slot)
	}
}
