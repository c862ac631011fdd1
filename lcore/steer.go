package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/flow"
)

// steer hands packets of another worker's clients over. Which address is the client's is decided by addresses alone, so that every
// worker decides alike:
//
//   - to a VIP, or marked by a rule: the source;
//   - from a NAT real server, removed ones included while something names them: the destination;
//   - else: the source.
//
// An ICMP error has the key of an answer to the packet that it is about, and goes where that answer would go.
func (w *Worker) steer() {
	if w.Workers == 1 {
		return
	}
	in := &w.in
	for i := range in.N {
		if in.verdict[i] == pending && !in.moved[i] {
			w.toOwner(i, w.client(i))
		}
	}
}

func (w *Worker) client(i int) flow.Addr {
	in := &w.in
	k := &in.key[i]
	if in.dst[i]&address.VIP == 0 && in.src[i]&address.Real != 0 && w.tables.Services.Mark(k) == 0 {
		return k.Dst
	}
	return k.Src
}

// otherClient hands packet i, which no connection here claims, over to the owner of the other address that may be its client's, once: what
// a real server sends to a VIP or under a mark may be an answer as well.
func (w *Worker) otherClient(i int) bool {
	in := &w.in
	if w.Workers == 1 || in.moved[i] || in.src[i]&address.Real == 0 {
		return false
	}
	k := &in.key[i]
	if w.client(i) != k.Src {
		return false
	}
	return w.toOwner(i, k.Dst)
}

// toOwner judges packet i as handed over if the client belongs to another worker.
func (w *Worker) toOwner(i int, client flow.Addr) bool {
	owner := w.Steering.Worker(client)
	if owner == w.Number {
		return false
	}
	w.in.verdict[i], w.in.owner[i] = HandedOver, uint8(owner)
	return true
}
