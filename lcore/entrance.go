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
	events  uint8 // bit e is set: a packet that is conn.Event e opens a connection
	// persistent: clients have templates, under to with their address as far as mask has it, and half.
	persistent bool
	mask       uint32
	half       flow.Half
	weighed    uint32 // the mask of the client that asked counts
	// An answer to a client might come here as well. The index has nothing under that client's hash, as was seen in a turn.
	hash uint64
	turn uint64
}

// entrances is how many are kept, each in one place: a power of two.
const entrances = 64

// entranceOf returns the entrance of plain packet i, which belongs to no connection, nil if it may not take it.
func (w *Worker) entranceOf(i int) *entrance {
	in := &w.in
	k := &in.key[i]
	dst, src := k.Dst.Uint32(), k.Src.Uint32()
	e := &w.entrances[(dst^uint32(k.DstPort)<<16)*0x9e3779b1>>26%entrances]
	if e.tables != w.tables || e.to.Virtual != dst || e.to.Port != k.DstPort || e.to.Proto != k.Proto {
		w.findEntrance(e, k)
	}
	if e.virtual == nil || e.events>>conn.EventOf(in.flags[i])&1 == 0 || k.SrcPort == service.PortFTPData ||
		impossibleSource(src) || w.tables.Addresses.MayBeKnown(src) || w.transfers.waiting != 0 {
		return nil
	}
	if e.turn != w.counters.Turns {
		if !w.conns.Nobody(e.hash) {
			return nil
		}
		e.turn = w.counters.Turns
	}
	return e
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
	e.virtual, e.kind, e.events = v, kind, 1<<conn.SYN
	if k.Proto != flow.TCP {
		e.events = ^uint8(0)
	} else if t.SloppyTCP {
		e.events = ^uint8(1 << conn.RST)
	}
	e.persistent, e.mask, e.weighed = v.Persistent(), v.Mask.Uint32(), v.Mask.Or(w.Steering.Mask(true)).Uint32()
	e.half = w.tmpls.HalfOf(e.to)
	e.hash = w.conns.Hash(&flow.Key{Src: k.Dst, SrcPort: k.DstPort, Proto: k.Proto}, false)
}

// all is a set of all packets of the burst.
func (c *columns) all() uint32 { return uint32(uint64(1)<<c.N - 1) }

// isShort reports whether packet i takes an entrance.
func (c *columns) isShort(i int) bool { return c.short>>i&1 != 0 }

// keyAt is the key of the template of packet i's client, and its hash.
func (w *Worker) keyAt(e *entrance, i int) (template.Plain, uint64) {
	k := e.to
	k.Client = w.in.key[i].Src.Uint32() & e.mask
	return k, w.tmpls.HashPlain(e.half, k.Client)
}

// enter is admit for packet i, which takes an entrance.
func (w *Worker) enter(i int) Verdict {
	in := &w.in
	e, k := in.entrance[i], &in.key[i]
	v := e.virtual
	w.heavy.connections.Event(flow.V4(k.Src.Uint32() & e.weighed))
	if w.defence.dropsPacket() { // C3.6
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
		return w.noDestination(i, v)
	}
	port := r.Port
	if port == 0 {
		port = k.DstPort
	}
	if at.template != 0 {
		w.restart(at.template)
		w.tmpls.Entries[at.template].Controls++
	}
	n := uint32(0)
	if w.isPlainServer(r) {
		n = w.conns.InsertPlain(in.hash[i], k, r.Addr.Uint32(), port)
	}
	if n == 0 {
		return w.connect(i, k, r, port, at)
	}
	w.begin(i, n, v, r, at.template)
	return ForwardInput
}

// begin makes connection n, which was just inserted, the one to server r that plain packet i has opened.
func (w *Worker) begin(i int, n uint32, v *service.Virtual, r *service.Real, t uint32) {
	in := &w.in
	c, l := &w.conns.Entries[n], &w.loads[r.Slot]
	in.conn[i] = n
	in.plain |= 1 << i // back on the fast way
	w.made(&in.key[i])
	w.counters.ConnectionInserts++
	c.Slot, c.Forward, c.Template, c.NoOutput, c.InPackets = r.Slot, r.Forward, t, !r.Forward.Returns(), 1
	c.State = conn.FirstState(c.Proto)
	if c.Proto == flow.TCP {
		c.State = w.defence.nextState(c.State, c.Direction(false), conn.EventOf(in.flags[i]))
	}
	if c.State.Active() {
		l.Active++
	} else {
		l.Inactive++
	}
	if c.State == conn.Established {
		w.assure(c)
	}
	w.stats.connection(r, v)
	w.stats.packet(r, false, in.packetLen(i))
	c.Timeout = w.tables.Timeouts[c.State]
	w.conns.Touch(n, w.tick)
}

// isPlainServer reports whether connections to r need no more than an entry.
func (w *Worker) isPlainServer(r *service.Real) bool {
	a := r.Addr.Uint32()
	return (r.Forward == service.NAT || r.Forward == service.Direct || r.Forward == service.Tunnel) && r.Upper == 0 &&
		r.Addr.Is4() && a>>24 != 127 && !w.tables.Addresses.MayBeOurs(a)
}
