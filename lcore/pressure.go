package lcore

import (
	"cleat/lcore/burst"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/shard"
	"cleat/lcore/template"
)

// This file is the rule when a table is full: what has proven itself stays, and what has not makes room for what comes (conn.Proof). So a flood of
// forged packets turns over its own entries, and a client in it has the time in which that happens once to show that it is there.

// prove takes in what a packet of the client, or of the server (output), of connection i proves, for the template too.
func (w *Worker) prove(i uint32, output bool) {
	if !w.conns.Hear(i, output) {
		return
	}
	c := &w.conns.Entries[i]
	switch {
	case c.Template == 0:
	case c.Owner == 0:
		w.tmpls.Prove(c.Template)
	default:
		w.peers[c.Owner-1].tmpls.TellProven(c.Template)
	}
}

// insert adds the connection that a client's packet with key k opens to port at server, in the place of an unproven one if there is no other; 0 if
// there is none.
func (w *Worker) insert(k *flow.Key, server flow.Addr, port uint16) uint32 {
	n := w.conns.Insert(k, server, port)
	if n == 0 {
		victim := w.conns.Victim(k, server)
		if victim == 0 {
			return 0
		}
		w.evict(victim)
		if n = w.conns.Insert(k, server, port); n == 0 {
			return 0
		}
	}
	w.touched.add(w.conns.Hash(k, false))
	w.counters.ConnectionInserts++
	return n
}

// insertPlain is insert by what conn.Shard.InsertPlain wants.
func (w *Worker) insertPlain(hash, ends uint64, ports uint32, proto uint8, server uint32, port uint16) uint32 {
	n := w.conns.InsertPlain(hash, ends, ports, proto, server, port)
	if n == 0 {
		victim := w.conns.VictimPlain(hash)
		if victim == 0 {
			return 0
		}
		w.evict(victim)
		if n = w.conns.InsertPlain(hash, ends, ports, proto, server, port); n == 0 {
			return 0
		}
	}
	w.touched.add(hash)
	w.counters.ConnectionInserts++
	return n
}

// evict ends connection i for another one.
func (w *Worker) evict(i uint32) {
	w.counters.ConnectionEvictions++
	w.endConnection(i)
}

// evictTemplate ends an unproven template for one that is wanted, and reports whether there was one to end. In a flood of
// handshakes that are never completed each template has its connection: both end then. So where the last search for one without connection was in vain, a
// single one is looked at first.
func (w *Worker) evictTemplate(want template.Want) bool {
	looks := shard.Looks
	if w.allInUse {
		looks = 1
	}
	victim := w.tmpls.Victim(want, looks)
	w.allInUse = victim == 0
	if victim == 0 {
		victim = w.evictLast(want)
	}
	if victim == 0 && looks < shard.Looks {
		victim = w.tmpls.Victim(want, shard.Looks)
	}
	if victim == 0 {
		return false
	}
	w.counters.TemplateEvictions++
	w.endTemplate(victim)
	return true
}

// evictLast ends an unproven connection that is the last one under its template, whose end makes room for the one that is wanted, and returns that
// template; 0 if none was found.
func (w *Worker) evictLast(want template.Want) uint32 {
	if w.conns.Unproven() == 0 || w.tmpls.Index.Crowded(want.Hash) {
		return 0
	}
	last := w.conns.Sweep(func(c *conn.Entry) bool {
		return c.Template != 0 && c.Owner == 0 && w.tmpls.Yields(c.Template, 1, want)
	})
	if last == 0 {
		return 0
	}
	t := w.conns.Entries[last].Template
	w.evict(last)
	return t
}

// crowd asks, where the tables are full, for what will have to make room for the packets that belong to no connection: for a burst's number at a time, so that
// not every burst waits for memory because of a few.
func (w *Worker) crowd() {
	conns, tmpls := w.conns.Full(burst.Size), w.tmpls.Full(burst.Size)
	if !conns && !tmpls {
		w.doomed = 0
		return
	}
	for i := range w.in.N {
		if w.in.verdict[i] == pending && w.in.conn[i] == 0 {
			w.doomed--
		}
	}
	if w.doomed >= 0 {
		return
	}
	w.doomed += burst.Size
	var room, own [burst.Size]uint32
	if conns || w.allInUse {
		last := w.conns.Next(room[:])
		if tmpls {
			w.tmpls.Leaving(w.ownTemplates(last, &own))
		}
	}
	if tmpls && !w.allInUse {
		w.tmpls.Next(room[:])
	}
}
