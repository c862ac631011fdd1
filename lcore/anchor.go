package lcore

import (
	"cmp"

	"cleat/lcore/flow"
	"cleat/lcore/schedule"
	"cleat/lcore/service"
	"cleat/lcore/wheel"
)

// This file is persistence where no template can be made: the client's network says by itself where it belongs.

// openly hashes clients without a secret: they belong to the same servers after a start, and on another machine.
var openly = flow.Seed{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89}

// bind binds the client of packet i, which service v does not know or, by data, its call, to the server that was picked by a new template; 0 if there is no room
// for one, and another server perhaps.
func (w *Worker) bind(i int, v *service.Virtual, data []byte, r *service.Real) (uint32, *service.Real) {
	if w.now < w.anchoring[v.ID] {
		r = w.anchor(i, v, data, r)
	}
	t := uint32(0)
	if w.in.isShort(i) {
		t = w.rememberPlain(i, r)
	} else {
		t = w.remember(v, &w.in.key[i], data, r)
	}
	if t == 0 {
		w.counters.PersistenceFallbacks++
		w.anchoring[v.ID] = w.now + wheel.Duration(v.Timeout)
		r = w.anchor(i, v, data, r)
	}
	return t, r
}

// anchor returns the server where packet i's client belongs that has no template; picked if it belongs nowhere. For a persistence timeout after the
// last client that got none, clients that get one are bound to the same server, since they may have been without one before.
func (w *Worker) anchor(i int, v *service.Virtual, data []byte, picked *service.Real) *service.Real {
	if w.in.isShort(i) {
		w.readPlain(i)
	}
	k := &w.in.key[i]
	key := w.templateKey(v, k)
	scheduler := schedule.All[v.Scheduler]
	if _, ok := scheduler.(schedule.Lasting); ok {
		w.asking = schedule.Client{Addr: key.Client, Dst: k.Dst, Now: w.now}
		if r := server(v, scheduler.Pick(v, &w.rotors[v.ID], w.loads, &w.asking)); r != nil {
			return r
		}
	}
	hash := flow.Hash(key.Client, uint16(key.Block), 0, &openly) ^ flow.HashBytes(data, &openly)
	return cmp.Or(server(v, schedule.Anchor(v, w.loads, hash)), picked)
}
