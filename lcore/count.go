package lcore

import (
	"cleat/lcore/conn"
	"cleat/lcore/schedule"
	"cleat/lcore/service"
	"cleat/lcore/template"
)

// assure marks the template of a connection as one that has been used in earnest (P8.4).
func (w *Worker) assure(c *conn.Entry) {
	if c.Template != 0 {
		w.tmpls.Entries[c.Template].State = template.Assured
	}
}

// opened counts a connection just made, inactive until its first state (scheduling.md G.8).
func (w *Worker) opened(c *conn.Entry, r *service.Real) {
	l := &w.loads[c.Slot]
	l.Inactive++
	if r.Upper != 0 && total(l) >= r.Upper { // C9.3
		l.Overload = true
	}
	w.stats.load(c.Slot, l)
}

// setState moves a TCP or SCTP connection to a state and counts it as active or inactive by that.
func (w *Worker) setState(c *conn.Entry, s conn.State) {
	if was := c.State.Active(); was != s.Active() {
		l := &w.loads[c.Slot]
		if was {
			l.Active, l.Inactive = l.Active-1, l.Inactive+1
		} else {
			l.Active, l.Inactive = l.Active+1, l.Inactive-1
		}
		w.stats.load(c.Slot, l)
	}
	if (s == conn.Established || s == conn.SCTPEstablished) && c.State != s { // not with every packet: the template is a cache line away
		w.assure(c)
	}
	c.State = s
}

// closed takes a connection out of its server's counts.
func (w *Worker) closed(c *conn.Entry) {
	l := &w.loads[c.Slot]
	if c.State.Active() {
		l.Active--
	} else {
		l.Inactive--
	}
	if total(l) < w.tables.Services.Real(c.Slot).Lower { // C9.3
		l.Overload = false
	}
	w.stats.load(c.Slot, l)
}

// endConnection takes a connection out of the table and of all counts.
func (w *Worker) endConnection(i uint32) {
	c := &w.conns.Entries[i]
	w.closed(c)
	if c.Template != 0 {
		w.tmpls.Entries[c.Template].Controls--
	}
	w.conns.Remove(i)
	w.changed = true
}

// total is what thresholds are compared with: all connections of the server, as far as this worker knows.
func total(l *schedule.Load) uint32 {
	return uint32(l.Active + l.Inactive + l.OthersActive + l.OthersInactive)
}

// threshold judges a server anew by the thresholds that it has (C9.2, C9.3).
func (w *Worker) threshold(r *service.Real) {
	l := &w.loads[r.Slot]
	was := l.Overload
	switch n := total(l); {
	case r.Upper == 0 || n < r.Lower:
		l.Overload = false
	case n >= r.Upper:
		l.Overload = true
	}
	if l.Overload != was {
		w.stats.load(r.Slot, l)
	}
}
