// Package index finds entries of a table by the hash of their key.
//
// It is an array of buckets of one cache line, each with twelve places for a tag, eight bits of the hash, and an entry's
// number. A key has two buckets. It lies in the first one unless that is crowded and the second has more room, so that a look-up
// reads one line, seldom two, and compares an entry only where the tag agrees: at most 24 places, whatever somebody outside
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
	places  = 12
	fill    = 5  // entries planned for a bucket: load 0.42
	few     = 16 // buckets more than that
	crowded = 10 // entries of a first bucket from which on the second is looked at
)

// bucket is one cache line. Tags are 8-bit lanes of two words, the first one in the lowest bits, so that eight of them are compared at once. Places are
// taken lowest first: nearly all keys lie in those of the first word.
type bucket struct {
	tags  [2]uint64 // 0 in a lane: free place; the upper half of the second word are no tags
	entry [places]uint32
}

// Of that upper half the lower 16 bits are how many places are taken, the upper ones how many keys have this bucket as their first choice but lie in
// their second.
const oneUsed = 1 << 32

func (b *bucket) used() int  { return int(uint16(b.tags[1] >> 32)) }
func (b *bucket) over() bool { return b.tags[1]>>48 != 0 }

const (
	lanes   = 0x0101_0101_0101_0101
	lowBits = 0x7f * lanes
	last    = 0x0101_0101 // the lanes of the last word that are tags
)

// equal returns a word with the lowest bit of each lane set in which the tags agree with those of pattern.
func equal(tags, pattern uint64) uint64 {
	x := tags ^ pattern
	return ^(x&lowBits + lowBits | x | lowBits) >> 7
}

// matches returns the places whose tag is that of all lanes of pattern, as a set: see placeOf.
func (b *bucket) matches(pattern uint64) uint64 {
	return equal(b.tags[0], pattern) | equal(b.tags[1], pattern)&last<<1
}

// placeOf returns a place of a set that is not empty, in which place 8·word + lane is bit 8·lane + word.
func placeOf(set uint64) int {
	bit := bits.TrailingZeros64(set)
	return bit&1<<3 | bit>>3
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

// Kept is what of a hash the index looks at: its upper half. Whoever has kept it needs no key to remove an entry.
func Kept(hash uint64) uint32 { return uint32(hash >> 32) }

// Hash is a hash that is for the index the one of which kept was Kept.
func Hash(kept uint32) uint64 { return uint64(kept) << 32 }

// tagOf returns the tag of a key, 1 to 255.
func tagOf(hash uint64) uint64 {
	if tag := hash >> 32 & 0xff; tag != 0 {
		return tag
	}
	return 0xff
}

func patternOf(hash uint64) uint64 { return tagOf(hash) * lanes }

// first and second pick a key's buckets. With more than 16 million of them a tag would tell the keys of one less well apart.
func (x *Index) first(hash uint64) uint32 {
	return uint32(hash >> 32 * uint64(uint32(len(x.buckets))) >> 32)
}

func (x *Index) second(hash uint64) uint32 {
	return uint32(uint64(uint32(hash>>32)*0x9e3779b1) * uint64(uint32(len(x.buckets))) >> 32)
}

// Insert adds an entry under a hash and reports whether there was a place. The caller has made sure that
// the key is not there.
func (x *Index) Insert(hash uint64, entry uint32) bool {
	b := &x.buckets[x.first(hash)]
	if b.used() >= crowded {
		b = x.roomier(b, hash)
	}
	if free := lowest(b.tags[0], 0); free != 0 {
		bit := bits.TrailingZeros64(free)
		b.tags[0] |= tagOf(hash) << (bit &^ 7)
		b.entry[bit>>3] = entry
	} else if free = lowest(b.tags[1], 0) & (last << 7); free != 0 {
		bit := bits.TrailingZeros64(free)
		b.tags[1] |= tagOf(hash) << (bit &^ 7)
		b.entry[8+bit>>3] = entry
	} else {
		return false
	}
	b.tags[1] += oneUsed
	return true
}

// roomier returns the second bucket of a hash if it has more room than the first, b.
func (x *Index) roomier(b *bucket, hash uint64) *bucket {
	second := &x.buckets[x.second(hash)]
	if second.used() >= b.used() {
		return b
	}
	b.count(+1)
	return second
}

// count adds n to the keys that lie in their second bucket. So many that the lane is full are never counted down again: look-ups then
// always read both buckets.
func (b *bucket) count(n int) {
	if b.tags[1]>>48 != 0xffff {
		b.tags[1] += uint64(n) << 48
	}
}

// Remove takes an entry out that was inserted under hash.
func (x *Index) Remove(hash uint64, entry uint32) {
	b, pattern := &x.buckets[x.first(hash)], patternOf(hash)
	for set := lowest(b.tags[0], pattern); set != 0; set &= set - 1 { // nearly always; a tag that does not agree does no harm
		if bit := bits.TrailingZeros64(set); b.entry[bit>>3] == entry {
			b.tags[0] &^= 0xff << (bit &^ 7)
			b.tags[1] -= oneUsed
			b.entry[bit>>3] = 0
			return
		}
	}
	if !b.remove(pattern, entry) && x.buckets[x.second(hash)].remove(pattern, entry) {
		b.count(-1)
	}
}

func (b *bucket) remove(pattern uint64, entry uint32) bool {
	for set := b.matches(pattern); set != 0; set &= set - 1 {
		if place := placeOf(set); b.entry[place] == entry {
			b.tags[place>>3] &^= 0xff << (place & 7 << 3)
			b.tags[1] -= oneUsed
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
// given; 0 where none agrees. Whoever looks up compares, and searches if it is not the one.
func (x *Index) Candidates(hashes []uint64, at, found []uint32) {
	buckets := x.buckets
	at, found = at[:len(hashes)], found[:len(hashes)]
	for i, h := range hashes {
		b, pattern := &buckets[at[i]], patternOf(h)
		entry := uint32(0)
		if set := lowest(b.tags[0], pattern); set != 0 { // nearly always, if the key is there
			entry = b.entry[bits.TrailingZeros64(set)>>3]
		} else if set := lowest(b.tags[1], pattern) & (last << 7); set != 0 {
			entry = b.entry[8+bits.TrailingZeros64(set)>>3]
		}
		found[i] = entry
	}
}

// Nothing reports whether the index has nothing at all under a hash of which Candidates have found candidate.
func (x *Index) Nothing(hash uint64, candidate uint32) bool {
	return candidate == 0 && !x.buckets[x.first(hash)].over()
}

// lowest returns a word whose lowest bit is the highest one of the lowest lane in which the tags agree with those of pattern; 0 if they agree in none.
// The bits above mean nothing: it is equal for less.
func lowest(tags, pattern uint64) uint64 {
	x := tags ^ pattern
	return (x - lanes) &^ x & (lanes << 7)
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
	if s.set == 0 && (!s.b.over() || !s.more()) {
		return false
	}
	s.Entry = s.b.entry[placeOf(s.set)]
	s.set &= s.set - 1
	return true
}

// more goes on to the second bucket, if that was not done, and reports whether there is something to be compared.
func (s *Search) more() bool {
	if s.second {
		return false
	}
	s.second = true
	s.b = &s.x.buckets[s.x.second(s.hash)]
	s.set = s.b.matches(patternOf(s.hash))
	return s.set != 0
}
