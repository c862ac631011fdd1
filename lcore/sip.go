package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/flow"
	"cleat/lcore/service"
	"cleat/lcore/sip"
	"cleat/lcore/wire"
)

// engineData returns what the persistence engine of service v adds to the key of packet i's template, and whether the packet has that; without it no
// flow begins (persistence.md P9.1).
func (w *Worker) engineData(i int, v *service.Virtual) (data []byte, ok bool) {
	in := &w.in
	switch {
	case v.Engine == service.NoEngine:
		return nil, true
	case in.key[i].Proto != flow.UDP || in.related[i]:
		return nil, false
	}
	udp := wire.UDP(in.transport(i))
	return sip.CallID(udp[wire.UDPLen:min(udp.Len(), len(udp))])
}

// serverBegins opens the connection of a datagram that a NAT server of a service with engine sip sends to a client before that has sent one, and reports
// whether packet i is such and judged (P8.7). It asks no other worker: if that is the template's owner, the datagram is routed as it is.
func (w *Worker) serverBegins(i int) bool {
	in := &w.in
	k := &in.key[i]
	if !w.tables.Services.HasEngine() || k.Proto != flow.UDP || in.related[i] || in.src[i]&address.Real == 0 {
		return false
	}
	r := w.tables.Services.Serving(k.Src, k.SrcPort, k.Proto)
	if r == nil {
		return false
	}
	v := w.tables.Services.Virtual(r.Virtual)
	if v.Engine == service.NoEngine || v.Mark != 0 || v.Port == 0 {
		return false
	}
	client := flow.Key{Src: k.Dst, SrcPort: k.DstPort, Dst: v.Addr, DstPort: v.Port, Proto: k.Proto}
	if w.ownerOf(v, &client) != w.Number || w.conns.FindInput(&client) != 0 {
		return false
	}
	at := place{}
	if v.Persistent() {
		data, ok := w.engineData(i, v)
		if !ok {
			return false
		}
		if t := w.bound(v, &client, data, r); t != 0 && !w.single(i, v) {
			w.tmpls.Entries[t].Controls++
			at.template = t
		}
	}
	in.virtual[i], in.output[i] = v, true
	in.verdict[i] = w.connect(i, &client, r, k.SrcPort, at)
	return true
}

// bound returns the template that binds a client to server r of service v, as a datagram of that server wants it, instead of one to another server
// (P5.4); 0 if there is no room, and the connection does without.
func (w *Worker) bound(v *service.Virtual, client *flow.Key, data []byte, r *service.Real) uint32 {
	t, usable := w.findTemplate(v, client, data)
	if t != 0 && (!usable || w.tmpls.Entries[t].Slot != r.Slot) {
		w.invalidate(t)
		t = 0
	}
	if t == 0 {
		t = w.remember(v, client, data, r)
	}
	if t != 0 {
		w.restart(t)
	}
	return t
}
