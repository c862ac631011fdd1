// Package slots is a set of a table's slots, which finds the next member behind any slot by looking at a few words, however many slots
// there are between them.
package slots

import (
	"math/bits"

	"cleat/lcore/memory"
)

// Set is a set of the numbers 1 to some capacity: a bit for each, and above each level of words one that has a bit for each word that is not 0. An
// eighth of a byte a number. One goroutine uses a set.
type Set struct {
	// Len is the number of members.
	Len uint64

	words  []uint64   // the lowest level
	levels [][]uint64 // all of them
}

// New returns an empty set of numbers up to capacity, in memory from alloc.
func New(alloc memory.Alloc, name string, capacity int) (*Set, error) {
	var sizes []int
	sum, n := 0, capacity+1
	for len(sizes) == 0 || n > 1 {
		n = (n + 63) / 64
		sizes = append(sizes, n)
		sum += n
	}
	words, err := memory.Array[uint64](alloc, name, sum)
	if err != nil {
		return nil, err
	}
	s := &Set{}
	for _, n := range sizes {
		s.levels = append(s.levels, words[:n:n])
		words = words[n:]
	}
	s.words = s.levels[0]
	return s, nil
}

// Has reports whether i is a member.
func (s *Set) Has(i uint32) bool { return s.words[i/64]>>(i%64)&1 != 0 }

// Add makes i a member, if it is none.
func (s *Set) Add(i uint32) {
	w := &s.words[i/64]
	old := *w
	if *w |= 1 << (i % 64); *w == old {
		return
	}
	s.Len++
	if old == 0 {
		s.announce(i / 64)
	}
}

// announce says in the upper levels that the ith word has a member, the first one.
func (s *Set) announce(i uint32) {
	for _, words := range s.levels[1:] {
		w := &words[i/64]
		empty := *w == 0
		if *w |= 1 << (i % 64); !empty {
			return
		}
		i /= 64
	}
}

// Remove makes i no member, if it is one.
func (s *Set) Remove(i uint32) {
	w := &s.words[i/64]
	old := *w
	if *w &^= 1 << (i % 64); *w == old {
		return
	}
	s.Len--
	if *w == 0 {
		s.withdraw(i / 64)
	}
}

// withdraw says in the upper levels that the ith word has no member any more.
func (s *Set) withdraw(i uint32) {
	for _, words := range s.levels[1:] {
		w := &words[i/64]
		if *w &^= 1 << (i % 64); *w != 0 {
			return
		}
		i /= 64
	}
}

// After returns the least member greater than i, or 0 if there is none.
func (s *Set) After(i uint32) uint32 {
	for level, words := range s.levels {
		i++
		if int(i/64) >= len(words) {
			return 0
		}
		if w := words[i/64] >> (i % 64); w != 0 {
			return s.least(level, i+uint32(bits.TrailingZeros64(w)))
		}
		i /= 64
	}
	return 0
}

// least returns the least member below bit i of a level.
func (s *Set) least(level int, i uint32) uint32 {
	for ; level > 0; level-- {
		i = i*64 + uint32(bits.TrailingZeros64(s.levels[level-1][i]))
	}
	return i
}
