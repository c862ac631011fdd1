package lcore

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/service"
	"cleat/lcore/template"
	"cleat/lcore/wire"
)

// sought are the templates that recall looks for in a turn: the first n elements, of which the first short ones are of packets that go the short way.
type sought struct {
	n      int
	packet [burst.Size]uint8
	hash   [burst.Size]uint64
	key    [burst.Size]template.Key // of the others
	bucket [burst.Size]uint32
	found  [burst.Size]uint32 // candidates
}

// short adds the template of packet i, which goes the short way, under its hash.
func (s *sought) short(i int, hash uint64) {
	n := s.n % burst.Size
	s.packet[n], s.hash[n] = uint8(i), hash
	s.n = n + 1
}

// recall finds the templates of clients that open a connection to a persistent service. It leaves alone what is not usable any more:
// whether the packet opens a connection at all is known in schedule only. All are asked for first, and then looked at.
func (w *Worker) recall() {
	in, s := &w.in, &w.sought
	if !in.open {
		return
	}
	n, short := s.n, s.n
	if in.short|in.plain != in.all() {
		n = w.recallOthers(n)
	}
	w.tmpls.Near(s.hash[:n], s.bucket[:n])
	w.tmpls.Candidates(s.hash[:n], s.bucket[:n], s.found[:n])
	for k, i := range s.packet[:n] {
		var t uint32
		if i := i % burst.Size; k < short {
			e := &w.entrances[in.entrance[i]]
			client := wire.AsPlain(in.packet[i].Data).Src() & e.mask
			if t = s.found[k]; !w.tmpls.Entries[t].Is(client, &e.to) {
				t = w.tmpls.FindPlain(s.hash[k], t, client, &e.to)
			}
		} else {
			t = w.tmpls.FindNear(s.hash[k], s.found[k], &s.key[k], nil)
		}
		switch {
		case t == 0:
			in.missing[i] = s.hash[k]
		case w.usable(t):
			in.template[i] = t
		}
	}
}

// recallOthers adds the packets that do not go the short way to the n that are sought already, and returns how many there are then.
func (w *Worker) recallOthers(n int) int {
	in, s := &w.in, &w.sought
	for i := range in.N {
		if !in.isShort(i) && w.recalls(i) {
			s.key[n] = w.templateKey(in.virtual[i], &in.key[i])
			s.packet[n], s.hash[n] = uint8(i), w.tmpls.Hash(&s.key[n], nil)
			n++
		}
	}
	return n
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
	t = w.tmpls.Find(&key, data)
	return t, t != 0 && w.usable(t)
}

func (w *Worker) usable(t uint32) bool {
	r := w.tables.Services.Real(w.tmpls.Entries[t].Slot)
	return r.Available && !(r.Weight == 0 && w.tables.ExpireQuiescentTemplate)
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
