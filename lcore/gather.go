package lcore

import (
	"time"

	"cleat/lcore/address"
	"cleat/lcore/burst"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/fragment"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

const (
	fragmentRecords  = 1024 // datagrams of which further fragments are expected, a worker: 64 KiB
	waitingFragments = 64   // fragments that came before their first one
	waitingTime      = time.Second
)

// part is what is known of a packet that is a fragment. The zero part is a whole packet.
type part struct {
	id     uint32
	offset uint16 // bytes, in the datagram's payload
	length uint16 // bytes of payload
	more   bool   // it is not the last one
	kind   uint8
}

// Kinds of parts.
const (
	whole uint8 = iota
	firstPart
	laterPart
)

// fragments are the datagrams that come in fragments, and the fragments that came before their first one (connections.md C11).
type fragments struct {
	*fragment.Table
	n, ready int // of those that wait, and of those whose first one has come
	waiting  [waitingFragments]waitingPart
}

type waitingPart struct {
	packet   burst.Packet
	datagram fragment.Datagram
	since    time.Duration
	ready    bool
}

// parsePart judges fragment i of an IPv4 packet.
func (w *Worker) parsePart(i int, ip wire.IPv4, k *flow.Key) Verdict {
	if flow.IsIPsec(k.Proto) { // every fragment names its flow
		return w.parseIPsec(i, k)
	}
	p := part{uint32(ip.ID()), uint16(ip.FragmentOffset()), uint16(ip.PayloadLen()), ip.MoreFragments(), firstPart}
	if p.offset != 0 {
		p.kind = laterPart
	}
	w.in.part[i], w.in.parts = p, true
	if v := w.judgePart(i, &p, k); v != pending || p.kind == laterPart {
		return v
	}
	return w.parseTransport(i, ip, k)
}

// judgePart judges a fragment by all but its payload. One that may be for a service or from a real server is pending: it goes the way of its first one,
// whose transport header names the flow.
func (w *Worker) judgePart(i int, p *part, k *flow.Key) Verdict {
	kinds := w.in.src[i] | w.in.dst[i]
	known := k.Proto == flow.TCP || k.Proto == flow.UDP
	switch {
	case kinds&(address.Own|address.VIP|address.Real) == 0 && !w.tables.Services.Marked():
		return Route
	case known && !(k.Proto == flow.TCP && p.offset == 8): // RFC 1858 3: that one would overwrite the flags
		return pending
	case known || k.Proto == flow.SCTP && kinds&(address.VIP|address.Real) != 0 || w.in.dst[i]&(address.Own|address.VIP) != 0:
		return DropFragment // an SCTP packet's checksum covers what is in other fragments, and SCTP makes none
	}
	return Route
}

// gather gives fragments the ports that their first one names, in packet order. What comes before its first one waits.
func (w *Worker) gather() {
	in := &w.in
	if !in.parts {
		return
	}
	for i := range in.N {
		if in.part[i].kind == whole || in.verdict[i] != pending {
			continue
		}
		p, k := &in.part[i], &in.key[i]
		d := fragment.Datagram{Src: k.Src, Dst: k.Dst, ID: p.id, Proto: k.Proto}
		if p.kind == firstPart && in.errand[i] < deciding { // else it has been here before
			in.record[i] = w.fragments.First(&d, k.SrcPort, k.DstPort, w.tick)
			w.fragments.wake(&d)
		} else if in.record[i] = w.fragments.Find(&d, w.tick); in.record[i] == 0 {
			if p.kind == laterPart {
				in.verdict[i] = w.keep(i, &d)
			}
			continue
		}
		r := w.fragments.At(in.record[i])
		k.SrcPort, k.DstPort = r.SrcPort, r.DstPort
		w.fragments.Took(in.record[i], int(p.offset), int(p.length), p.more, w.tick)
	}
}

// keep lets fragment i of d wait for the first one.
func (w *Worker) keep(i int, d *fragment.Datagram) Verdict {
	f := &w.fragments
	if f.n == waitingFragments {
		return DropFragment
	}
	f.waiting[f.n] = waitingPart{packet: w.in.packet[i], datagram: *d, since: w.now}
	f.n++
	w.counters.Held++
	return Held
}

// wake has the next turn take the fragments of d that wait.
func (f *fragments) wake(d *fragment.Datagram) {
	for i := range f.waiting[:f.n] {
		if p := &f.waiting[i]; p.datagram == *d && !p.ready {
			p.ready = true
			f.ready++
		}
	}
}

// receiveParts takes the fragments whose first one has come.
func (w *Worker) receiveParts() {
	f, in := &w.fragments, &w.in
	if f.ready == 0 {
		return
	}
	kept, n := 0, 0
	for i := range f.waiting[:f.n] {
		p := &f.waiting[i]
		if p.ready && in.N+n < burst.Size {
			in.packet[in.N+n] = p.packet
			n++
			continue
		}
		f.waiting[kept] = *p
		kept++
	}
	f.n = kept
	f.ready -= n
	w.counters.Held -= uint64(n)
	in.enter(n, moved)
}

// forgetParts drops the fragments whose first one did not come in time.
func (w *Worker) forgetParts() {
	f := &w.fragments
	if f.n == 0 || w.now-f.waiting[0].since <= waitingTime {
		return
	}
	kept := 0
	for i := range f.waiting[:f.n] {
		p := &f.waiting[i]
		if !p.ready && w.now-p.since > waitingTime {
			w.counters.Held--
			w.counters.Verdicts[DropFragment]++
			w.free(&p.packet)
			continue
		}
		f.waiting[kept] = *p
		kept++
	}
	f.n = kept
}

// passPart passes further fragment i on, of connection c: the first one has moved the state, and all fragments count as one packet (C11.1).
func (w *Worker) passPart(i int, c *conn.Entry, r *service.Real) {
	in := &w.in
	switch {
	case in.output[i]:
		in.verdict[i] = ForwardOutput
	case deserted(c, r): // P6.2
		in.verdict[i] = DropServerGone
		return
	default:
		in.verdict[i] = ForwardInput
	}
	if r.Available {
		w.stats.packets(r).more(in.output[i], int(in.part[i].length))
	}
}

// admitPart judges further fragment i, which has no connection: it goes to the server that its first one was given, if that was alone (S4); what
// became of any other first one, as it was no service's or refused, becomes of it.
func (w *Worker) admitPart(i int) Verdict {
	in := &w.in
	p := w.fragments.At(in.record[i])
	if p.Served && p.Src == in.key[i].Src && p.ID == in.part[i].id {
		r := w.tables.Services.Real(p.Slot)
		in.conn[i], in.output[i] = w.conns.Borrow(&in.key[i], r.Addr, 0), false
		c := &w.conns.Entries[in.conn[i]]
		c.Slot, c.Forward = r.Slot, r.Forward
		w.passPart(i, c, r)
		return in.verdict[i]
	}
	if in.dst[i]&(address.Own|address.VIP) == 0 {
		return Route
	}
	return DropFragment
}

// served remembers that datagram i, if it comes in fragments, has a server of its own.
func (w *Worker) served(i int, r *service.Real) {
	if n := w.in.record[i]; n != 0 && w.in.part[i].kind == firstPart {
		p := w.fragments.At(n)
		p.Served, p.Slot = true, r.Slot
	}
}
