package shard

// Looks is at how many unproven entries a search for a victim looks: what a packet may cost at most that finds no room.
const Looks = 16

// Unproven is the number of entries that are not proven.
func (s *Table) Unproven() uint64 { return s.unproven.Len }

// IsUnproven reports whether entry i is one of them.
func (s *Table) IsUnproven(i uint32) bool { return s.unproven.Has(i) }

// Prove makes entry i one that stays when there is no room.
func (s *Table) Prove(i uint32) { s.unproven.Remove(i) }

// Doubt takes that back.
func (s *Table) Doubt(i uint32) { s.unproven.Add(i) }

// Victim returns an unproven entry that fits and whose end makes room for one under hash, or 0: one in the buckets of that hash if they are full, else any
// that a Sweep finds.
func (s *Table) Victim(hash uint64, looks int, fits func(i uint32) bool) uint32 {
	if s.Index.Crowded(hash) {
		return s.Index.Neighbor(hash, func(i uint32) bool { return s.unproven.Has(i) && fits(i) })
	}
	return s.Sweep(looks, fits)
}

// Sweep returns the next unproven entry that fits, or 0 if none of the next few (looks) does. It goes on behind the last one that a sweep has looked at, round the
// table: so an entry that takes the place of such a one is safe until a sweep comes round.
func (s *Table) Sweep(looks int, fits func(i uint32) bool) uint32 {
	for range min(uint64(looks), s.unproven.Len) {
		s.hand = s.behind(s.hand)
		if fits(s.hand) {
			return s.hand
		}
	}
	return 0
}

// Next returns the entries at which Sweep will look first, as many as into has room for, a burst's number at most, and asks for all that Remove needs of
// them.
func (s *Table) Next(into []uint32) []uint32 {
	next := into[:min(uint64(len(into)), s.unproven.Len)]
	at := s.hand
	for n := range next {
		at = s.behind(at)
		next[n] = at
	}
	s.Leaving(next)
	return next
}

// behind returns the next unproven entry behind entry i, round the table; there is one.
func (s *Table) behind(i uint32) uint32 {
	if next := s.unproven.After(i); next != 0 {
		return next
	}
	return s.unproven.After(0)
}
