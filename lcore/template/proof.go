package template

// Prove says that a connection under template i was proven (conn.Proof). That makes good no template that is out of force.
func (s *Shard) Prove(i uint32) {
	if !s.Entries[i].invalid {
		s.Shard.Prove(i)
	}
}

// Victim returns an unproven template without connections whose end makes room for one with key k and a persistence engine's data, or 0. It is for
// when Insert has refused.
func (s *Shard) Victim(k *Key, added []byte) uint32 {
	return s.Shard.Victim(s.Hash(k, added), func(i uint32) bool { return s.Yields(i, 0, k, added) })
}

// Yields reports whether template i is unproven, so many connections are under it, and its end gives back what there is no more of beside the entries
// and what one with key k and data needs.
func (s *Shard) Yields(i, controls uint32, k *Key, added []byte) bool {
	s.Hear(i)
	e := &s.Entries[i]
	return s.IsUnproven(i) && e.Controls == controls &&
		(k.Client.Is4() || e.wide != 0 || s.wide.Used < s.wide.Capacity()) &&
		(len(added) == 0 || e.data != 0 || s.data.Used < s.data.Capacity())
}

// Crowded reports whether both buckets of a key are full, so that only the end of a template in these makes room for it.
func (s *Shard) Crowded(k *Key, added []byte) bool { return s.Index.Crowded(s.Hash(k, added)) }
