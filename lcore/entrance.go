package lcore

import (
	"slices"

	"cleat/lcore/address"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/service"
	"cleat/lcore/template"
)

// This file is the short way of plain packets that open a connection to a virtual service with nothing special about it, as most do. What such packets have to
// know of the service is the same for all, and found once (entrance); then one function does what admit does (enter). Whatever is special
// goes admit's way, from the beginning or, beyond the choice of a server, by connect.

// entrance is what plain packets to an address, port and protocol find there, by the tables that were asked.
type entrance struct {
	tables *Tables // nil: none were asked
	to     template.Plain
	// virtual is the service, nil if there is none or it is special: then the rest means nothing.
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

// entrances is how many are kept, each in the one place for its target: a power of two.
const entrances = 64

// take lets plain packet i, which belongs to no connection, go the short way if there is one for it, and reports that. It may be one that needs a template: this is
// then sought from here on.
func (w *Worker) take(i int) bool {
	in := &w.in
	k := &in.key[i]
	dst, src := k.Dst.Uint32(), k.Src.Uint32()
	n := uint8((dst ^ uint32(k.DstPort)<<16) * 0x9e3779b1 >> 26 % entrances)
	e := &w.entrances[n]
	if e.tables != w.tables || e.to.Virtual != dst || e.to.Port != k.DstPort || e.to.Proto != k.Proto {
		if e.turn == w.counters.Turns { // others of this burst go in there
			return false
		}
		w.findEntrance(e, k)
	}
	if e.virtual == nil || e.flags>>(in.flags[i]%32)&1 == 0 || k.SrcPort == service.PortFTPData ||
		impossibleSource(src) || w.tables.Addresses.MayBeKnown(src) || w.transfers.waiting != 0 {
		return false
	}
	if e.turn != w.counters.Turns {
		if !w.conns.Nobody(e.hash) {
			return false
		}
		e.turn = w.counters.Turns
	}
	in.short |= 1 << i
	in.entrance[i], in.src[i], in.dst[i] = n, 0, e.kind
	if e.persistent {
		w.sought.short(i, w.tmpls.HashPlain(e.half, src&e.mask))
	}
	return true
}

// findEntrance makes e that of packets with key k.
func (w *Worker) findEntrance(e *entrance, k *flow.Key) {
	t := w.tables
	*e = entrance{tables: t, to: template.Plain{Virtual: k.Dst.Uint32(), Port: k.DstPort, Proto: k.Proto}}
	v, kind := t.Services.Lookup(0, k.Proto, k.Dst, k.DstPort), t.Addresses.Kind(k.Dst)
	switch {
	case v == nil || t.Services.Rules() || v.Port != k.DstPort || v.Port == service.PortFTP || kind&^(address.Own|address.VIP) != 0 || k.Dst.Uint32() >= 0xe0000000:
		return
	case v.OnePacket || v.Spread > 1 || v.Engine != service.NoEngine || t.FTP && slices.Contains(t.FTPPorts[:], k.DstPort):
		return
	case w.shared != nil || w.Workers > 1 && v.Persistent() && !w.Steering.Covers(v.Mask, true): // others may have to decide, or to know
		return
	}
	e.virtual, e.kind = v, kind
	for flags := range uint8(32) {
		if event := conn.EventOf(flags); k.Proto != flow.TCP || event == conn.SYN || event != conn.RST && t.SloppyTCP {
			e.flags |= 1 << flags
		}
	}
	e.persistent, e.mask, e.weighed = v.Persistent(), v.Mask.Uint32(), v.Mask.Or(w.Steering.Mask(true)).Uint32()
	e.half = w.tmpls.HalfOf(&e.to)
	e.hash = w.conns.Hash(&flow.Key{Src: k.Dst, SrcPort: k.DstPort, Proto: k.Proto}, false)
}

// all is a set of all packets of the burst.
func (c *columns) all() uint32 { return uint32(uint64(1)<<c.N - 1) }

// isShort reports whether packet i goes the short way.
func (c *columns) isShort(i int) bool { return c.short>>i&1 != 0 }

// leaveShort takes packet i off the short way: what others know of new flows it gets here.
func (w *Worker) leaveShort(i int) {
	in := &w.in
	in.virtual[i], in.mark[i] = w.entrances[in.entrance[i]].virtual, 0
}

// enter is admit for packet i, which goes the short way.
func (w *Worker) enter(i int) Verdict {
	in := &w.in
	e, k := &w.entrances[in.entrance[i]], &in.key[i]
	v := e.virtual
	w.heavy.connections.Event(flow.V4(k.Src.Uint32() & e.weighed))
	if w.defence.dropsPacket() { // C3.6
		w.leaveShort(i)
		return DropPacketRate
	}
	var r *service.Real
	var at place
	if e.persistent {
		at.template, r = w.templateFor(i, v, nil)
	} else {
		r = w.pick(i, v)
	}
	if r == nil {
		w.leaveShort(i)
		return w.noDestination(i, v)
	}
	if at.template != 0 {
		w.restart(at.template)
		w.tmpls.Entries[at.template].Controls++
	}
	port := r.Port
	if port == 0 {
		port = k.DstPort
	}
	if w.isPlainServer(r) {
		if n := w.conns.InsertPlain(in.hash[i], k, r.Addr.Uint32(), port); n != 0 {
			w.begin(i, n, v, r, at.template)
			return ForwardInput
		}
	}
	w.leaveShort(i)
	return w.connect(i, k, r, port, at)
}

// begin makes connection n, which was just inserted, the one to server r that packet i has opened: what connect and forward do for any.
func (w *Worker) begin(i int, n uint32, v *service.Virtual, r *service.Real, t uint32) {
	in := &w.in
	c, l := &w.conns.Entries[n], &w.loads[r.Slot]
	in.conn[i] = n
	in.plain |= 1 << i // back on the fast way
	w.touched.add(in.hash[i])
	w.counters.ConnectionInserts++
	c.Slot, c.Forward, c.Template, c.NoOutput, c.InPackets = r.Slot, r.Forward, t, !r.Forward.Returns(), 1
	state := conn.FirstState(c.Proto)
	if c.Proto == flow.TCP {
		state = w.defence.nextState(state, c.Direction(false), conn.EventOf(in.flags[i]))
	}
	c.State, c.Timeout = state, w.tables.Timeouts[state]
	if state.Active() {
		l.Active++
	} else {
		l.Inactive++
	}
	if state == conn.Established {
		w.assure(c)
	}
	w.stats.opened(r, v, in.packetLen(i))
	c.Restart(w.tick)
	w.conns.File(n)
}

// isPlainServer reports whether connections to r need no more than an entry.
func (w *Worker) isPlainServer(r *service.Real) bool {
	a := r.Addr.Uint32()
	return (r.Forward == service.NAT || r.Forward == service.Direct || r.Forward == service.Tunnel) && r.Upper == 0 &&
		r.Addr.Is4() && a>>24 != 127 && !w.tables.Addresses.MayBeOurs(a)
}
