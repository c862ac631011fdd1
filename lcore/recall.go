package lcore

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// recall finds the templates of clients that open a connection to a persistent service. It leaves alone what is not usable any more:
// whether the packet opens a connection at all is known in schedule only. All are asked for first, and then looked at.
func (w *Worker) recall() {
	in := &w.in
	var who [burst.Size]uint8
	var hashes [burst.Size]uint64
	n := 0
	for i := range in.N {
		if !w.recalls(i) {
			continue
		}
		key := w.templateKey(in.virtual[i], &in.key[i])
		who[n], hashes[n] = uint8(i), w.tmpls.Hash(&key, nil)
		n++
	}
	w.tmpls.Near(hashes[:n])
	for k, i := range who[:n] {
		t, usable := w.findTemplate(in.virtual[i], &in.key[i], nil)
		switch {
		case usable:
			in.template[i] = t
		case t == 0:
			in.missing[i] = hashes[k]
		}
	}
}

// recalls reports whether packet i is of a client whose template recall looks for.
func (w *Worker) recalls(i int) bool {
	in := &w.in
	v := in.virtual[i]
	return v != nil && v.Persistent() && in.verdict[i] == pending && in.conn[i] == 0 && w.mayCreate(i) &&
		v.Engine == service.NoEngine && // an engine reads the payload: once is enough
		w.ownerOf(v, &in.key[i]) == w.Number
}

// findTemplate returns the template for a client's packet with key k to service v, 0 if there is none, and whether it may be used (persistence.md
// P5). Overload is no condition (P5.5). data is what the persistence engine has read from the packet.
func (w *Worker) findTemplate(v *service.Virtual, k *flow.Key, data []byte) (t uint32, usable bool) {
	key := w.templateKey(v, k)
	if t = w.tmpls.Find(&key, data); t == 0 {
		return 0, false
	}
	r := w.tables.Services.Real(w.tmpls.Entries[t].Slot)
	return t, r.Available && !(r.Weight == 0 && w.tables.ExpireQuiescentTemplate)
}

// remembered returns a usable template, as findTemplate finds it, or 0. One that is no longer usable is invalidated (P5.7).
func (w *Worker) remembered(v *service.Virtual, k *flow.Key, data []byte) uint32 {
	t, usable := w.findTemplate(v, k, data)
	if t == 0 || usable {
		return t
	}
	w.invalidate(t)
	return 0
}

func (w *Worker) invalidate(t uint32) {
	w.tmpls.Invalidate(t)
	w.counters.TemplateInvalidations++
}
