package lcore

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/rewrite"
)

// cutMTU is the greatest fragment that is made, bytes of IP packet: every packet buffer has room for it.
const cutMTU = 2000

// tooBig judges packet i, which is longer, with the headers in front of it, than the way's mtu: its sender is told (F1.4), or it leaves in fragments (C11.3).
// whole: it must not be fragmented.
func (w *Worker) tooBig(i int, v Verdict, mtu int, whole bool) Verdict {
	in := &w.in
	switch {
	case whole && (v != ForwardInput || in.ip[i] == nil || in.ip[i].Protocol() != flow.ICMP):
		w.mtu = uint16(mtu)
		return AnswerFragmentNeeded
	case in.packet[i].Segments > 1:
		return DropTooBig
	}
	in.long |= 1 << i
	in.limit[i] = uint16(mtu)
	return v
}

// sendCut sends a packet that is longer than mtu in fragments that are not, and returns its verdict: v, or why it was dropped.
func (w *Worker) sendCut(p *burst.Packet, v Verdict, mtu uint16) Verdict {
	if p.Data[l3]>>4 == 6 {
		if !p.Prepend(rewrite.FragmentHeaderLen) {
			return w.refuse(p, DropTooBig)
		}
		copy(p.Data[:l3], p.Data[rewrite.FragmentHeaderLen:])
		rewrite.AddFragmentHeader(p.Data[l3:], w.identify())
	}
	ip := p.Data[l3:]
	size, n := rewrite.Fragments(ip, min(int(mtu), cutMTU))
	if size == 0 || n-1 > burst.Size {
		return w.refuse(p, DropTooBig)
	}
	more := w.cuts[:n-1]
	if !w.Pool.Alloc(more) {
		return w.refuse(p, DropNoBuffer)
	}
	w.counters.Made += uint64(len(more))
	for k := range more {
		q := &more[k]
		q.Data = q.Data[:cap(q.Data)]
		copy(q.Data, p.Data[:l3])
		q.Trim(l3 + rewrite.Fragment(q.Data[l3:], ip, k+1, size))
		q.Port, q.Flags, q.VLAN = p.Port, p.Flags, p.VLAN
	}
	p.Trim(l3 + rewrite.Fragment(ip, ip, 0, size))
	w.send(p)
	for k := range more {
		w.send(&more[k])
	}
	return v
}

// refuse gives a packet back that was to be sent.
func (w *Worker) refuse(p *burst.Packet, why Verdict) Verdict {
	w.free(p)
	return why
}

// identify returns the identification of the next packet that the worker puts a header of its own on.
// No two workers give the same one at about the same time.
func (w *Worker) identify() uint32 {
	w.ident += uint32(w.Workers)
	return w.ident
}
