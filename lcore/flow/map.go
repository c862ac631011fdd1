package flow

// Map finds a small value by address, port and protocol (or what the caller keeps in those three fields). Management
// builds it with Set and hands it out inside an immutable table; from then on there is only Get, by any number of workers.
//
// It need not delete, so it is an open-addressing array with linear probing, at most half full: a look-up reads one or two
// neighbouring places, 24 bytes each and the value. It has a seed of its own, so that nobody outside can choose
// keys that meet. It grows while it is built; Get allocates nothing.
type Map[V any] struct {
	seed   Seed
	places []place[V] // a power of two of them, at least two
	len    int
}

type place[V any] struct {
	addr  Addr
	port  uint16
	proto uint8
	used  bool
	value V
}

// NewMap returns an empty Map.
func NewMap[V any]() *Map[V] {
	return &Map[V]{seed: NewSeed(), places: make([]place[V], 2)}
}

// Get returns the value that was set for the key, or the zero V.
func (m *Map[V]) Get(addr Addr, port uint16, proto uint8) V {
	return m.find(addr, port, proto).value // that of a free place is zero
}

// At returns where the key's value is, nil if none was set. Not to be written.
func (m *Map[V]) At(addr Addr, port uint16, proto uint8) *V {
	p := m.find(addr, port, proto)
	if !p.used {
		return nil
	}
	return &p.value
}

// Set sets the key's value, in the place of an earlier one.
func (m *Map[V]) Set(addr Addr, port uint16, proto uint8, v V) {
	p := m.find(addr, port, proto)
	if !p.used && 2*(m.len+1) > len(m.places) {
		m.grow()
		p = m.find(addr, port, proto)
	}
	if !p.used {
		m.len++
	}
	*p = place[V]{addr, port, proto, true, v}
}

// Len returns the number of keys.
func (m *Map[V]) Len() int { return m.len }

// find returns the key's place, or the free one where it would be.
func (m *Map[V]) find(addr Addr, port uint16, proto uint8) *place[V] {
	last := uint64(len(m.places) - 1)
	for i := fold(addr.Hi^uint64(port)<<8^uint64(proto)^m.seed[0], addr.Lo^m.seed[1]); ; i++ { // less than Hash: nobody outside sets keys
		p := &m.places[i&last]
		if !p.used || p.addr == addr && p.port == port && p.proto == proto {
			return p
		}
	}
}

func (m *Map[V]) grow() {
	old := m.places
	m.places = make([]place[V], 2*len(old))
	for i := range old {
		if p := &old[i]; p.used {
			*m.find(p.addr, p.port, p.proto) = *p
		}
	}
}
