package lcore

import (
	"time"

	"cleat/lcore/burst"
	"cleat/lcore/conn"
	"cleat/lcore/prefetch"
	"cleat/lcore/schedule"
	"cleat/lcore/service"
	"cleat/lcore/template"
	"cleat/lcore/wheel"
)

const (
	// expiryBursts is how many bursts of timers are looked at between two turns, at most, for each shard: what a burst of new entries needs in the
	// end, each of which comes down three levels of the wheel and fires.
	expiryBursts = 4
	// grace is how many ticks a template waits that is over when other workers' connections seem to live under it: they often end in the same tick, a
	// datagram's 300 s after it came for example, and then they go first, as with one worker.
	grace = uint32(20 * time.Millisecond / wheel.Tick)
	// publishEvery is how old published counters may get.
	publishEvery = 500 * time.Microsecond
	// publishBudget is the number of real servers whose counters are published between two turns.
	publishBudget = 2 * burst.Size
)

// between does what is not a packet's: after a turn that took n packets.
func (w *Worker) between(n int) {
	w.weigh()
	w.expire()
	w.defend()
	if wanted := w.wanted.Load(); wanted != w.tables {
		w.adopt(wanted)
	}
	w.inject()
	w.release()
	w.forgetParts()
	w.flush()
	if w.mail.work() {
		w.idle = 0 // who asks once will ask again: do not sleep at once
	}
	if w.now-w.pubAt >= publishEvery {
		w.publishCounters()
		w.publishing = w.stats.n
	}
	if w.publishing > 0 {
		w.stats.publish(publishBudget)
		w.publishing -= publishBudget
	}
	w.rest(n)
}

// expire ends connections and templates whose time is over, and frees the slots of what this turn removed. It does so by the burst, and asks for
// what that needs before it needs it.
func (w *Worker) expire() {
	for range expiryBursts {
		var room, own [burst.Size]uint32
		coming := w.conns.Coming(w.tick, room[:])
		if len(coming) == 0 {
			break
		}
		prefetch.Entries(w.tmpls.Entries, w.ownTemplates(coming, &own))
		budget := len(coming)
		for i := w.conns.Expired(w.tick, &budget); i != 0; i = w.conns.Expired(w.tick, &budget) {
			w.overdue(i, &w.conns.Entries[i])
		}
	}
	for range expiryBursts {
		var room [burst.Size]uint32
		budget := len(w.tmpls.Coming(w.tick, room[:]))
		if budget == 0 {
			break
		}
		for i := w.tmpls.Expired(w.tick, &budget); i != 0; i = w.tmpls.Expired(w.tick, &budget) {
			w.timeOver(i, &w.tmpls.Entries[i])
		}
	}
	w.conns.Reclaim()
	w.tmpls.Reclaim()
	w.transfers.Reclaim()
	w.locals.Reclaim()
}

// ownTemplates returns the worker's own templates of connections, a burst's number at most, in into.
func (w *Worker) ownTemplates(connections []uint32, into *[burst.Size]uint32) []uint32 {
	n := 0
	for _, i := range connections {
		if c := &w.conns.Entries[i]; c.Template != 0 && c.Owner == 0 {
			into[n] = c.Template
			n++
		}
	}
	return into[:n]
}

// overdue is what happens when a connection's timer runs out: its end, or an extension while it controls others (connections.md C6.1).
func (w *Worker) overdue(i uint32, c *conn.Entry) {
	if w.transfers.controls(c) {
		c.Timeout = w.tables.Extend
		w.conns.Touch(i, w.tick)
		return
	}
	w.counters.ConnectionExpiries++
	w.endConnection(i)
}

// timeOver is what happens when a template's timer runs out: its end, or an extension while connections live under it
// (persistence.md P4.5, P4.6).
func (w *Worker) timeOver(i uint32, e *template.Entry) {
	w.tmpls.Hear(i)
	now := w.tick
	switch {
	case e.Controls == 0:
		w.counters.TemplateExpiries++
		w.endTemplate(i)
		return
	case e.Elsewhere == template.Something:
		e.Elsewhere = template.Late
		w.tmpls.Delay(i, now+grace)
		return
	case e.Elsewhere == template.Late:
		e.Elsewhere = template.Something
		now = e.Deadline() - grace // when it was over
	}
	e.Timeout = w.tables.Extend
	e.Extensions++
	w.counters.TemplateExtensions++
	w.tmpls.Touch(i, now)
}

// endTemplate takes a template out of the table and of its server's count (P3.1).
func (w *Worker) endTemplate(i uint32) {
	w.stats.template(w.tmpls.Entries[i].Slot, -1)
	w.tmpls.Remove(i)
}

// adopt changes over to new tables.
func (w *Worker) adopt(t *Tables) {
	if t.Services != w.tables.Services {
		for _, id := range t.Changed {
			if v := t.Services.Virtual(id); v != nil {
				w.change(v)
			}
		}
	}
	if t.DropEntry != w.tables.DropEntry || t.DropPacket != w.tables.DropPacket || t.SecureTCP != w.tables.SecureTCP {
		w.defence.judged = w.now - judgeEvery // at once, as in the kernel
	}
	w.tables = t
	w.adopted.Store(t.Generation)
}

// change lets the scheduler's state, and the servers' overload, follow a change of a service.
func (w *Worker) change(v *service.Virtual) {
	s := &w.rotors[v.ID]
	scheduler := schedule.All[v.Scheduler]
	others := w.Number // that begin before this one with what they do alike
	if w.Scope == ServiceScope {
		others = 0
	}
	fresh := w.incarnations[v.ID] != v.Incarnation
	if fresh {
		*s = schedule.State{Worker: int32(w.Number), Since: w.now, Random: w.Seed[0] + uint64(others)<<32 + uint64(v.Incarnation)}
		w.incarnations[v.ID], w.anchoring[v.ID] = v.Incarnation, 0
	}
	scheduler.Changed(s, v)
	if w.judges(v) {
		for i := range v.Reals {
			w.threshold(&v.Reals[i])
		}
	}
	if rotor, ok := scheduler.(schedule.Rotor); ok && fresh { // several workers' start at different servers
		for range others {
			rotor.Pick(v, s, w.loads, &schedule.Client{})
		}
	}
}

// publish lets others see all counters, at once.
func (w *Worker) publish() {
	w.publishCounters()
	w.stats.publish(w.stats.n)
}

func (w *Worker) publishCounters() {
	w.pubAt = w.now
	c := &w.counters
	c.Templates, c.Connections = w.tmpls.Used, w.conns.Used
	c.UnprovenTemplates, c.UnprovenConnections = w.tmpls.Unproven(), w.conns.Unproven()
	c.MostTemplates, c.MostConnections = max(c.MostTemplates, c.Templates), max(c.MostConnections, c.Connections)
	w.pub.write(&w.counters)
	for i := range w.arrivals {
		w.arrivals[i].publish()
	}
}

// rest pauses, and sleeps after a row of empty turns, if the worker may.
func (w *Worker) rest(n int) {
	if n != 0 {
		w.idle = 0
		w.Pause(0)
		return
	}
	w.counters.EmptyTurns++
	w.idle++
	if w.Idle.After == 0 || w.idle <= w.Idle.After || w.mail.current != nil {
		w.Pause(0)
		return
	}
	w.counters.Sleeps++
	w.Pause(w.Idle.Sleep)
	w.now = w.Clock() // a sleep is no poll gap
}

// limit allows so many events a second.
type limit struct {
	second time.Duration
	n      int
}

func (l *limit) allow(now time.Duration, rate int) bool {
	if now-l.second >= time.Second {
		l.second, l.n = now, 0
	}
	l.n++
	return rate == 0 || l.n <= rate
}
