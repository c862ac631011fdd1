// Package ring is a bounded queue between exactly two goroutines, without locks: one pushes, one pops.
package ring

import "sync/atomic"

// Ring holds up to a fixed number of values, in order. A full ring refuses.
type Ring[T any] struct {
	slots []T
	mask  uint64

	_    [64]byte
	tail atomic.Uint64 // pushed so far; written by the producer
	seen uint64        // the producer's last look at head

	_    [64]byte
	head atomic.Uint64 // popped so far; written by the consumer
	due  uint64        // the consumer's last look at tail
	_    [64]byte
}

// New returns a ring for at least n values (a power of two).
func New[T any](n int) *Ring[T] {
	size := 1
	for size < n {
		size *= 2
	}
	return &Ring[T]{slots: make([]T, size), mask: uint64(size - 1)}
}

// Push appends *v and reports whether there was room. Producer only.
func (r *Ring[T]) Push(v *T) bool {
	tail := r.tail.Load()
	if tail-r.seen > r.mask {
		if r.seen = r.head.Load(); tail-r.seen > r.mask {
			return false
		}
	}
	r.slots[tail&r.mask] = *v
	r.tail.Store(tail + 1)
	return true
}

// Pop moves up to len(dst) values to dst and returns how many. Consumer only.
func (r *Ring[T]) Pop(dst []T) int {
	head := r.head.Load()
	if r.due-head < uint64(len(dst)) {
		r.due = r.tail.Load()
	}
	n := int(min(r.due-head, uint64(len(dst))))
	if n == 0 {
		return 0
	}
	for i := range n {
		dst[i] = r.slots[(head+uint64(i))&r.mask]
	}
	r.head.Store(head + uint64(n))
	return n
}

// Len returns how many values wait; a moment later it may be another number.
func (r *Ring[T]) Len() int { return int(r.tail.Load() - r.head.Load()) }
