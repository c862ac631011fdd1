package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/schedule"
	"cleat/lcore/service"
	"cleat/lcore/template"
)

// schedule judges, in packet order, all that is not judged yet: packets of known connections behind a new one, then new connections,
// then what belongs to no service. What missed is looked up again first if this turn has made or removed an entry.
func (w *Worker) schedule() {
	in := &w.in
	for i := range in.N {
		if in.verdict[i] != pending {
			continue
		}
		known := in.conn[i] != 0
		if w.changed {
			w.find(i)
		}
		if in.conn[i] != 0 && w.advance(i) {
			continue
		}
		if known { // its connection has gone in this turn; classify passed it over
			w.classifyPacket(i)
		}
		if !w.serverAsClient(i) {
			in.verdict[i] = w.admit(i)
		}
	}
}

// mayCreate reports whether packet i may open a connection (connections.md C3, C3.2).
func (w *Worker) mayCreate(i int) bool {
	k := &w.in.key[i]
	switch {
	case k.SrcPort == service.PortFTPData:
		return false
	case w.in.related[i]:
		return w.tables.ScheduleICMP // whatever the packet was that it is about
	case w.ends(i):
		return false
	case k.Proto == flow.TCP:
		return w.tables.SloppyTCP || w.opens(i)
	case k.Proto == flow.SCTP:
		return w.tables.SloppySCTP || w.opens(i)
	}
	return true
}

// admit opens a connection for packet i and judges it.
func (w *Worker) admit(i int) Verdict {
	in := &w.in
	v, k := in.virtual[i], &in.key[i]
	if v == nil || !w.mayCreate(i) {
		return w.stray(i)
	}
	if w.defence.dropsPacket() { // C3.6
		return DropPacketRate
	}
	if v.Persistent() {
		return w.admitPersistent(i, v)
	}
	if v.Mark == 0 && v.Port != k.DstPort { // C3.3
		return w.noDestination(i, v)
	}
	r := w.pick(i, v)
	if r == nil {
		return w.noDestination(i, v)
	}
	port := k.DstPort
	if r.Port != 0 { // C3.4
		port = r.Port
	}
	return w.connect(i, r, port, 0)
}

// admitPersistent opens a connection under the client's template, which it makes if there is none (persistence.md P2).
func (w *Worker) admitPersistent(i int, v *service.Virtual) Verdict {
	in := &w.in
	k := &in.key[i]
	t := in.template[i]
	if t == 0 { // none at recall, or not asked: an earlier packet may have made one
		t = w.remembered(i, v)
	}
	var r *service.Real
	if t != 0 {
		w.counters.TemplateHits++
		r = w.tables.Services.Real(w.tmpls.Entries[t].Slot)
	} else {
		w.counters.TemplateMisses++
		if r = w.pick(i, v); r == nil {
			return w.noDestination(i, v)
		}
		if t = w.remember(i, v, r); t == 0 {
			return DropTemplatesFull
		}
	}
	port := k.DstPort
	if k.DstPort == v.Port && r.Port != 0 { // P2 6: PCC and PFMC keep the packet's port
		port = r.Port
	}
	verdict := w.connect(i, r, port, t)
	w.restart(t)
	return verdict
}

// remember makes the template for packet i's client (P2 4).
func (w *Worker) remember(i int, v *service.Virtual, r *service.Real) uint32 {
	k := &w.in.key[i]
	key := template.KeyOf(v, k)
	t := w.tmpls.Insert(&key, r.Slot, template.PortOf(v, k.DstPort, r), v.Timeout)
	if t != 0 {
		w.tmpls.Entries[t].Mark = w.in.mark[i]
		w.stats.template(r.Slot, +1)
		w.counters.TemplateInserts++
	}
	return t
}

// restart starts a template's timer again, with its full timeout if extensions had shortened that (P2 9, P4.7, P4.8).
func (w *Worker) restart(t uint32) {
	e := &w.tmpls.Entries[t]
	if w.tables.RestoreTimeout {
		e.Timeout = e.Full
	}
	w.tmpls.Touch(t, w.tick)
}

// pick asks the scheduler of service v for a server; nil if it has none to give.
func (w *Worker) pick(i int, v *service.Virtual) *service.Real {
	k := &w.in.key[i]
	w.others.refresh(w, v)
	w.asking = schedule.Client{Addr: k.Src, Port: k.SrcPort, Dst: k.Dst, Now: w.now}
	n := schedule.All[v.Scheduler].Pick(v, &w.rotors[v.ID], w.loads, &w.asking)
	if n == schedule.None {
		return nil
	}
	return &v.Reals[n]
}

// connect opens packet i's connection to r, under template t if that is not 0, and takes the packet as its first.
func (w *Worker) connect(i int, r *service.Real, port uint16, t uint32) Verdict {
	in := &w.in
	k := &in.key[i]
	if in.virtual[i].OnePacket && k.Proto == flow.UDP {
		return w.onePacket(i, r, port, t)
	}
	n := w.conns.Insert(k, r.Addr, port)
	if n == 0 {
		return DropConnectionsFull // P2.1: the template stays
	}
	w.changed = true
	w.counters.ConnectionInserts++
	in.conn[i], in.output[i] = n, false
	c := &w.conns.Entries[n]
	c.Slot, c.Forward, c.Mark, c.Template = r.Slot, r.Forward, in.mark[i], t
	c.NoOutput = !r.Forward.Returns()
	if t != 0 {
		w.tmpls.Entries[t].Controls++
	}
	c.State = conn.FirstState(k.Proto)
	w.stats.connection(r)
	w.opened(c, r)
	if in.related[i] {
		w.forwardError(i, c, r)
	} else {
		w.forward(i, c, r)
	}
	return in.verdict[i]
}

// noDestination is what becomes of a packet for which a service has no server (connections.md C8).
func (w *Worker) noDestination(i int, v *service.Virtual) Verdict {
	if v.Port == service.PortFTP && w.in.key[i].DstPort != service.PortFTP {
		return w.stray(i)
	}
	if w.in.related[i] { // C8 3
		return DropICMP
	}
	return AnswerNoDestination
}

// stray judges a TCP or UDP packet that belongs to no service: routed if it is for somebody else, else told that nobody
// listens (C3, C8).
func (w *Worker) stray(i int) Verdict {
	in := &w.in
	switch {
	case w.tables.NATICMPSend && w.orphaned(i):
		return AnswerUnreachable
	case in.dst[i]&(address.Own|address.VIP) == 0:
		return Route
	case in.related[i]:
		return DropICMP
	case in.key[i].Proto == flow.TCP:
		return AnswerReset
	}
	return AnswerUnreachable
}
