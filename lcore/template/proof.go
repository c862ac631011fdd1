package template

// Prove says that a connection under template i was proven (conn.Proof). That makes good no template that is out of force.
func (s *Shard) Prove(i uint32) {
	if !s.Entries[i].invalid {
		s.Shard.Prove(i)
	}
}

// Want is what a template that is to be made needs: a place in the index, and room aside for IPv6 addresses or a persistence engine's data.
type Want struct {
	Hash       uint64
	Wide, Data bool
}

// WantOf is what one with key k and a persistence engine's data needs.
func (s *Shard) WantOf(k *Key, added []byte) Want {
	return Want{s.Hash(k, added), !k.Client.Is4(), len(added) != 0}
}

// Victim returns an unproven template without connections whose end makes room for what is wanted, or 0; it looks at so many, unless only one in the
// same buckets helps. It is for when Insert has refused.
func (s *Shard) Victim(want Want, looks int) uint32 {
	return s.Shard.Victim(want.Hash, looks, func(i uint32) bool { return s.Yields(i, 0, want) })
}

// Yields reports whether template i is unproven, so many connections are under it, and its end gives back what there is no more of beside the entries
// and what is wanted.
func (s *Shard) Yields(i, controls uint32, want Want) bool {
	s.Hear(i)
	e := &s.Entries[i]
	return s.IsUnproven(i) && e.Controls == controls &&
		(!want.Wide || e.wide != 0 || s.wide.Used < s.wide.Capacity()) &&
		(!want.Data || e.data != 0 || s.data.Used < s.data.Capacity())
}
