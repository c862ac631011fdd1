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
		key := template.KeyOf(v, &in.key[i])
		if t := w.tmpls.Find(&key); t != 0 && w.usable(w.tables.Services.Real(w.tmpls.Entries[t].Slot)) {
			in.template[i] = t
		}
	}
}

// remembered returns a usable template for packet i to service v, or 0. One that is no longer usable is invalidated
// (persistence.md P5).
func (w *Worker) remembered(i int, v *service.Virtual) uint32 {
	key := template.KeyOf(v, &w.in.key[i])
	t := w.tmpls.Find(&key)
	if t == 0 || w.usable(w.tables.Services.Real(w.tmpls.Entries[t].Slot)) {
		return t
	}
	w.tmpls.Invalidate(t)
	w.counters.TemplateInvalidations++
	return 0
}

// usable is the check of P5. Overload is no condition (P5.5).
func (w *Worker) usable(r *service.Real) bool {
	return r.Available && !(r.Weight == 0 && w.tables.ExpireQuiescentTemplate)
}
