package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/schedule"
	"cleat/lcore/service"
	"cleat/lcore/template"
	"cleat/lcore/wire"
)

// schedule judges, in packet order, all that is not judged yet: packets of known connections behind a new one, then new connections,
// then what belongs to no service. What this turn has made or removed is looked up again first.
func (w *Worker) schedule() {
	in := &w.in
	if !in.open {
		return
	}
	w.crowd()
	for i := 0; i < in.N; i++ {
		if in.verdict[i] != pending {
			continue
		}
		if in.isPlain(i) && w.inquiries.idle() { // known packets behind a new one
			if next := w.forwardPlain(i, w.firstGone(i)); next != i {
				i = next - 1
				continue
			}
		}
		if w.Workers > 1 && w.consult(i) {
			continue
		}
		if in.isShort(i) {
			if !w.touched.has(in.hash[i]) && !w.touched.has(w.entrances[in.entrance[i]].hash) {
				in.verdict[i] = w.enter(i)
				continue
			}
			w.leaveShort(i)
		}
		known := in.conn[i] != 0
		if w.stale(i) {
			w.findAgain(i)
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

// firstGone returns the first plain packet of a row of such, from packet i on, whose connection was removed in this turn, or what is behind the row.
func (w *Worker) firstGone(i int) int {
	in := &w.in
	if !w.removed {
		return in.N
	}
	for i < in.N && in.isPlain(i) && w.conns.Entries[in.conn[i]].Live() {
		i++
	}
	return i
}

// mayCreate reports whether packet i may open a connection (connections.md C3, C3.2).
func (w *Worker) mayCreate(i int) bool {
	k := &w.in.key[i]
	switch {
	case k.SrcPort == service.PortFTPData, w.in.part[i].kind == laterPart:
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
	v := in.virtual[i]
	switch {
	case in.part[i].kind == laterPart:
		return w.admitPart(i)
	case in.inside[i] != 0: // schedule_icmp or not
		return DropICMP
	case in.ipsec[i]: // C3: never
		return w.stray(i)
	}
	if v == nil && w.serverBegins(i) {
		return in.verdict[i]
	}
	recalled := in.template[i] != 0 || in.missing[i] != 0 // which is for packets that may open a connection
	if v == nil || !recalled && !w.mayCreate(i) {
		return w.stray(i)
	}
	if owner := w.ownerOf(v, &in.key[i]); owner != w.Number {
		return w.ask(i, owner)
	}
	c := w.choose(i, v)
	return w.open(i, v, &c)
}

// choice is what was decided on a new connection.
type choice struct {
	verdict Verdict // pending if there is a server, AnswerNoDestination if there is none, or why the packet is dropped
	slot    uint32  // the server's
	port    uint16  // there
	place
}

// place is where a connection is counted already, until it ends or whoever should have made it gives it back.
type place struct {
	template uint32 // 0: none
	owner    uint8  // as conn.Entry.Owner
}

// choose decides on a new connection for packet i to service v.
func (w *Worker) choose(i int, v *service.Virtual) choice {
	w.asked(v, &w.in.key[i])
	if w.defence.dropsPacket() { // C3.6
		return choice{verdict: DropPacketRate}
	}
	if v.Persistent() {
		return w.choosePersistent(i, v)
	}
	k := &w.in.key[i]
	if v.Mark == 0 && v.Port != k.DstPort { // C3.3
		return choice{verdict: AnswerNoDestination}
	}
	r := w.pickFor(i, v)
	if r == nil {
		return choice{verdict: AnswerNoDestination}
	}
	port := k.DstPort
	if r.Port != 0 { // C3.4
		port = r.Port
	}
	return choice{slot: r.Slot, port: port}
}

// choosePersistent chooses what the client's template says, which it makes if there is none, and counts the connection there (persistence.md P2).
func (w *Worker) choosePersistent(i int, v *service.Virtual) choice {
	k := &w.in.key[i]
	data, ok := w.engineData(i, v)
	if !ok {
		return choice{verdict: DropSIP}
	}
	t, r := w.templateFor(i, v, data)
	if r == nil {
		return choice{verdict: AnswerNoDestination}
	}
	port := k.DstPort
	if k.DstPort == v.Port && r.Port != 0 { // P2 6: PCC and PFMC keep the packet's port
		port = r.Port
	}
	c := choice{slot: r.Slot, port: port}
	switch {
	case t == 0:
	case w.single(i, v):
		w.restart(t)
		e := &w.tmpls.Entries[t]
		if e.InPackets++; e.InPackets > 1 { // P3.2
			w.tmpls.Prove(t)
		}
	default:
		w.restart(t)
		w.tmpls.Entries[t].Controls++
		c.template = t
	}
	return c
}

// templateFor returns the template of packet i's client, which it makes if there is none, and the server that this says. It is 0 if there is no room for one, and the
// server nil if there is none. data is what the persistence engine has read from the packet.
func (w *Worker) templateFor(i int, v *service.Virtual, data []byte) (uint32, *service.Real) {
	in := &w.in
	t := in.template[i]
	evicted := t != 0 && !w.tmpls.Entries[t].Live()
	if evicted || t == 0 && (in.missing[i] == 0 || w.remembers.has(in.missing[i])) { // not asked at recall, or an earlier packet may have made one
		t = w.remembered(v, &in.key[i], data)
	}
	if t != 0 {
		return t, w.under(t)
	}
	w.counters.TemplateMisses++
	if r := w.pickFor(i, v); r != nil {
		return w.bind(i, v, data, r)
	}
	return 0, nil
}

// under returns the server that a template says, for a new connection under it.
func (w *Worker) under(t uint32) *service.Real {
	w.counters.TemplateHits++
	return w.tables.Services.Real(w.tmpls.Entries[t].Slot)
}

// open does for packet i to service v what was decided.
func (w *Worker) open(i int, v *service.Virtual, c *choice) Verdict {
	switch c.verdict {
	case pending:
		w.in.output[i] = false
		return w.connect(i, &w.in.key[i], w.tables.Services.Real(c.slot), c.port, c.place)
	case AnswerNoDestination:
		return w.noDestination(i, v)
	}
	return c.verdict
}

// remember makes the template for a client's packet with key k to service v, whose server r is (P2 4). data is what the persistence engine has read
// from the packet. 0 if there is no room, not even in the place of an unproven template.
func (w *Worker) remember(v *service.Virtual, k *flow.Key, data []byte, r *service.Real) uint32 {
	key := w.templateKey(v, k)
	t := w.tmpls.Insert(&key, data, r.Slot, template.PortOf(v, k.DstPort, r), v.Timeout)
	if t == 0 && w.evictTemplate(w.tmpls.WantOf(&key, data)) {
		t = w.tmpls.Insert(&key, data, r.Slot, template.PortOf(v, k.DstPort, r), v.Timeout)
	}
	if t != 0 {
		w.noteTemplate(w.tmpls.Hash(&key, data), r)
	}
	return t
}

// rememberPlain is remember for packet i, which goes the short way.
func (w *Worker) rememberPlain(i int, r *service.Real) uint32 {
	e := &w.entrances[w.in.entrance[i]]
	client := wire.AsPlain(w.in.packet[i].Data).Src() & e.mask
	hash := w.in.missing[i]
	if hash == 0 {
		hash = w.tmpls.HashPlain(e.half, client)
	}
	t := w.tmpls.InsertPlain(hash, client, &e.to, r, e.virtual.Timeout)
	if t == 0 && w.evictTemplate(template.Want{Hash: hash}) {
		t = w.tmpls.InsertPlain(hash, client, &e.to, r, e.virtual.Timeout)
	}
	if t != 0 {
		w.noteTemplate(hash, r)
	}
	return t
}

// noteTemplate counts a template to server r that was just made.
func (w *Worker) noteTemplate(hash uint64, r *service.Real) {
	w.remembers.add(hash)
	w.stats.template(r.Slot, +1)
	w.counters.TemplateInserts++
}

// restart starts a template's timer again, with its full timeout if extensions had shortened that (P2 9, P4.7, P4.8).
func (w *Worker) restart(t uint32) {
	e := &w.tmpls.Entries[t]
	if w.tables.RestoreTimeout {
		e.Timeout = e.Full
	}
	if e.Elsewhere == template.Late {
		e.Elsewhere = template.Something
	}
	if e.Restart(w.tick) {
		w.tmpls.File(t)
	}
}

// pickFor picks a server of service v for packet i; nil if there is none.
func (w *Worker) pickFor(i int, v *service.Virtual) *service.Real {
	k, c := &w.in.key[i], &w.asking // field by field: a whole one would be put together elsewhere and copied
	c.Addr, c.Port, c.Dst = k.Src, k.SrcPort, k.Dst
	return w.pick(v)
}

// pick asks the scheduler of service v for a server for the client that asking names; nil if it has none to give.
func (w *Worker) pick(v *service.Virtual) *service.Real {
	if v.Balanced {
		w.others.refresh(w, v)
	}
	w.asking.Now = w.now
	return server(v, schedule.All[v.Scheduler].Pick(v, &w.rotors[v.ID], w.loads, &w.asking))
}

// server is the n-th one of service v, nil for schedule.None.
func server(v *service.Virtual, n int) *service.Real {
	if n == schedule.None {
		return nil
	}
	return &v.Reals[n]
}

// connect opens the connection to r that a client's packet with key k opens, which is counted at a place already, and takes packet i as its first:
// the client's or, if the column output says so, one of r's.
func (w *Worker) connect(i int, k *flow.Key, r *service.Real, port uint16, at place) Verdict {
	in := &w.in
	if w.isLocal(r.Addr) {
		w.giveBack(r.Slot, at)
		return DropLocalServer
	}
	if w.single(i, in.virtual[i]) {
		return w.onePacket(i, k, r, port, at)
	}
	aside, full := w.takeAside(k, r, port)
	if full != pending {
		w.giveBack(r.Slot, at)
		return full
	}
	n := w.insert(k, r.Addr, port)
	if n == 0 {
		w.giveBack(r.Slot, at)
		w.giveAside(r, aside)
		return DropConnectionsFull // P2.1: the template stays
	}
	in.conn[i] = n
	c := &w.conns.Entries[n]
	c.Slot, c.Forward, c.Mark, c.Template, c.Owner = r.Slot, r.Forward, in.mark[i], at.template, at.owner
	c.NoOutput, c.Aside = !r.Forward.Returns(), aside
	if at := c.Local(); at != 0 {
		w.locals.Slots[at].Conn = n
	}
	c.State = conn.FirstState(k.Proto)
	if c.FTP() != 0 { // the helper may drop the packet
		c.Timeout = firstTimeout
		w.conns.Touch(n, w.tick)
	}
	w.stats.connection(r, in.virtual[i])
	w.opened(c, r)
	if in.related[i] {
		w.forwardError(i, c, r)
	} else {
		w.forward(i, c, r)
		if c.Aside == 0 {
			in.plain |= in.fresh & (1 << i) // back on the fast way
		}
	}
	return in.verdict[i]
}

// noDestination is what becomes of a packet for which a service has no server (connections.md C8).
func (w *Worker) noDestination(i int, v *service.Virtual) Verdict {
	switch {
	case w.bypasses(i, v):
		return w.bypass(i, v)
	case v.Port == service.PortFTP && w.in.key[i].DstPort != service.PortFTP:
		return w.stray(i)
	case w.in.related[i]: // C8 3
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
	case in.ipsec[i]:
		return DropProtocol
	case in.key[i].Proto == flow.TCP:
		return AnswerReset
	}
	return AnswerUnreachable
}
