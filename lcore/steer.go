package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// steer hands packets of another worker's clients over. Which address is the client's is decided by addresses alone, so that every
// worker decides alike: from a NAT real server, removed ones included while something names them, the destination; else the source. What a FULLNAT server
// sends goes to the worker that has the local address.
//
// An ICMP error has the key of an answer to the packet that it is about, and goes where that answer would go.
func (w *Worker) steer() {
	if w.Workers == 1 {
		return
	}
	in := &w.in
	for i := range in.N {
		if in.errand[i] >= deciding && in.verdict[i] != pending {
			w.misfit(i)
		}
		if in.verdict[i] != pending || in.errand[i] != none || in.isPlain(i) { // plain: its connection is here
			continue
		}
		if w.toWorker(i, w.home(i)) {
			w.arrivals[in.packet[i].Port].own.HandedOver++
		}
	}
}

// home is the worker that packet i, as it came from a port, belongs to.
func (w *Worker) home(i int) int {
	in := &w.in
	switch {
	case in.isShort(i):
		return w.Steering.Worker(flow.V4(wire.AsPlain(in.packet[i].Data).Src()))
	case in.dst[i]&address.Local != 0:
		return w.tables.Addresses.Owner(in.key[i].Dst)
	case in.src[i]&(address.Real|address.VIP) != 0: // from a VIP: an error about what a client sent, and no NAT has changed
		return w.Steering.Worker(in.key[i].Dst)
	}
	return w.Steering.Worker(in.key[i].Src)
}

// serverAsClient hands packet i of a real server, which is no answer to a connection here, on to the real server's own worker if it is for a
// VIP or marked: then the real server may be a client itself. Answers go first (connections.md C1.6), so a packet goes from the destination's
// worker to the source's and never back: it is handed over twice at most.
func (w *Worker) serverAsClient(i int) bool {
	in := &w.in
	if w.Workers == 1 || in.src[i]&address.Real == 0 || in.dst[i]&address.VIP == 0 && in.mark[i] == 0 {
		return false
	}
	return w.toOwner(i, in.key[i].Src)
}

// toOwner judges packet i as handed over if the client belongs to another worker.
func (w *Worker) toOwner(i int, client flow.Addr) bool {
	return w.toWorker(i, w.Steering.Worker(client))
}

// toWorker judges packet i as handed over if that worker is another one.
func (w *Worker) toWorker(i, owner int) bool {
	if owner == w.Number {
		return false
	}
	w.in.verdict[i], w.in.owner[i] = HandedOver, uint8(owner)
	return true
}
