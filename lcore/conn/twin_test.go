package conn

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/memory"
)

// TestFullShardIsItsTwin holds a shard to a map of what it has, whether proven, and when it ends: over insertions into a table that is
// mostly full, in the place of unproven connections too, packets, removals, time and turns.
func TestFullShardIsItsTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.SampledFrom([]int{1, 3, 12, 60}).Draw(t, "capacity")
		wide := rapid.IntRange(0, capacity).Draw(t, "wide")
		s, err := NewShard(memory.Heap, capacity, wide, &flow.Seed{1, 2, 3, 4}, 0)
		if err != nil {
			t.Fatal(err)
		}
		w := &twin{t: t, s: s, capacity: capacity, wide: wide, known: map[flow.Key]twinned{}}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"client", "client", "client", "client", "remove", "time", "turn"}).Draw(t, "step") {
			case "client":
				w.packet()
			case "remove":
				if k, ok := w.any(); ok {
					w.s.Remove(w.s.FindInput(&k))
					delete(w.known, k)
				}
			case "time":
				w.expire(rapid.Uint32Range(0, 60).Draw(t, "ticks"))
			case "turn":
				w.turn()
			}
			w.verify()
		}
	})
}

type twin struct {
	t              *rapid.T
	s              *Shard
	capacity, wide int
	known          map[flow.Key]twinned
	packets        int // of this turn
	now            uint32
}

type twinned struct {
	proven   bool
	deadline uint32
}

// timeout of all connections, in ticks.
const timeout = 50

func (w *twin) turn() {
	w.s.Reclaim()
	w.packets = 0
}

// packet is one of a client's, which finds its connection or opens it.
func (w *twin) packet() {
	if w.packets++; w.packets > burst.Size {
		w.turn()
	}
	n := uint64(rapid.IntRange(1, 3*w.capacity).Draw(w.t, "client"))
	k := flow.Key{Src: flow.V4(uint32(n)), Dst: flow.V4(9), SrcPort: 1, DstPort: 80, Proto: flow.UDP}
	if n%3 == 0 {
		k.Src, k.Dst = flow.Addr{Hi: 1, Lo: n}, flow.Addr{Hi: 1, Lo: 9}
	}
	i := w.s.FindInput(&k)
	if i == 0 {
		if i = w.open(&k); i == 0 {
			return
		}
	}
	e := &w.s.Entries[i]
	if e.InPackets++; e.Proof != Proven {
		w.s.Hear(i, false)
	}
	w.s.Touch(i, w.now)
	w.known[k] = twinned{e.InPackets > 1, w.now + timeout}
}

// open inserts a connection, in the place of a victim if it must.
func (w *twin) open(k *flow.Key) uint32 {
	server := flow.V4(7)
	i := w.s.Insert(k, server, 80)
	if i == 0 {
		if n, six := w.counted(); n < w.capacity && (k.Src.Is4() || six < w.wide) && !w.s.Index.Crowded(flow.Hash(k.Src, k.SrcPort, k.Proto, w.s.seed)) {
			w.t.Fatalf("refused with %d of %d connections, %d of %d of IPv6", n, w.capacity, six, w.wide)
		}
		victim := w.s.Victim(k, server)
		if victim == 0 {
			w.mayRefuse(k)
			return 0
		}
		row := w.s.Row(victim)
		gone := flow.Key{Src: row.client, Dst: row.virtual, SrcPort: 1, DstPort: 80, Proto: flow.UDP}
		if was, ok := w.known[gone]; !ok || was.proven {
			w.t.Fatalf("%v is to make room: there %v, proven %v", gone, ok, was.proven)
		}
		w.s.Remove(victim)
		delete(w.known, gone)
		if i = w.s.Insert(k, server, 80); i == 0 {
			w.t.Fatalf("the end of %v made no room", gone)
		}
	}
	w.s.Entries[i].Timeout = timeout
	return i
}

func (w *twin) counted() (all, six int) {
	for k := range w.known {
		if !k.Src.Is4() {
			six++
		}
	}
	return len(w.known), six
}

// mayRefuse: any unproven connection helps where room for IPv6 addresses is not what is short.
func (w *twin) mayRefuse(k *flow.Key) {
	_, six := w.counted()
	full := !k.Src.Is4() && six == w.wide
	crowded := w.s.Index.Crowded(flow.Hash(k.Src, k.SrcPort, k.Proto, w.s.seed))
	for other, is := range w.known {
		if !is.proven && !crowded && !full {
			w.t.Fatalf("%v is refused though %v is unproven", k, other)
		}
	}
}

func (w *twin) any() (flow.Key, bool) {
	var all []flow.Key
	for k := range w.known {
		all = append(all, k)
	}
	if len(all) == 0 {
		return flow.Key{}, false
	}
	slices.SortFunc(all, func(a, b flow.Key) int { return int(a.Src.Lo) - int(b.Src.Lo) })
	return rapid.SampledFrom(all).Draw(w.t, "connection"), true
}

func (w *twin) expire(ticks uint32) {
	w.now += ticks
	budget := 10 * w.capacity
	for i := w.s.Expired(w.now, &budget); i != 0; i = w.s.Expired(w.now, &budget) {
		row := w.s.Row(i)
		k := flow.Key{Src: row.client, Dst: row.virtual, SrcPort: 1, DstPort: 80, Proto: flow.UDP}
		if w.known[k].deadline > w.now {
			w.t.Fatalf("%v ends at %d, want %d", k, w.now, w.known[k].deadline)
		}
		w.s.Remove(i)
		delete(w.known, k)
	}
	for k, is := range w.known {
		if is.deadline <= w.now {
			w.t.Fatalf("%v has not ended by %d", k, w.now)
		}
	}
	w.turn()
}

func (w *twin) verify() {
	unproven := 0
	for k, is := range w.known {
		i := w.s.FindInput(&k)
		if i == 0 || (w.s.Entries[i].Proof == Proven) != is.proven {
			w.t.Fatalf("%v is entry %d, want one, proven %v", k, i, is.proven)
		}
		if !is.proven {
			unproven++
		}
	}
	if _, six := w.counted(); int(w.s.Used) != len(w.known) || len(w.known) > w.capacity || w.s.wide.Used != six || int(w.s.Unproven()) != unproven {
		w.t.Fatalf("%d used, %d of IPv6, %d unproven; want %d, %d, %d, of %d", w.s.Used, w.s.wide.Used, w.s.Unproven(), len(w.known), six, unproven, w.capacity)
	}
}
