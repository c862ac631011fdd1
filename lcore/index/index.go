// Package index finds entries of a table by the hash of their key.
//
// It is an array of buckets of one cache line, each with ten places for a 16-bit tag of the hash and an entry's
// number. A key has two buckets. It lies in the first one unless that is crowded and the second has more room, so that a look-up
// reads one line, seldom two, and compares an entry only where the tag agrees: at most 20 places, whatever somebody outside
// sends (the hash is seeded). It does not grow: when both buckets are full, Insert refuses: no key in a million at the
// stated capacity. It knows no keys: whoever looks up compares.
//
// 12.8 bytes for each entry of the stated capacity.
package index

import (
	"math/bits"

	"cleat/lcore/memory"
	"cleat/lcore/prefetch"
)

const (
	places  = 10
	fill    = 5  // entries planned for a bucket: load 0.5
	few     = 16 // buckets more than that
	crowded = 9  // entries of a first bucket from which on the second is looked at
)

// bucket is one cache line. Tags are 16-bit lanes of words, four to a word, the first one in the lowest bits; the two highest lanes
// of the last word are no tags. So four tags are compared at once.
type bucket struct {
	tags  [3]uint64 // 0 in a lane: free place; lanes 8 and 9 are the last places
	entry [places]uint32
}

// Of the two lanes behind the tags the lower one is how many places are taken, the upper one how many keys have this bucket as their
// first choice but lie in their second.
const oneUsed = 1 << 32

func (b *bucket) used() int  { return int(uint16(b.tags[2] >> 32)) }
func (b *bucket) over() bool { return b.tags[2]>>48 != 0 }

const (
	lanes   = 0x0001_0001_0001_0001
	lowBits = 0x7fff * lanes
)

// equal returns a word with the lowest bit of each lane set in which the tags agree with those of pattern.
func equal(tags, pattern uint64) uint64 {
	x := tags ^ pattern
	return ^(x&lowBits + lowBits | x | lowBits) >> 15
}

// matches returns the places whose tag is that of all lanes of pattern, as a set: see placeOf.
func (b *bucket) matches(pattern uint64) uint64 {
	return equal(b.tags[0], pattern) | equal(b.tags[1], pattern)<<1 | equal(b.tags[2], pattern)&0x0001_0001<<2
}

// placeOf returns the first place of a set that is not empty, in which place 4·word + lane is bit 16·lane + word.
func placeOf(set uint64) int {
	bit := bits.TrailingZeros64(set)
	return bit&3<<2 | bit>>4
}

// Index is a hash index.
type Index struct{ buckets []bucket }

// New returns an index for capacity entries, in memory from alloc.
func New(alloc memory.Alloc, name string, capacity int) (*Index, error) {
	n := capacity/fill + few // in a small table it would not be rare that a key's buckets are full, or the same
	b, err := memory.Array[bucket](alloc, name, n)
	if err != nil {
		return nil, err
	}
	return &Index{b}, nil
}

func tagOf(hash uint64) uint16 { return uint16(hash) | 1 }

func patternOf(hash uint64) uint64 { return uint64(tagOf(hash)) * lanes }

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
	if b.used() >= crowded {
		if second := &x.buckets[x.second(hash)]; second.used() < b.used() {
			b.count(+1)
			b = second
		}
	}
	free := b.matches(0)
	if free == 0 {
		return false
	}
	place := placeOf(free)
	b.tags[place/4] |= uint64(tagOf(hash)) << (place % 4 * 16)
	b.tags[2] += oneUsed
	b.entry[place] = entry
	return true
}

// count adds n to the keys that lie in their second bucket. So many that the lane is full are never counted down again: look-ups then
// always read both buckets.
func (b *bucket) count(n int) {
	if b.tags[2]>>48 != 0xffff {
		b.tags[2] += uint64(n) << 48
	}
}

// Remove takes an entry out that was inserted under hash.
func (x *Index) Remove(hash uint64, entry uint32) {
	pattern := patternOf(hash)
	one := &x.buckets[x.first(hash)]
	if one.remove(pattern, entry) {
		return
	}
	if x.buckets[x.second(hash)].remove(pattern, entry) {
		one.count(-1)
	}
}

func (b *bucket) remove(pattern uint64, entry uint32) bool {
	for set := b.matches(pattern); set != 0; set &= set - 1 {
		if place := placeOf(set); b.entry[place] == entry {
			b.tags[place/4] &^= 0xffff << (place % 4 * 16)
			b.tags[2] -= oneUsed
			b.entry[place] = 0
			return true
		}
	}
	return false
}

// Near asks for the first buckets of hashes, and writes their numbers into at, which is as long: a stage ahead of Candidate.
func (x *Index) Near(hashes []uint64, at []uint32) {
	at = at[:len(hashes)]
	for i, h := range hashes {
		at[i] = x.first(h)
	}
	prefetch.Entries(x.buckets, at)
}

// Candidates writes into found, which is as long as hashes, for each of them an entry whose tag agrees in its first bucket, whose number Near has
// given; 0 where none agrees, whose entry is near, since to ask for another one would be in vain. Whoever looks up compares, and searches if it is not the
// one. There is no branch that depends on a bucket.
func (x *Index) Candidates(hashes []uint64, at, found []uint32) {
	at, found = at[:len(hashes)], found[:len(hashes)]
	for i, h := range hashes {
		b, pattern := &x.buckets[at[i]], patternOf(h)
		set := lowest(b.tags[0], pattern)>>2 | lowest(b.tags[1], pattern)>>1 | lowest(b.tags[2], pattern)&0x8000_8000
		found[i] = b.entry[placeOf(set>>13)] & uint32(-int64(set)>>63) // 0 if the set is empty
	}
}

// lowest returns a word whose lowest bit is the highest one of the lowest lane in which the tags agree with those of pattern; 0 if they agree in none.
// The bits above mean nothing: it is equal for less.
func lowest(tags, pattern uint64) uint64 {
	x := tags ^ pattern
	return (x - lanes) &^ x & (0x8000 * lanes)
}

// Search is a look-up under way.
type Search struct {
	x      *Index
	b      *bucket
	hash   uint64
	set    uint64 // places in b still to be compared
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
	b := &x.buckets[x.first(hash)]
	return Search{x: x, b: b, hash: hash, set: b.matches(patternOf(hash))}
}

// Next goes on to the next entry whose tag agrees and reports whether there is one.
func (s *Search) Next() bool {
	if s.set == 0 {
		if s.second || !s.b.over() {
			return false
		}
		s.second = true
		s.b = &s.x.buckets[s.x.second(s.hash)]
		if s.set = s.b.matches(patternOf(s.hash)); s.set == 0 {
			return false
		}
	}
	s.Entry = s.b.entry[placeOf(s.set)]
	s.set &= s.set - 1
	return true
}
