package lcore

import (
	"cleat/lcore/flow"
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
		if v.Engine != service.NoEngine || w.ownerOf(v, &in.key[i]) != w.Number {
			continue // an engine reads the payload: once is enough
		}
		if t, usable := w.findTemplate(v, &in.key[i], nil); usable {
			in.template[i] = t
		}
	}
}

// findTemplate returns the template for a client's packet with key k to service v, 0 if there is none, and whether it may be used (persistence.md
// P5). Overload is no condition (P5.5). data is what the persistence engine has read from the packet.
func (w *Worker) findTemplate(v *service.Virtual, k *flow.Key, data []byte) (t uint32, usable bool) {
	key := template.KeyOf(v, k)
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
