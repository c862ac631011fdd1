package lcore

import (
	"slices"

	"cleat/lcore/address"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/service"
	"cleat/lcore/template"
	"cleat/lcore/wire"
)

// This file is the short way of plain packets that open a connection to a virtual service with nothing special about it, as most do. What such packets have to
// know of the service is the same for all, and found once (entrance); then one function does what admit does (enter). Whatever is special
// goes admit's way, from the beginning or, beyond the choice of a server, by connect.

// entrance is what plain packets to an address, port and protocol find there, by the tables that were asked.
type entrance struct {
	tables *Tables // nil: none were asked
	to     template.Plain
	// virtual is the service, nil if it is special: then the rest means nothing.
	virtual *service.Virtual
	kind    address.Kind
	flags   uint32 // bit f is set: a packet with TCP flags f, as far as they are an event, opens a connection
	// persistent: clients have templates, under to with their address as far as mask has it, and half.
	persistent bool
	mask       uint32
	half       flow.Half
	weighed    uint32 // the mask of the client that asked counts
	// An answer to a client might come here as well. The index has nothing under that client's hash, as was seen in a turn: the last one in which packets
	// went in.
	hash uint64
	turn uint64
}

// entrances is how many are kept, each in the one place for its target: as many as a byte tells apart.
const entrances = 256

// placeOfEntrance is where the entrance is kept of packets to an address and port.
func placeOfEntrance(dst uint32, port uint16) uint8 {
	return uint8((dst ^ uint32(port)<<16) * 0x9e3779b1 >> 24)
}

// take lets plain packet i, which belongs to no connection, go the short way if there is one for it, and reports that. The template that it may need is sought from
// here on.
func (w *Worker) take(i int) bool {
	in := &w.in
	frame := wire.AsPlain(in.packet[i].Data)
	src, dst, port := frame.Src(), frame.Dst(), frame.DstPort()
	n := placeOfEntrance(dst, port)
	e := &w.entrances[n]
	if e.tables != w.tables || e.to.Virtual != dst || e.to.Port != port || e.to.Proto != frame.Protocol() {
		if e.turn == w.counters.Turns || // others of this burst go in there
			!w.tables.Addresses.MayBeOurs(dst) || !w.findEntrance(e, template.Plain{Virtual: dst, Port: port, Proto: frame.Protocol()}) {
			return false
		}
	}
	if e.virtual == nil || e.flags>>(frame.Flags()%32)&1 == 0 || frame.SrcPort() == service.PortFTPData ||
		impossibleSource(src) || w.tables.Addresses.MayBeKnown(src) || w.transfers.waiting != 0 {
		return false
	}
	if e.turn != w.counters.Turns {
		if !w.conns.Nobody(e.hash) {
			return false
		}
		e.turn = w.counters.Turns
	}
	in.plain &^= 1 << i
	in.short |= 1 << i
	in.entrance[i], in.src[i], in.dst[i] = n, 0, e.kind
	if e.persistent {
		w.sought.short(i, w.tmpls.HashPlain(e.half, src&e.mask))
	}
	return true
}

// findEntrance makes e that of packets to somewhere, and reports whether they find a service there. Else e stays what it is: strangers' packets do not push it out.
func (w *Worker) findEntrance(e *entrance, to template.Plain) bool {
	t, dst := w.tables, flow.V4(to.Virtual)
	v, kind := t.Services.Lookup(0, to.Proto, dst, to.Port), t.Addresses.Kind(dst)
	if v == nil {
		return false
	}
	*e = entrance{tables: t, to: to}
	switch {
	case t.Services.Rules() || v.Port != to.Port || v.Port == service.PortFTP || kind&^(address.Own|address.VIP) != 0 || to.Virtual >= 0xe0000000:
		return true
	case v.OnePacket || v.Spread > 1 || v.Engine != service.NoEngine || t.FTP && slices.Contains(t.FTPPorts[:], to.Port):
		return true
	case w.shared != nil || w.Workers > 1 && v.Persistent() && !w.Steering.Covers(v.Mask, true): // others may have to decide, or to know
		return true
	}
	e.virtual, e.kind = v, kind
	for flags := range uint8(32) {
		if event := conn.EventOf(flags); to.Proto != flow.TCP || event == conn.SYN || event != conn.RST && t.SloppyTCP {
			e.flags |= 1 << flags
		}
	}
	e.persistent, e.mask, e.weighed = v.Persistent(), v.Mask.Uint32(), v.Mask.Or(w.Steering.Mask(true)).Uint32()
	e.half = w.tmpls.HalfOf(&to)
	e.hash = w.conns.Hash(&flow.Key{Src: dst, SrcPort: to.Port, Proto: to.Proto}, false)
	return true
}

// all is a set of all packets of the burst.
func (c *columns) all() uint32 { return uint32(uint64(1)<<c.N - 1) }

// isShort reports whether packet i goes the short way.
func (c *columns) isShort(i int) bool { return c.short>>i&1 != 0 }

// leaveShort takes packet i off the short way: what others know of new flows it gets here.
func (w *Worker) leaveShort(i int) {
	w.readPlain(i)
	in := &w.in
	in.fresh |= 1 << i
	in.virtual[i], in.mark[i] = w.entrances[in.entrance[i]].virtual, 0
}

// enter is admit for packet i, which goes the short way.
func (w *Worker) enter(i int) Verdict {
	in := &w.in
	e := &w.entrances[in.entrance[i]]
	w.heavy.connections.Event(flow.V4(wire.AsPlain(in.packet[i].Data).Src() & e.weighed))
	if w.defence.dropsPacket() { // C3.6
		w.leaveShort(i)
		return DropPacketRate
	}
	t := in.template[i]
	var r *service.Real
	switch {
	case t != 0 && w.tmpls.Entries[t].Live():
		r = w.under(t)
	case e.persistent && (t != 0 || in.missing[i] == 0 || w.remembers.has(in.missing[i])):
		w.readPlain(i)
		t, r = w.templateFor(i, e.virtual, nil)
	default:
		t, r = w.welcome(i, e)
	}
	if r == nil {
		w.leaveShort(i)
		return w.noDestination(i, e.virtual)
	}
	if t != 0 {
		w.restart(t)
		w.tmpls.Entries[t].Controls++
	}
	if w.begin(i, e, w.wayTo(r.Slot), r.Slot, t) {
		return ForwardInput
	}
	w.leaveShort(i)
	port := r.Port
	if port == 0 {
		port = e.to.Port
	}
	return w.connect(i, &in.key[i], r, port, place{template: t})
}

// welcome chooses a server for packet i, whose client has no template, and makes that if the service has such; nil if there is no server.
func (w *Worker) welcome(i int, e *entrance) (uint32, *service.Real) {
	frame, c := wire.AsPlain(w.in.packet[i].Data), &w.asking
	c.Addr, c.Port, c.Dst = flow.V4(frame.Src()), frame.SrcPort(), flow.V4(frame.Dst())
	r := w.pick(e.virtual)
	if r == nil || !e.persistent {
		return 0, r
	}
	w.counters.TemplateMisses++
	return w.bind(i, e.virtual, nil, r)
}

// begin makes the connection that packet i opens to a server under template t, does with it what connect and forward do with any, and sends the packet on its
// way. It does nothing, and returns false, if there is no room, or the server is not plain.
func (w *Worker) begin(i int, e *entrance, way *serverWay, slot, t uint32) bool {
	in := &w.in
	p := &in.packet[i]
	frame := wire.AsPlain(p.Data)
	if !way.plain {
		return false
	}
	port := way.port
	if port == 0 {
		port = uint16(frame.EndPorts() >> 16)
	}
	n := w.insertPlain(in.hash[i], frame.Ends(), frame.EndPorts(), e.to.Proto, way.addr, port)
	if n == 0 {
		return false
	}
	c := &w.conns.Entries[n]
	c.Slot, c.Forward, c.Template, c.NoOutput, c.InPackets = slot, way.forward, t, !way.forward.Returns(), 1
	state := conn.FirstState(e.to.Proto)
	if e.to.Proto == flow.TCP {
		state = w.defence.nextState(state, c.Direction(false), conn.EventOf(frame.Flags()))
	}
	c.State, c.Timeout = state, w.tables.Timeouts[state]
	if l := &w.loads[slot]; state.Active() {
		l.Active++
	} else {
		l.Inactive++
	}
	if state == conn.Established {
		w.assure(c)
	}
	c.Restart(w.tick)
	w.conns.File(n)
	way.opened++
	way.recent.packet(false, len(p.Data)-l3)
	in.conn[i] = n
	in.plain |= 1 << i // back on the fast way
	w.departPlain(i)
	return true
}
