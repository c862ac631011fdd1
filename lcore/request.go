package lcore

import (
	"cleat/lcore/burst"
	"cleat/lcore/ring"
	"cleat/lcore/template"
)

// This file is how a client's worker has another one, the owner, decide on a new connection.
//
// The first packet of a flow goes to the owner as a question, and comes back as the answer, with the server; the connection is made then. Packets
// behind it wait meanwhile (follow.go), so order holds. A worker has no more questions out than fit into the ring back, so an owner's answer
// always has room: nothing that it counted is lost, and no worker ever waits for another.

// errand is what a packet goes from worker to worker for. A question, and its answer, is the next one where it arrives.
type errand uint8

const (
	none     errand = iota
	moved           // to the worker whose client it is; or it waited: not steered, or not once more
	asking          // leaves as a question
	deciding        // came as a question, leaves as the answer
	decided         // came as the answer
)

// inquiry is what goes with a question, and with the answer.
type inquiry struct {
	flow   uint32 // the asker's number of the flow; 0: none, its packets do not wait for each other
	choice choice // the answer
}

// parcel is a packet with its inquiry.
type parcel struct {
	packet  burst.Packet
	errand  errand // as it left
	inquiry inquiry
}

// elsewhere is the slot of no server: the owner has tables by which it cannot decide, so that the asker has to ask again.
const elsewhere = ^uint32(0)

// ask has the owner decide on packet i's connection.
func (w *Worker) ask(i, owner int) Verdict {
	in, q := &w.in, &w.inquiries
	if q.out == q.limit {
		return DropHandoverFull
	}
	in.inquiry[i].flow = 0
	if !w.single(i, in.virtual[i]) {
		if in.inquiry[i].flow = q.open(&in.key[i]); in.inquiry[i].flow == 0 {
			return DropHandoverFull
		}
	}
	q.out++
	in.errand[i], in.owner[i] = asking, uint8(owner)
	return HandedOver
}

// consult does what concerns other workers' decisions about packet i, and reports whether it is judged then.
func (w *Worker) consult(i int) bool {
	in := &w.in
	switch in.errand[i] {
	case deciding:
		w.decide(i)
		return true
	case decided:
		w.inquiries.close(in.inquiry[i].flow)
		in.errand[i] = moved
		c := &in.inquiry[i].choice
		if w.findPacket(i); in.conn[i] != 0 || !w.known(i, c) {
			w.decline(c)
			return false
		}
		in.verdict[i] = w.open(i, in.virtual[i], c)
		return true
	}
	return !w.inquiries.idle() && w.follow(i)
}

// decide answers question i.
func (w *Worker) decide(i int) {
	in := &w.in
	c := choice{slot: elsewhere}
	if v := in.virtual[i]; v != nil && w.mayCreate(i) && w.ownerOf(v, &in.key[i]) == w.Number {
		if c = w.choose(i, v); c.verdict == pending {
			w.promised(w.tables.Services.Real(c.slot))
			if c.owner = uint8(w.Number) + 1; c.template != 0 {
				w.tmpls.Entries[c.template].Elsewhere = template.Something
			}
		}
	}
	in.inquiry[i].choice, in.verdict[i] = c, HandedOver
}

// known reports whether the tables here have what the answer to packet i says. They may be older, or newer, than those of the owner; then packet i
// is as one that has just come, and perhaps asked about again.
func (w *Worker) known(i int, c *choice) bool {
	return w.in.virtual[i] != nil && (c.verdict != pending || w.tables.Services.Real(c.slot).Available)
}

// decline gives back what an answer says.
func (w *Worker) decline(c *choice) {
	if c.verdict == pending && c.slot != elsewhere {
		w.giveBack(c.slot, c.place)
	}
}

// misfit is for a question or an answer whose packet the tables of this worker judge otherwise.
func (w *Worker) misfit(i int) {
	in := &w.in
	if in.errand[i] == deciding {
		in.inquiry[i].choice, in.verdict[i] = choice{slot: elsewhere}, HandedOver
		return
	}
	w.inquiries.close(in.inquiry[i].flow)
	w.decline(&in.inquiry[i].choice)
}

// handOver gives packet i to the worker that owner names, and reports whether there was room.
func (w *Worker) handOver(i int) bool {
	in := &w.in
	p := &w.peers[in.owner[i]]
	if in.errand[i] < asking {
		return p.to.Push(&in.packet[i])
	}
	return p.asked.Push(&parcel{in.packet[i], in.errand[i], in.inquiry[i]})
}

// receiveInquiries takes questions and answers of one other worker into the burst.
func (w *Worker) receiveInquiries(from int, asks *ring.Ring[parcel]) {
	in, q := &w.in, &w.inquiries
	n := asks.Pop(q.parcels[:burst.Size-in.N])
	w.counters.Taken += uint64(n)
	for j := range q.parcels[:n] {
		p, i := &q.parcels[j], in.N
		in.enter(1, p.errand+1)
		in.packet[i], in.inquiry[i], in.owner[i] = p.packet, p.inquiry, uint8(from)
		if in.errand[i] == decided {
			q.out--
		}
	}
}
