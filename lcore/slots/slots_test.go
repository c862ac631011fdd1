package slots

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/memory"
)

// TestSet holds a set to a map, over numbers that lie together and far apart.
func TestSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.SampledFrom([]int{1, 62, 63, 64, 4095, 4096, 300_000}).Draw(t, "capacity")
		s, err := New(memory.Heap, "set", capacity)
		if err != nil {
			t.Fatal(err)
		}
		twin := map[uint32]bool{}
		number := rapid.OneOf(rapid.Uint32Range(1, uint32(min(capacity, 10))), rapid.Uint32Range(1, uint32(capacity)), rapid.Just(uint32(capacity)))
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			i := number.Draw(t, "number")
			if rapid.Bool().Draw(t, "add") {
				s.Add(i)
				twin[i] = true
			} else {
				s.Remove(i)
				delete(twin, i)
			}
			if s.Has(i) != twin[i] || s.Len != uint64(len(twin)) {
				t.Fatalf("Has(%d) = %v of %d, want %v of %d", i, s.Has(i), s.Len, twin[i], len(twin))
			}
			from, want := number.Draw(t, "from")-1, uint32(0)
			for k := range twin {
				if k > from && (want == 0 || k < want) {
					want = k
				}
			}
			if got := s.After(from); got != want {
				t.Fatalf("After(%d) = %d, want %d of %v", from, got, want, twin)
			}
		}
	})
}

// TestSize: an eighth of a byte for each number, and a little more.
func TestSize(t *testing.T) {
	const capacity = 1_000_000
	bytes := 0
	if _, err := New(func(name string, size int) ([]byte, error) { bytes = size; return memory.Heap(name, size) }, "set", capacity); err != nil {
		t.Fatal(err)
	}
	if bytes > capacity/8+capacity/400 {
		t.Errorf("%d bytes for %d numbers", bytes, capacity)
	}
}

func TestNewRefuses(t *testing.T) {
	none := errors.New("no memory")
	if _, err := New(func(string, int) ([]byte, error) { return nil, none }, "set", 10); !errors.Is(err, none) {
		t.Errorf("without memory: %v", err)
	}
}
