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
	if w.transmitWhole() {
		return
	}
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

// transmitWhole transmits the burst as it is, if all of it is forwarded through one port, and reports whether that was so: most bursts come from one port,
// and go to one.
func (w *Worker) transmitWhole() bool {
	in := &w.in
	if in.N == 0 || in.long != 0 {
		return false
	}
	port, outputs := in.packet[0].Port, in.outputs
	if !in.together {
		outputs = 0
		for i := range in.N {
			v := in.verdict[i]
			if !v.forwards() || in.packet[i].Port != port {
				return false
			}
			if v == ForwardOutput {
				outputs++
			}
		}
	}
	w.counters.Verdicts[ForwardInput] += uint64(in.N) - outputs
	w.counters.Verdicts[ForwardOutput] += outputs
	w.hand(int(port), in.packet[:in.N])
	w.flush() // what a stage has freed
	return true
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
	w.hand(port, b.packets[:b.n])
	b.n = 0
}

// hand hands packets to a port, and drops those that it does not take.
func (w *Worker) hand(port int, packets []burst.Packet) {
	sent := w.Queues[port].Transmit(packets)
	w.counters.Transmitted += uint64(sent)
	for i := sent; i < len(packets); i++ {
		w.counters.Verdicts[DropTransmitFull]++
		w.free(&packets[i])
	}
}

func (w *Worker) flushDropped() {
	if w.dropped.n != 0 {
		w.Pool.Free(w.dropped.packets[:w.dropped.n])
		w.dropped.n = 0
	}
}
