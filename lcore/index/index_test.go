package index

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/memory"
)

func newIndex(t rapid.TB, capacity int) *Index {
	x, err := New(memory.Heap, "index", capacity)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// candidates are all entries that a look-up compares.
func (x *Index) candidates(hash uint64) (all []uint32) {
	for s := x.Search(hash); s.Next(); {
		all = append(all, s.Entry)
	}
	return all
}

// tally is what a bucket's last two lanes say.
type tally struct{ used, over int }

func (b *bucket) tally() tally { return tally{b.used(), int(b.tags[1] >> 48)} }

func (b *bucket) tag(place int) uint8 { return uint8(b.tags[place/8] >> (place % 8 * 8)) }

// tallies recomputes those of every bucket from what lies where.
func (x *Index) tallies(hashes map[uint32]uint64) []tally {
	want := make([]tally, len(x.buckets))
	for i := range x.buckets {
		for place := range places {
			if x.buckets[i].tag(place) == 0 {
				continue
			}
			want[i].used++
			if first := x.first(hashes[x.buckets[i].entry[place]]); int(first) != i {
				want[first].over++
			}
		}
	}
	return want
}

// TestIndex holds the index to a map of entries and their hashes, of which many meet in buckets and tags.
func TestIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := newIndex(t, rapid.SampledFrom([]int{1, 20, 100}).Draw(t, "capacity"))
		hashes := map[uint32]uint64{}
		next := uint32(1)
		hash := rapid.Custom(func(t *rapid.T) uint64 {
			return rapid.Uint64Range(0, 7).Draw(t, "high")<<61 | rapid.Uint64Range(0, 3).Draw(t, "middle")<<50 | rapid.Uint64Range(0, 3).Draw(t, "tag")<<32
		})
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			if len(hashes) > 0 && rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				gone := rapid.SampledFrom(sorted(hashes)).Draw(t, "entry")
				x.Remove(Hash(Kept(hashes[gone])), gone)
				delete(hashes, gone)
				continue
			}
			h := hash.Draw(t, "hash")
			one, two := &x.buckets[x.first(h)], &x.buckets[x.second(h)]
			full := one.used() == places && two.used() == places
			if x.Insert(h, next) == full {
				t.Fatalf("Insert(%#x) = %v with %d and %d in its buckets", h, !full, one.used(), two.used())
			}
			if !full {
				hashes[next] = h
			}
			next++
		}
		for entry, h := range hashes {
			all := x.candidates(h)
			if !slices.Contains(all, entry) {
				t.Fatalf("entry %d under %#x is not found among %v", entry, h, all)
			}
			var at, found [1]uint32
			x.Near([]uint64{h}, at[:])
			x.Candidates([]uint64{h}, at[:], found[:])
			if int(at[0]) == x.at(all[0]) && !slices.Contains(all, found[0]) {
				t.Fatalf("%d is the candidate of %#x, but it is among %v", found[0], h, all)
			}
		}
		strange := hash.Draw(t, "strange hash")
		var at, found [1]uint32
		x.Near([]uint64{strange}, at[:])
		x.Candidates([]uint64{strange}, at[:], found[:])
		if found[0] != 0 && tagOf(hashes[found[0]]) != tagOf(strange) {
			t.Fatalf("%d, of tag %#x, is the candidate of %#x", found[0], tagOf(hashes[found[0]]), strange)
		}
		for i, want := range x.tallies(hashes) {
			if got := x.buckets[i].tally(); got != want {
				t.Fatalf("bucket %d: %+v, want %+v", i, got, want)
			}
		}
	})
}

// at is the bucket in which an entry lies.
func (x *Index) at(entry uint32) int {
	return slices.IndexFunc(x.buckets, func(b bucket) bool { return slices.Contains(b.entry[:], entry) })
}

func sorted(hashes map[uint32]uint64) (entries []uint32) {
	for e := range hashes {
		entries = append(entries, e)
	}
	slices.Sort(entries)
	return entries
}

// TestCapacityIsReached: the stated number of random keys finds places, also after a long life at capacity, and nearly all look-ups
// read one bucket.
func TestCapacityIsReached(t *testing.T) {
	const capacity = 100_000
	random := rand.New(rand.NewPCG(1, 2))
	x := newIndex(t, capacity)
	hashes := make([]uint64, capacity+1)
	for i := uint32(1); i <= capacity; i++ {
		hashes[i] = random.Uint64()
		if !x.Insert(hashes[i], i) {
			t.Fatalf("refused at %d of %d", i, capacity)
		}
	}
	for range 10 * capacity {
		i := 1 + random.Uint32N(capacity)
		x.Remove(hashes[i], i)
		if hashes[i] = random.Uint64(); !x.Insert(hashes[i], i) {
			t.Fatal("refused")
		}
	}
	second := 0
	for i := range x.buckets {
		second += x.buckets[i].tally().over
	}
	if second > capacity/20 {
		t.Errorf("%d of %d keys lie in their second bucket", second, capacity)
	}
}

// TestCraftedKeys: whoever knows the seed can make keys meet, but no look-up compares more than two buckets' places.
func TestCraftedKeys(t *testing.T) {
	const capacity, bound = 100_000, 2 * places
	random := rand.New(rand.NewPCG(3, 4))
	x := newIndex(t, capacity)
	in, most := uint32(0), 0
	for n := range 1_000_000 {
		h := random.Uint64()&^(0xff<<32) | 0x12<<32 // one tag for all,
		if n%2 == 0 {
			h = h&^(0xffff<<48) | 0x5678<<48 // and one first bucket, or its neighbour, for half of them
		}
		most = max(most, len(x.candidates(h)))
		if x.Insert(h, in+1) {
			in++
		}
	}
	if most > bound {
		t.Errorf("a look-up compared %d entries, at most %d expected", most, bound)
	}
	if most < bound {
		t.Errorf("the keys do not meet: at most %d compared", most)
	}
}

// TestOverIsNotForgotten: more keys than can be counted lie in their second bucket, and go again, but those that stay are found.
func TestOverIsNotForgotten(t *testing.T) {
	x := newIndex(t, 1_000_000)
	random := rand.New(rand.NewPCG(5, 6))
	hashes := make([]uint64, 1, 70_000)
	for len(hashes) < 70_000 {
		h := random.Uint64N(20_000) << 32 // one first bucket
		if x.first(h) != 0 {
			t.Fatalf("%#x is not of bucket 0", h)
		}
		if x.Insert(h, uint32(len(hashes))) {
			hashes = append(hashes, h)
		}
	}
	last := uint32(len(hashes) - 1)
	for i := uint32(1); i < last; i++ {
		x.Remove(hashes[i], i)
	}
	if !slices.Contains(x.candidates(hashes[last]), last) {
		t.Error("the last key is not found any more")
	}
}
