// Package index finds entries of a table by the hash of their key.
//
// It is an array of buckets of one cache line, each with ten places for a 16-bit tag of the hash and an entry's
// number. A key has two buckets and lies in the emptier one of them, so that a look-up reads one line, seldom two, and compares
// an entry only where the tag agrees: at most 20 places, whatever somebody outside sends (the hash is seeded). It does not grow: when both
// buckets are full, Insert refuses: one key in 500 after a long life at the stated capacity, one in 80,000 at nine tenths of it. It
// knows no keys: whoever looks up compares.
//
// 8.5 bytes for each entry of the stated capacity.
package index

import (
	"math/bits"

	"cleat/lcore/memory"
)

const (
	places = 10
	fill   = 7.5 // entries planned for a bucket: load 0.75
)

type bucket struct {
	tag   [places]uint16 // 0: free place
	used  uint16
	over  uint16 // keys whose first choice is this bucket but which lie in their second
	entry [places]uint32
}

// Index is a hash index.
type Index struct{ buckets []bucket }

// New returns an index for capacity entries, in memory from alloc.
func New(alloc memory.Alloc, name string, capacity int) (*Index, error) {
	n := max(int(float64(capacity)/fill)+1, 2)
	b, err := memory.Array[bucket](alloc, name, n)
	if err != nil {
		return nil, err
	}
	return &Index{b}, nil
}

func tagOf(hash uint64) uint16 { return uint16(hash) | 1 }

// first and second pick a key's buckets from disjoint parts of the mixed hash.
func (x *Index) first(hash uint64) uint32 {
	hi, _ := bits.Mul64(hash, uint64(len(x.buckets)))
	return uint32(hi)
}

func (x *Index) second(hash uint64) uint32 {
	hi, _ := bits.Mul64(bits.RotateLeft64(hash, 32)*0x9e3779b97f4a7c15, uint64(len(x.buckets)))
	return uint32(hi)
}

// Insert adds an entry under a hash and reports whether there was a place. The caller has made sure that
// the key is not there.
func (x *Index) Insert(hash uint64, entry uint32) bool {
	b := &x.buckets[x.first(hash)]
	if alt := &x.buckets[x.second(hash)]; alt.used < b.used {
		b.over++
		b = alt
	}
	for i := range b.tag {
		if b.tag[i] == 0 {
			b.tag[i], b.entry[i] = tagOf(hash), entry
			b.used++
			return true
		}
	}
	return false
}

// Remove takes an entry out that was inserted under hash.
func (x *Index) Remove(hash uint64, entry uint32) {
	one, two := &x.buckets[x.first(hash)], &x.buckets[x.second(hash)]
	if one.remove(entry) {
		return
	}
	if two.remove(entry) {
		one.over--
	}
}

func (b *bucket) remove(entry uint32) bool {
	for i := range b.tag {
		if b.tag[i] != 0 && b.entry[i] == entry {
			b.tag[i], b.entry[i] = 0, 0
			b.used--
			return true
		}
	}
	return false
}

// Search is a look-up under way.
type Search struct {
	x      *Index
	b      *bucket
	hash   uint64
	tag    uint16
	place  int
	second bool
	// Entry is the candidate that Next found.
	Entry uint32
}

// Search starts a look-up.
//
//	for s := x.Search(hash); s.Next(); {
//		if table[s.Entry] has the key { … }
//	}
func (x *Index) Search(hash uint64) Search {
	return Search{x: x, b: &x.buckets[x.first(hash)], hash: hash, tag: tagOf(hash)}
}

// Next goes on to the next entry whose tag agrees and reports whether there is one.
func (s *Search) Next() bool {
	for {
		for s.place < places {
			i := s.place
			s.place++
			if s.b.tag[i] == s.tag {
				s.Entry = s.b.entry[i]
				return true
			}
		}
		if s.second || s.b.over == 0 {
			return false
		}
		s.b, s.place, s.second = &s.x.buckets[s.x.second(s.hash)], 0, true
	}
}
