package index

import (
	"cleat/lcore/burst"
	"cleat/lcore/prefetch"
)

// Ask asks for both buckets of each hash, a burst's number of them at most, for Insert or Remove.
func (x *Index) Ask(hashes []uint64) {
	var buckets [2 * burst.Size]uint32
	for i, h := range hashes {
		buckets[2*i], buckets[2*i+1] = x.first(h), x.second(h)
	}
	prefetch.Entries(x.buckets, buckets[:2*len(hashes)])
}
