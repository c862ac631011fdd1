package ring

import (
	"testing"
	"unsafe"
)

// TestLayout: what the producer writes, what the consumer writes, and what both only read lie on different cache lines, in neighbouring rings too.
func TestLayout(t *testing.T) {
	const line = 64
	var r Ring[uint64]
	parts := []struct {
		name       string
		begin, end uintptr
	}{
		{"read by both", unsafe.Offsetof(r.slots), unsafe.Offsetof(r.mask) + unsafe.Sizeof(r.mask)},
		{"the producer's", unsafe.Offsetof(r.tail), unsafe.Offsetof(r.seen) + unsafe.Sizeof(r.seen)},
		{"the consumer's", unsafe.Offsetof(r.head), unsafe.Offsetof(r.due) + unsafe.Sizeof(r.due)},
		{"behind it", unsafe.Sizeof(r), unsafe.Sizeof(r)},
	}
	for i, next := range parts[1:] {
		if p := parts[i]; next.begin < p.end+line-1 {
			t.Errorf("%s ends at %d, %s begins at %d: they may share a cache line", p.name, p.end, next.name, next.begin)
		}
	}
}
