package ring

import (
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

// TestRing holds a ring to a slice, with cursors about to wrap around the slots.
func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := New[int](rapid.IntRange(1, 9).Draw(t, "size"))
		var twin []int
		next := 0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "push") {
				full := len(twin) == len(r.slots)
				if r.Push(&next) == full {
					t.Fatalf("Push with %d of %d: %v", len(twin), len(r.slots), !full)
				}
				if !full {
					twin = append(twin, next)
				}
				next++
			} else {
				dst := make([]int, rapid.IntRange(0, 5).Draw(t, "pop"))
				n := r.Pop(dst)
				if n != min(len(dst), len(twin)) {
					t.Fatalf("Pop(%d) with %d = %d", len(dst), len(twin), n)
				}
				for i := range n {
					if dst[i] != twin[i] {
						t.Fatalf("popped %v, want %v", dst[:n], twin[:n])
					}
				}
				twin = twin[n:]
			}
			if r.Len() != len(twin) {
				t.Fatalf("Len() = %d, want %d", r.Len(), len(twin))
			}
		}
	})
}

func TestNewRoundsUp(t *testing.T) {
	for n, want := range map[int]int{0: 1, 1: 1, 2: 2, 3: 4, 1024: 1024, 1025: 2048} {
		if got := len(New[byte](n).slots); got != want {
			t.Errorf("New(%d) has %d places, want %d", n, got, want)
		}
	}
}

// TestTwoGoroutines: everything arrives, once, in order, whole. For the race detector.
func TestTwoGoroutines(t *testing.T) {
	const count = 200_000
	type value struct{ n, same uint64 }
	r := New[value](64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := uint64(0); n < count; {
			if r.Push(&value{n, ^n}) {
				n++
			} else {
				runtime.Gosched()
			}
		}
	}()
	dst := make([]value, 32)
	for n := uint64(0); n < count; {
		k := r.Pop(dst)
		for _, v := range dst[:k] {
			if v.n != n || v.same != ^n {
				t.Fatalf("popped %+v, want %d", v, n)
			}
			n++
		}
		if k == 0 {
			runtime.Gosched()
		}
	}
	<-done
	if r.Len() != 0 || r.Pop(dst) != 0 {
		t.Error("something is left")
	}
}
