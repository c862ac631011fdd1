package lcore

import (
	"cleat/lcore/service"
	"cleat/lcore/template"
)

// recall finds the templates of clients that open a connection to a persistent service. It leaves alone what is not usable any more:
// whether the packet opens a connection at all is known in schedule only.
func (w *Worker) recall() {
	in := &w.in
	for i := range in.N {
		v := in.virtual[i]
		if v == nil || !v.Persistent() || in.verdict[i] != pending || in.conn[i] != 0 || !w.mayCreate(i) {
			continue
		}
		if w.ownerOf(v, &in.key[i]) != w.Number {
			continue
		}
		if t, usable := w.findTemplate(i, v); usable {
			in.template[i] = t
		}
	}
}

// findTemplate returns the template for packet i to service v, 0 if there is none, and whether it may be used (persistence.md P5). Overload
// is no condition (P5.5).
func (w *Worker) findTemplate(i int, v *service.Virtual) (t uint32, usable bool) {
	key := template.KeyOf(v, &w.in.key[i])
	if t = w.tmpls.Find(&key); t == 0 {
		return 0, false
	}
	r := w.tables.Services.Real(w.tmpls.Entries[t].Slot)
	return t, r.Available && !(r.Weight == 0 && w.tables.ExpireQuiescentTemplate)
}

// remembered returns a usable template for packet i to service v, or 0. One that is no longer usable is invalidated (P5.7).
func (w *Worker) remembered(i int, v *service.Virtual) uint32 {
	t, usable := w.findTemplate(i, v)
	if t == 0 || usable {
		return t
	}
	w.tmpls.Invalidate(t)
	w.counters.TemplateInvalidations++
	return 0
}
