package index

// Crowded reports whether both buckets of a hash are full, so that Insert refuses.
func (x *Index) Crowded(hash uint64) bool {
	return x.buckets[x.first(hash)].used() == places && x.buckets[x.second(hash)].used() == places
}

// Neighbor returns an entry in a bucket of a hash which fits, or 0. Once it is removed, there is a place for the hash if there was none.
func (x *Index) Neighbor(hash uint64, fits func(entry uint32) bool) uint32 {
	for _, b := range []*bucket{&x.buckets[x.first(hash)], &x.buckets[x.second(hash)]} {
		for _, entry := range b.entry {
			if entry != 0 && fits(entry) { // a free place names none
				return entry
			}
		}
	}
	return 0
}
