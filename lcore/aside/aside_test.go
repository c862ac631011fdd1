package aside

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/burst"
	"cleat/lcore/memory"
)

// TestTable holds a table to a map, over turns in which at most a burst's number of slots is given back.
func TestTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(0, 6).Draw(t, "capacity")
		s, err := New[uint64](memory.Heap, "test", capacity)
		if err != nil {
			t.Fatal(err)
		}
		taken, gone := map[uint32]uint64{}, map[uint32]uint64{}
		for n := range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch what := rapid.IntRange(0, 5).Draw(t, "what"); {
			case what == 0 || len(gone) == burst.Size:
				s.Reclaim()
				clear(gone)
			case what < 3 && len(taken) > 0:
				for i, v := range taken {
					s.Give(i)
					delete(taken, i)
					gone[i] = v
					break
				}
			case what == 3:
				i := s.Borrow()
				_, known := taken[i]
				_, early := gone[i]
				if i == 0 || known || early || s.Slots[i] != 0 {
					t.Fatalf("borrowed slot %d: taken %v, before Reclaim %v", i, known, early)
				}
				s.Slots[i], gone[i] = uint64(n)+1, uint64(n)+1
			default:
				i := s.Take()
				if (i == 0) != (len(taken) == capacity) {
					t.Fatalf("Take with %d of %d: slot %d", len(taken), capacity, i)
				}
				if i == 0 {
					break
				}
				_, again := taken[i]
				_, early := gone[i]
				if again || early || s.Slots[i] != 0 {
					t.Fatalf("slot %d: taken twice %v, before Reclaim %v, holds %d", i, again, early, s.Slots[i])
				}
				s.Slots[i], taken[i] = uint64(n)+1, uint64(n)+1
			}
			s.Give(0)
			if s.Used != len(taken) || s.Capacity() != capacity {
				t.Fatalf("%d of %d used, want %d of %d", s.Used, s.Capacity(), len(taken), capacity)
			}
			for i, v := range taken {
				if s.Slots[i] != v {
					t.Fatalf("slot %d holds %d, want %d", i, s.Slots[i], v)
				}
			}
			for i, v := range gone {
				if s.Slots[i] != v {
					t.Fatalf("slot %d, given back in this turn, holds %d, want %d", i, s.Slots[i], v)
				}
			}
		}
	})
}

// TestNewRefuses: no memory for the slots, or for the links.
func TestNewRefuses(t *testing.T) {
	none := errors.New("no memory")
	for _, missing := range []string{"test", "test_links"} {
		_, err := New[uint64](func(name string, size int) ([]byte, error) {
			if name == missing {
				return nil, none
			}
			return memory.Heap(name, size)
		}, "test", 10)
		if !errors.Is(err, none) {
			t.Errorf("no memory for %s: got %v", missing, err)
		}
	}
}
