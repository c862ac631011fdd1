package shard_test

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/burst"
	"cleat/lcore/memory"
	"cleat/lcore/shard"
)

type entry struct {
	timer shard.Head
	_     [5]uint64
	hash  uint64
}

func newShard(t rapid.TB, alloc memory.Alloc, capacity int) *shard.Shard[entry] {
	s, err := shard.New[entry](alloc, "test", capacity, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func find(s *shard.Shard[entry], hash uint64) uint32 {
	for c := s.Index.Search(hash); c.Next(); {
		if s.Entries[c.Entry].hash == hash {
			return c.Entry
		}
	}
	return 0
}

// TestShard holds a shard to a map, over turns in which at most a burst's number of entries is removed.
func TestShard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 12).Draw(t, "capacity")
		s := newShard(t, memory.Heap, capacity)
		twin := map[uint64]uint32{}
		gone := map[uint32]entry{} // removed since Reclaim
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			hash := rapid.Uint64Range(1, 15).Draw(t, "key") * 0x9e3779b97f4a7c15
			i, known := twin[hash]
			switch {
			case len(gone) == 32 || rapid.IntRange(0, 5).Draw(t, "reclaim") == 0:
				s.Reclaim()
				clear(gone)
			case known:
				gone[i] = s.Entries[i]
				s.Remove(i)
				delete(twin, hash)
			default:
				insert(t, s, twin, gone, hash)
			}
			verify(t, s, twin, gone)
		}
	})
}

func insert(t *rapid.T, s *shard.Shard[entry], twin map[uint64]uint32, gone map[uint32]entry, hash uint64) {
	i := s.Insert(hash)
	if full := len(twin) == s.Capacity(); (i == 0) != full {
		t.Fatalf("Insert with %d of %d: entry %d", len(twin), s.Capacity(), i)
	} else if full {
		return
	}
	if _, ok := gone[i]; ok || slices.Contains(slices.Collect(maps.Values(twin)), i) {
		t.Fatalf("slot %d is used again before Reclaim", i)
	}
	if e := s.Entries[i]; e != (entry{timer: e.timer}) || e.timer.Filed() {
		t.Fatalf("slot %d is not zeroed: %+v", i, e)
	}
	s.Entries[i].hash = hash
	s.Entries[i].timer.Set(1000)
	s.File(i)
	twin[hash] = i
}

func verify(t *rapid.T, s *shard.Shard[entry], twin map[uint64]uint32, gone map[uint32]entry) {
	if int(s.Used) != len(twin) {
		t.Fatalf("Used %d, want %d", s.Used, len(twin))
	}
	for key := uint64(1); key <= 15; key++ {
		hash := key * 0x9e3779b97f4a7c15
		if got := find(s, hash); got != twin[hash] {
			t.Fatalf("key %d found at %d, want %d", key, got, twin[hash])
		}
	}
	for i, e := range gone {
		if s.Entries[i].hash != e.hash || s.Entries[i].timer.Filed() {
			t.Fatalf("removed entry %d has changed before Reclaim, or is still filed", i)
		}
	}
	for _, i := range twin {
		if i == 0 || i > s.Highest() || !s.Entries[i].timer.Filed() {
			t.Fatalf("entry %d is above the highest, %d, or not filed", i, s.Highest())
		}
	}
}

// TestCapacity: a shard takes as many entries as it states, in the memory that it states.
func TestCapacity(t *testing.T) {
	const capacity = 100_000
	bytes := 0
	s := newShard(t, func(name string, size int) ([]byte, error) {
		bytes += size
		return memory.Heap(name, size)
	}, capacity)
	random := rand.New(rand.NewPCG(5, 6))
	for n := range capacity {
		if s.Insert(random.Uint64()) == 0 {
			t.Fatalf("refused at %d", n)
		}
	}
	if s.Insert(random.Uint64()) != 0 {
		t.Error("takes more than its capacity")
	}
	beside := float64(bytes)/capacity - float64(reflect.TypeFor[entry]().Size())
	if beside > 18.6 { // the wheel's 128 KiB included
		t.Errorf("%.2f bytes an entry beside the entry itself, want 12.8 + 4.3 + 0.1 + 1.3", beside)
	}
}

// TestFullBuckets: a key whose buckets are full is refused, and costs no slot.
func TestFullBuckets(t *testing.T) {
	s := newShard(t, memory.Heap, 100)
	const crowded = 0x9e3779b97f4a7c15
	n := uint64(0)
	for s.Insert(crowded) != 0 {
		n++
	}
	if n == 0 || n >= 100 || s.Used != n {
		t.Fatalf("%d entries under one hash, Used %d", n, s.Used)
	}
	for key := uint64(1); s.Used < 100; key++ {
		if s.Insert(key*crowded) == 0 && key > 1000 {
			t.Fatalf("only %d entries fit", s.Used)
		}
	}
}

// TestBorrow: a full shard lends a slot for each packet of a burst, and takes all of them back.
func TestBorrow(t *testing.T) {
	s := newShard(t, memory.Heap, 3)
	for hash := uint64(1); hash <= 3; hash++ {
		s.Insert(hash * 0x9e3779b97f4a7c15)
	}
	for range 3 {
		slots := map[uint32]bool{}
		for range burst.Size {
			i := s.Borrow()
			if i == 0 || slots[i] || s.Entries[i].hash != 0 {
				t.Fatalf("slot %d: none, lent twice, or not zeroed", i)
			}
			slots[i] = true
			s.Entries[i].hash = 7
		}
		s.Reclaim()
	}
	if s.Used != 3 {
		t.Errorf("Used %d, want 3", s.Used)
	}
}

// TestExpired: the shard's clock fires its entries.
func TestExpired(t *testing.T) {
	s := newShard(t, memory.Heap, 4)
	i := s.Insert(7)
	s.Entries[i].timer.Set(5)
	s.File(i)
	budget := 10
	if got := s.Expired(4, &budget); got != 0 {
		t.Errorf("entry %d expired before its time", got)
	}
	if got := s.Expired(5, &budget); got != i {
		t.Errorf("expired: %d, want %d", got, i)
	}
}

// TestNewRefuses: no memory for the entries, for the index, for the wheel, or for the set of those unproven.
func TestNewRefuses(t *testing.T) {
	for _, missing := range []string{"test", "test_index", "test_wheel", "test_unproven"} {
		_, err := shard.New[entry](func(name string, size int) ([]byte, error) {
			if name == missing {
				return nil, errNone
			}
			return memory.Heap(name, size)
		}, "test", 10, 0)
		if err != errNone {
			t.Errorf("no memory for %s: got %v", missing, err)
		}
	}
}

type none struct{}

func (none) Error() string { return "no memory" }

var errNone error = none{}

// TestEntriesOfAnotherShapeAreRefused: at once, before anything is written where it does not belong.
func TestEntriesOfAnotherShapeAreRefused(t *testing.T) {
	for name, make := range map[string]func(){
		"of 16 bytes": func() { shard.New[struct{ shard.Head }](memory.Heap, "", 1, 0) },
		"the head elsewhere": func() {
			shard.New[struct {
				_    uint32
				head shard.Head
				_    [48]byte
			}](memory.Heap, "", 1, 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("taken")
				}
			}()
			make()
		})
	}
}
