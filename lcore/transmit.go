package lcore

import "cleat/lcore/burst"

// batch is what waits to leave through one port in this turn.
type batch struct {
	n       int
	packets [burst.Size]burst.Packet
}

// transmit is where packets leave the worker: to ports, to other workers, to management, or back to the mempool. Every verdict is
// counted here.
func (w *Worker) transmit() {
	in := &w.in
	for i := range in.N {
		p, v := &in.packet[i], in.verdict[i]
		switch {
		case in.long>>i&1 != 0 && v.Sent():
			v = w.sendCut(p, v, in.limit[i])
		case v.Sent():
			w.send(p)
		case v == HandedOver:
			if !w.handOver(i) {
				v = DropHandoverFull
				w.free(p)
			}
		case v == Punted:
			if !w.hear(i) {
				v = DropPuntFull
			}
			w.free(p)
		case v.Drop():
			w.free(p)
		}
		w.counters.Verdicts[v]++
	}
	w.flush()
}

// send puts a packet into the batch of its port.
func (w *Worker) send(p *burst.Packet) {
	b := &w.out[p.Port]
	if b.n == burst.Size {
		w.flushPort(int(p.Port))
	}
	b.packets[b.n] = *p
	b.n++
}

// free puts a packet into the batch that goes back to the mempool.
func (w *Worker) free(p *burst.Packet) {
	if w.dropped.n == burst.Size {
		w.flushDropped()
	}
	w.dropped.packets[w.dropped.n] = *p
	w.dropped.n++
}

// flush hands all batches over.
func (w *Worker) flush() {
	for port := range w.out {
		if w.out[port].n != 0 {
			w.flushPort(port)
		}
	}
	w.flushDropped()
}

func (w *Worker) flushPort(port int) {
	b := &w.out[port]
	sent := w.Queues[port].Transmit(b.packets[:b.n])
	w.counters.Transmitted += uint64(sent)
	for i := sent; i < b.n; i++ {
		w.counters.Verdicts[DropTransmitFull]++
		w.free(&b.packets[i])
	}
	b.n = 0
}

func (w *Worker) flushDropped() {
	if w.dropped.n != 0 {
		w.Pool.Free(w.dropped.packets[:w.dropped.n])
		w.dropped.n = 0
	}
}
