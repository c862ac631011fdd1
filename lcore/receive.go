package lcore

import "cleat/lcore/burst"

// receive fills the burst from all sources: first what other workers handed over, since those packets waited already, then
// the ports, beginning with another one each turn.
func (w *Worker) receive() {
	in := &w.in
	in.N = 0
	w.changed = false
	w.clock()
	for i := range w.peers {
		if from := w.peers[i].from; from != nil {
			n := from.Pop(in.packet[in.N:])
			w.counters.Taken += uint64(n)
			in.enter(n, true)
		}
	}
	for i := range w.Queues {
		port := (w.firstRx + i) % len(w.Queues)
		n := w.Queues[port].Receive(in.packet[in.N:])
		w.counters.Received += uint64(n)
		in.enter(n, false)
		if in.N == burst.Size {
			break
		}
	}
	if w.firstRx++; w.firstRx >= len(w.Queues) {
		w.firstRx = 0
	}
}

// enter resets the columns of the next n packets.
func (c *columns) enter(n int, moved bool) {
	for i := c.N; i < c.N+n; i++ {
		c.verdict[i] = pending
		c.moved[i] = moved
		c.conn[i], c.template[i] = 0, 0
		c.related[i] = false
		c.virtual[i] = nil
	}
	c.N += n
}

// clock reads the time, once a turn.
func (w *Worker) clock() {
	before := w.now
	w.now = w.Clock()
	w.tick = ticksOf(w.now)
	w.counters.gap(w.now - before)
	w.counters.Turns++
}
