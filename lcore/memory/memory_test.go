package memory

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

type entry struct {
	a uint64
	b [5]uint32
}

func TestHeapIsAlignedAndZeroed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 1000).Draw(t, "n")
		a, err := Array[entry](Heap, "", n) // refuses what is not aligned
		if err != nil {
			t.Fatal(err)
		}
		if len(a) != n || cap(a) != n {
			t.Fatalf("len %d cap %d, want %d", len(a), cap(a), n)
		}
		for i := range a {
			if a[i] != (entry{}) {
				t.Fatalf("entry %d is not zero", i)
			}
			a[i] = entry{1, [5]uint32{2}}
		}
	})
}

func TestArrayAsksForItsSize(t *testing.T) {
	var name string
	var size int
	_, err := Array[entry](func(n string, s int) ([]byte, error) {
		name, size = n, s
		return Heap(n, s)
	}, "connections", 3)
	if err != nil || name != "connections" || size != 3*32 {
		t.Errorf("asked for %d bytes for %q: %v", size, name, err)
	}
}

func TestArrayRefuses(t *testing.T) {
	none := errors.New("no memory")
	if _, err := Array[entry](func(string, int) ([]byte, error) { return nil, none }, "", 3); !errors.Is(err, none) {
		t.Errorf("got %v, want what the Alloc said", err)
	}
	crooked := func(_ string, size int) ([]byte, error) {
		b, err := Heap("", size+8)
		return b[8:], err
	}
	if _, err := Array[entry](crooked, "", 3); !errors.Is(err, errAlign) {
		t.Errorf("got %v, want %v", err, errAlign)
	}
}
