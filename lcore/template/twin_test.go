package template

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/memory"
	"cleat/lcore/service"
	"cleat/lcore/shard"
)

// TestFullShardIsItsTwin holds a shard to a map of what it has: over insertions into a table that is mostly full, in the place of unproven templates
// too, connections that come, are proven and end, here and on other workers, invalidation, removals, time and turns.
func TestFullShardIsItsTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.SampledFrom([]int{1, 3, 12, 60}).Draw(t, "capacity")
		wide := rapid.IntRange(0, capacity).Draw(t, "wide")
		s, err := NewShard(memory.Heap, capacity, wide, &flow.Seed{1, 2, 3, 4}, 0)
		if err != nil {
			t.Fatal(err)
		}
		w := &twin{t: t, s: s, capacity: capacity, wide: wide, known: map[uint32]*twinned{}}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"client", "client", "client", "ends", "proven", "invalid", "time", "turn"}).Draw(t, "step") {
			case "client":
				w.client()
			case "turn":
				w.turn()
			case "time":
				w.expire(rapid.Uint32Range(0, 60).Draw(t, "ticks"))
			case "ends":
				w.change(func(i uint32, is *twinned, elsewhere bool) {
					if is.controls--; elsewhere {
						w.s.TellEnded(i)
					} else {
						w.s.Entries[i].Controls--
					}
				})
			case "proven":
				w.change(func(i uint32, is *twinned, elsewhere bool) {
					if is.proven = !is.invalid; elsewhere {
						w.s.TellProven(i)
					} else {
						w.s.Prove(i)
					}
				})
			case "invalid":
				w.change(func(i uint32, is *twinned, _ bool) {
					w.s.Hear(i)
					if !is.invalid {
						w.s.Invalidate(i)
						is.invalid, is.proven = true, false
					}
				})
			}
			w.verify()
		}
	})
}

type twin struct {
	t              *rapid.T
	s              *Shard
	capacity, wide int
	known          map[uint32]*twinned // by entry
	packets        int                 // of this turn
	now            uint32
}

type twinned struct {
	key             Key
	data            string
	controls        uint32
	proven, invalid bool
	deadline        uint32
}

// timeout of all templates, in ticks.
const timeout = 50

func (w *twin) turn() {
	w.s.Reclaim()
	w.packets = 0
}

// client opens a connection: under its template, or one that it gets, in the place of a victim if it must.
func (w *twin) client() {
	if w.packets++; w.packets > burst.Size {
		w.turn()
	}
	n := uint64(rapid.IntRange(1, 3*w.capacity).Draw(w.t, "client"))
	k, data := Key{Client: flow.V4(uint32(n)), Virtual: flow.V4(9), Port: 80, Proto: flow.TCP}, ""
	switch n % 3 {
	case 0:
		k.Client, k.Virtual = flow.Addr{Hi: 1, Lo: n}, flow.Addr{Hi: 1, Lo: 9}
	case 1:
		data = "call"
	}
	i := w.s.Find(&k, []byte(data))
	plain, hash := w.plain(&k, data, i)
	if i == 0 {
		if plain != nil && rapid.Bool().Draw(w.t, "plain") {
			i = w.s.InsertPlain(hash, k.Client.Uint32(), plain, &service.Real{Slot: 7, Port: 80}, timeout)
		}
		if i == 0 {
			i = w.insert(&k, data)
		}
		if i == 0 {
			return
		}
		w.known[i] = &twinned{key: k, data: data}
	}
	is := w.known[i]
	if is == nil || is.invalid || is.key != k || is.data != data {
		w.t.Fatalf("%v is found at entry %d, which is %+v", k, i, is)
	}
	w.s.Entries[i].Controls++
	w.s.Entries[i].Elsewhere = Something
	w.s.Touch(i, w.now)
	is.controls++
	is.deadline = w.now + timeout
}

// plain returns the plain key that is k, and its hash; nil if there is none. Where there is one it finds what k finds, which is entry i; what no plain key is
// has nothing that one finds.
func (w *twin) plain(k *Key, data string, i uint32) (*Plain, uint64) {
	p := Plain{k.Virtual.Uint32(), k.Port, k.Proto}
	hash := w.s.HashPlain(w.s.HalfOf(&p), k.Client.Uint32())
	var at, candidates [1]uint32
	w.s.Near([]uint64{hash}, at[:])
	w.s.Candidates([]uint64{hash}, at[:], candidates[:])
	found := w.s.FindPlain(hash, candidates[0], k.Client.Uint32(), &p)
	if !k.Client.Is4() || data != "" {
		if found != 0 {
			w.t.Fatalf("%v with %q is found as plain", k, data)
		}
		return nil, 0
	}
	if hash != w.s.Hash(k, nil) || found != i {
		w.t.Fatalf("%v is entry %d, as a plain key %d", k, i, found)
	}
	return &p, hash
}

func (w *twin) insert(k *Key, data string) uint32 {
	i := w.s.Insert(k, []byte(data), 7, 80, timeout)
	if i != 0 {
		return i
	}
	six, calls := w.counted()
	crowded := w.s.Index.Crowded(w.s.Hash(k, []byte(data)))
	if len(w.known) < w.capacity && (k.Client.Is4() || six < w.wide) && (data == "" || calls < w.s.data.Capacity()) && !crowded {
		w.t.Fatalf("refused with %d templates, %d of IPv6, %d with data", len(w.known), six, calls)
	}
	victim := w.s.Victim(w.s.WantOf(k, []byte(data)), shard.Looks)
	if victim == 0 {
		for other, is := range w.known {
			if len(w.known) <= 16 && !is.proven && is.controls == 0 && !crowded && k.Client.Is4() && data == "" {
				w.t.Fatalf("%v is refused though entry %d may go", k, other)
			}
		}
		return 0
	}
	if is := w.known[victim]; is == nil || is.proven || is.controls != 0 {
		w.t.Fatalf("entry %d is to make room: %+v", victim, is)
	}
	w.s.Remove(victim)
	delete(w.known, victim)
	if i = w.s.Insert(k, []byte(data), 7, 80, timeout); i == 0 {
		w.t.Fatalf("the end of entry %d made no room", victim)
	}
	return i
}

// change does something to a template that has a connection, of this worker or of another one.
func (w *twin) change(f func(i uint32, is *twinned, elsewhere bool)) {
	var all []uint32
	for i, is := range w.known {
		if is.controls != 0 {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	i := rapid.SampledFrom(all).Draw(w.t, "template")
	f(i, w.known[i], rapid.Bool().Draw(w.t, "elsewhere"))
}

// expire ends what is over, but for templates with connections, which start again.
func (w *twin) expire(ticks uint32) {
	w.now += ticks
	budget := 10 * w.capacity
	for i := w.s.Expired(w.now, &budget); i != 0; i = w.s.Expired(w.now, &budget) {
		is := w.known[i]
		w.s.Hear(i)
		switch {
		case is.deadline > w.now || w.s.Entries[i].Controls != is.controls:
			w.t.Fatalf("entry %d is over at %d: %+v, want %+v", i, w.now, w.s.Entries[i], is)
		case is.controls != 0:
			is.deadline = w.now + timeout
			w.s.Touch(i, w.now)
		default:
			w.s.Remove(i)
			delete(w.known, i)
		}
	}
	w.turn()
}

// counted is how many templates are of IPv6, and how many have data.
func (w *twin) counted() (six, calls int) {
	for _, is := range w.known {
		if !is.key.Client.Is4() {
			six++
		}
		if is.data != "" {
			calls++
		}
	}
	return six, calls
}

func (w *twin) verify() {
	unproven := 0
	for i, is := range w.known {
		w.s.Hear(i)
		found := w.s.Find(&is.key, []byte(is.data))
		if e := &w.s.Entries[i]; !is.invalid && found != i || e.invalid != is.invalid || e.Controls != is.controls || w.s.IsUnproven(i) == is.proven {
			w.t.Fatalf("entry %d: %+v, unproven %v, found at %d; want %+v", i, e, w.s.IsUnproven(i), found, is)
		}
		if !is.proven {
			unproven++
		}
	}
	if six, calls := w.counted(); int(w.s.Used) != len(w.known) || len(w.known) > w.capacity || w.s.wide.Used != six || w.s.data.Used != calls || int(w.s.Unproven()) != unproven {
		w.t.Fatalf("%d used, %d of IPv6, %d with data, %d unproven; want %d, %d, %d, %d", w.s.Used, w.s.wide.Used, w.s.data.Used, w.s.Unproven(),
			len(w.known), six, calls, unproven)
	}
}
