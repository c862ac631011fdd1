package schedule

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The twins below are docs/spec/scheduling.md word by word, over a list of pointers with the newest server first.

type server struct {
	slot             uint32
	weight, last     int32 // last: the last weight that was not 0
	overload         bool
	active, inactive int32
}

func (s *server) eligible() bool  { return !s.overload && s.weight > 0 }
func (s *server) overhead() int64 { return int64(s.active)*256 + int64(s.active+s.inactive) }

type twin interface {
	pick(list []*server, c *Client) *server
	changed(list []*server) // after every add, delete and edit
	deleting(list []*server, gone *server)
}

type noState struct{}

func (noState) changed([]*server)           {}
func (noState) deleting([]*server, *server) {}

// rrTwin: R.
type rrTwin struct{ last *server } // nil: the list's head

func (*rrTwin) changed([]*server) {}

func (r *rrTwin) deleting(list []*server, gone *server) { // R.3
	if r.last != gone {
		return
	}
	r.last = nil
	if i := slices.Index(list, gone); i > 0 {
		r.last = list[i-1]
	}
}

func (r *rrTwin) pick(list []*server, _ *Client) *server {
	at := slices.Index(list, r.last) // -1: the head
	for pass := 0; pass < 2; pass++ {
		for i := at + 1; i < len(list); i++ {
			if list[i].eligible() {
				r.last = list[i]
				return list[i]
			}
			if list[i] == r.last {
				return nil // R.2: came back to last
			}
		}
		if r.last == nil {
			return nil // R.2: one pass if last is the head
		}
		at = -1
	}
	return nil
}

// wrrTwin: wrr, pass by pass.
type wrrTwin struct {
	cl         *server // nil: the list's head
	cw, mw, di int32
}

func (*wrrTwin) deleting([]*server, *server) {}

func (w *wrrTwin) changed(list []*server) {
	w.cl, w.mw, w.di = nil, 0, 1
	for _, s := range list {
		w.mw = max(w.mw, s.weight)
	}
	for di := w.mw; di > 1; di-- { // the greatest that divides all
		if !slices.ContainsFunc(list, func(s *server) bool { return s.weight%di != 0 }) {
			w.di = di
			break
		}
	}
	w.mw -= w.di - 1
	if w.cw > w.mw || w.cw == 0 {
		w.cw = w.mw
	} else if w.di > 1 {
		w.cw = (w.cw/w.di)*w.di + 1
	}
}

func (w *wrrTwin) pick(list []*server, _ *Client) *server {
	if w.mw == 0 {
		return nil
	}
	begun := w.cl
	at := slices.Index(list, begun)
	wrapped := false // this search has passed the end of a last pass
	whole := false   // this traversal began from the first server
	for {
		for i := at + 1; i < len(list); i++ {
			if !list[i].overload && list[i].weight >= w.cw {
				w.cl = list[i]
				return list[i]
			}
			if wrapped && w.cw <= w.di && list[i] == begun {
				return nil // begun in the middle: up to where it began, in the last pass
			}
		}
		last := w.cw <= w.di && whole
		w.cw -= w.di
		if w.cw <= 0 {
			w.cw = w.mw
			if last || begun == nil {
				return nil
			}
			wrapped = true
		}
		at, whole = -1, true
	}
}

// lcTwin: L0.
type lcTwin struct{ noState }

func (lcTwin) pick(list []*server, _ *Client) (best *server) {
	for _, s := range list {
		if s.eligible() && (best == nil || s.overhead() < best.overhead()) {
			best = s
		}
	}
	return best
}

// wlcTwin: W, G.5.
type wlcTwin struct{ noState }

func (wlcTwin) pick(list []*server, _ *Client) *server {
	start := slices.IndexFunc(list, (*server).eligible)
	if start < 0 {
		return nil
	}
	best := list[start]
	for _, s := range list[start+1:] {
		if !s.overload && s.overhead()*int64(best.weight) < best.overhead()*int64(s.weight) { // W.2
			best = s
		}
	}
	return best
}

// shTwin: S. The buckets are filled anew for every pick.
type shTwin struct {
	noState
	fallback, port bool
}

func (h shTwin) pick(list []*server, c *Client) *server {
	var bucket []*server
	for len(list) > 0 && len(bucket) < 256 {
		for _, s := range list {
			for n := int32(0); n < max(s.weight, 1) && len(bucket) < 256; n++ {
				bucket = append(bucket, s)
			}
		}
	}
	if len(bucket) == 0 {
		return nil
	}
	v := c.Addr.Uint32()
	if h.port {
		v += uint32(c.Port)
	}
	hash := v * 0x61C88647 >> 24
	b0 := hash & 255
	if bucket[b0].eligible() {
		return bucket[b0]
	}
	for k := uint32(0); h.fallback && k <= 255; k++ {
		offset := (k + b0) % 256
		if s := bucket[(offset+hash)&255]; s.eligible() {
			return s
		}
	}
	return nil
}

// TestTwins holds every scheduler to its twin over random commands, connections and overloads.
func TestTwins(t *testing.T) {
	for _, c := range []struct {
		name, scheduler string
		flags           uint8
		twin            func() twin
	}{
		{"rr", "rr", 0, func() twin { return &rrTwin{} }},
		{"wrr", "wrr", 0, func() twin { return &wrrTwin{} }},
		{"lc", "lc", 0, func() twin { return lcTwin{} }},
		{"wlc", "wlc", 0, func() twin { return wlcTwin{} }},
		{"sh", "sh", 0, func() twin { return shTwin{} }},
		{"sh, sh-port", "sh", 0x10, func() twin { return shTwin{port: true} }},
		{"sh, sh-fallback", "sh", 0x08, func() twin { return shTwin{fallback: true} }},
		{"sh, both", "sh", 0x18, func() twin { return shTwin{fallback: true, port: true} }},
		{"sed", "sed", 0, func() twin { return sedTwin{} }},
		{"nq", "nq", 0, func() twin { return nqTwin{} }},
		{"fo", "fo", 0, func() twin { return foTwin{} }},
		{"ovf", "ovf", 0, func() twin { return ovfTwin{} }},
		{"twos", "twos", 0, func() twin { return &twosTwin{} }},
		{"dh", "dh", 0, func() twin { return dhTwin{} }},
		{"mh", "mh", 0, func() twin { return &mhTwin{} }},
		{"mh, mh-port", "mh", 0x10, func() twin { return &mhTwin{port: true} }},
		{"mh, mh-fallback", "mh", 0x08, func() twin { return &mhTwin{fallback: true} }},
		{"mh, both", "mh", 0x18, func() twin { return &mhTwin{fallback: true, port: true} }},
		{"lblc", "lblc", 0, func() twin { return &lblcTwin{} }},
		{"lblcr", "lblcr", 0, func() twin { return &lblcrTwin{} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { compare(t, newDirector(c.scheduler, c.flags, slots), c.twin()) })
		})
	}
}

func compare(t *rapid.T, d *director, twin twin) {
	var list []*server        // the twin's, newest first
	all := make([]*server, 4) // few, so that they meet in every way
	for i := range all {
		all[i] = &server{slot: uint32(i)}
	}
	twin.changed(list)
	now := time.Duration(0)
	for range rapid.IntRange(1, 60).Draw(t, "steps") {
		s := all[rapid.IntRange(0, len(all)-1).Draw(t, "server")]
		weight := rapid.SampledFrom([]int32{0, 0, 1, 1, 2, 3, 4, 6, 8, 9, 12, 300}).Draw(t, "weight")
		there := slices.Contains(list, s)
		switch action := rapid.SampledFrom([]string{"add", "delete", "edit", "overload", "overload all", "overload none", "load", "wait", "pick", "pick", "pick"}).Draw(t, "action"); {
		case action == "add" && !there:
			s.weight, s.last = weight, weight
			list = slices.Insert(list, 0, s)
			d.add(s.slot, weight)
			twin.changed(list)
		case action == "delete" && there:
			twin.deleting(list, s)
			i := slices.Index(list, s)
			list = slices.Delete(list, i, i+1)
			d.delete(s.slot)
			twin.changed(list)
		case action == "edit" && there:
			s.weight = weight
			if weight != 0 {
				s.last = weight
			}
			d.edit(s.slot, weight)
			twin.changed(list)
		case action == "overload":
			s.overload = !s.overload
			d.loads[s.slot].Overload = s.overload
		case action == "overload all", action == "overload none":
			for _, s := range all {
				s.overload = action == "overload all"
				d.loads[s.slot].Overload = s.overload
			}
		case action == "load":
			for _, s := range all {
				drawLoad(t, s, &d.loads[s.slot])
			}
		case action == "wait":
			now += time.Duration(rapid.IntRange(1, 80).Draw(t, "minutes")) * time.Minute
		case action == "pick":
			for range rapid.IntRange(1, 30).Draw(t, "picks") {
				pickBoth(t, d, twin, list, now)
			}
		}
	}
}

// drawLoad gives a server connections, some of them on this worker.
func drawLoad(t *rapid.T, s *server, l *Load) {
	s.active, s.inactive = rapid.Int32Range(0, 3).Draw(t, "active"), rapid.Int32Range(0, 600).Draw(t, "inactive")
	l.Active, l.Inactive = rapid.Int32Range(0, s.active).Draw(t, "active here"), rapid.Int32Range(0, s.inactive).Draw(t, "inactive here")
	l.OthersActive, l.OthersInactive = s.active-l.Active, s.inactive-l.Inactive
}

func pickBoth(t *rapid.T, d *director, twin twin, list []*server, now time.Duration) {
	client := clients.Draw(t, "client")
	client.Now = now
	want := None
	if s := twin.pick(list, &client); s != nil {
		want = int(s.slot)
	}
	if got := d.pick(&client); got != want {
		t.Fatalf("picked %d, the twin %d", got, want)
	}
	if w, ok := twin.(*wrrTwin); ok && (d.state.Current != w.cw || d.state.Max != w.mw || d.state.Step != w.di) {
		t.Fatalf("state %+v, the twin's %+v", d.state, *w)
	}
}
