package lcore

import (
	"time"

	"cleat/lcore/conn"
	"cleat/lcore/template"
	"cleat/lcore/wheel"
)

// defence keeps room in a worker's tables when it is flooded (connections.md C10): drop_entry ends entries that look as if nobody used
// them, drop_packet drops some of the packets that open connections, secure_tcp takes a connection for established later.
type defence struct {
	judged time.Duration // when it was last seen which of them are on

	left uint32               // drop_entry: entries still to be looked at in this second
	next uint32               // the one to go on with: connections first, templates behind them
	idle [idlePackets + 1]int // by number of packets: idle entries until the next one is ended (C10.4)

	rate, pass int // drop_packet: one of so many is dropped, 0: none; packets until then, the first one is

	secure bool // secure_tcp
}

const (
	judgeEvery = time.Second
	lookedAt   = 32  // drop_entry looks at one of so many entries a second (C10.3)
	lookStep   = 256 // between two turns at most

	idleFor     = 60 * wheel.Second // C10.4
	idlePackets = 8                 // entries with more are spared

	always = 3     // mode of a defence
	parts  = 16384 // of a table: what Settings.Amemthresh counts
)

// defend is what the defence does between two turns.
func (w *Worker) defend() {
	d := &w.defence
	if w.now-d.judged >= judgeEvery {
		d.judged = w.now
		w.judge(min(free(w.conns.Used, w.conns.Capacity()), free(w.tmpls.Used, w.tmpls.Capacity())))
	}
	for n := min(d.left, lookStep); n > 0; n-- {
		d.left--
		w.lookAtNext()
	}
}

// defenceDue returns in how many ticks drop_entry ends entries, wheel.Never while it is off. All else that the defence does concerns packets to come.
func (w *Worker) defenceDue() uint32 {
	switch {
	case w.tables.DropEntry == 0:
		return wheel.Never
	case w.defence.left != 0:
		return 0
	}
	return wheel.Ticks(max(w.defence.judged+judgeEvery-w.now, 0))
}

// free is how much of a table is free, in parts.
func free(used uint64, capacity int) int {
	return int((uint64(capacity) - used) * parts / uint64(capacity))
}

// judge switches the defences on and off by their modes and by how much room is free (C10.2, C10.5, C10.6).
func (w *Worker) judge(room int) {
	d, t := &w.defence, w.tables
	on := func(mode int) bool { return mode == always || mode != 0 && room < t.Amemthresh }
	d.left = 0
	if on(t.DropEntry) {
		d.left = (w.conns.Highest() + w.tmpls.Highest() + lookedAt - 1) / lookedAt
	}
	rate := 0
	switch {
	case t.DropPacket == always:
		rate = t.AmDropRate
	case on(t.DropPacket):
		rate = t.Amemthresh / (t.Amemthresh - room)
	}
	d.rate = rate
	d.secure = on(t.SecureTCP)
}

// dropsPacket reports whether a packet that would open a connection is one of those that drop_packet drops (C10.5).
func (d *defence) dropsPacket() bool {
	if d.rate == 0 {
		return false
	}
	if d.pass--; d.pass > 0 {
		return false
	}
	d.pass = d.rate
	return true
}

// dropsIdle is C10.4 for an entry whose timer has run for so many ticks since its last packet of so many.
func (d *defence) dropsIdle(ran, packets uint32) bool {
	if int32(ran) < int32(idleFor) || packets == 0 || packets > idlePackets {
		return false
	}
	if d.idle[packets]--; d.idle[packets] > 0 {
		return false
	}
	d.idle[packets] = int(packets)
	return true
}

// nextState is the state of a TCP connection after a packet.
func (d *defence) nextState(s conn.State, from conn.Direction, e conn.Event) conn.State {
	if d.secure {
		return s.NextSecure(from, e)
	}
	return s.Next(from, e)
}

// moves is nextState as a table.
func (d *defence) moves() *conn.Moves {
	if d.secure {
		return &conn.SecureMoves
	}
	return &conn.PlainMoves
}

// lookAtNext looks at one entry and ends it if it is not worth its place.
func (w *Worker) lookAtNext() {
	d := &w.defence
	connections := w.conns.Highest()
	if d.next >= connections+w.tmpls.Highest() {
		d.next = 0
	}
	i := d.next + 1
	d.next++
	if i > connections {
		w.lookAtTemplate(i - connections)
		return
	}
	if c := &w.conns.Entries[i]; c.Live() && w.dropsConnection(c) {
		w.counters.DropEntryEnds++
		w.endConnection(i)
		if c.Template != 0 && c.Owner == 0 { // P8.6; another worker's falls when that one looks at it
			w.abandon(c.Template)
		}
	}
}

// abandon ends template i if it controls nothing and was never used in earnest.
func (w *Worker) abandon(i uint32) {
	w.tmpls.Hear(i)
	if e := &w.tmpls.Entries[i]; e.Controls == 0 && e.State != template.Assured {
		w.counters.DropEntryEnds++
		w.endTemplate(i)
	}
}

// dropsConnection is C10.3.
func (w *Worker) dropsConnection(c *conn.Entry) bool {
	switch c.State.Worth() {
	case conn.Half:
		return true
	case conn.Packets:
		return w.defence.dropsIdle(w.tick-(c.Deadline()-c.Timeout), c.InPackets)
	}
	return false
}

// lookAtTemplate is P8.5.
func (w *Worker) lookAtTemplate(i uint32) {
	w.tmpls.Hear(i)
	e := &w.tmpls.Entries[i]
	if !e.Live() || e.Controls != 0 {
		return
	}
	drop := e.State != template.Assured
	if v := w.tables.Services.Virtual(w.tables.Services.Real(e.Slot).Virtual); v != nil && v.OnePacket {
		drop = w.defence.dropsIdle(w.tick-(e.Deadline()-e.Timeout), e.InPackets)
	}
	if drop {
		w.counters.DropEntryEnds++
		w.endTemplate(i)
	}
}
