// Package address tells what an address is to this director: its own, a virtual one, a real server's. Steering, answering
// and routing start from it.
package address

import "cleat/lcore/flow"

// Kind is what an address is; bits, since it may be several things. 0: somebody else's.
type Kind uint8

// Kinds.
const (
	Own       Kind = 1 << iota // an address of one of the ports
	VIP                        // a virtual service's, a mark rule's, or listed as one
	Real                       // a NAT real server's, removed ones included as long as something names them
	Broadcast                  // the broadcast address of a port's subnet
	Local                      // what FULLNAT servers see as the client; Own too
)

// Entry says one thing about one address.
type Entry struct {
	Addr flow.Addr
	Kind Kind
	// Owner is the worker that a Local address belongs to.
	Owner uint8
}

// Network says one thing about all addresses of a network. An IPv4 mask comes from flow.MaskOf.
type Network struct {
	Addr, Mask flow.Addr
	Kind       Kind
}

// Set knows the kind of every address that matters. Immutable; 48 to 96 bytes an address.
type Set struct {
	kinds    *flow.Map[Kind]
	owners   *flow.Map[uint8]
	networks []Network
}

// NewSet makes a Set; an address that is listed several times is all of it. Networks are meant to be few: a look-up walks them.
func NewSet(entries []Entry, networks ...Network) *Set {
	s := &Set{flow.NewMap[Kind](), flow.NewMap[uint8](), networks}
	for _, e := range entries {
		if e.Kind&Local != 0 {
			s.owners.Set(e.Addr, 0, 0, e.Owner)
		}
		s.kinds.Set(e.Addr, 0, 0, s.kinds.Get(e.Addr, 0, 0)|e.Kind)
	}
	return s
}

// Owner returns the worker that a Local address belongs to.
func (s *Set) Owner(a flow.Addr) int { return int(s.owners.Get(a, 0, 0)) }

// Kind returns what a is, with one look-up.
func (s *Set) Kind(a flow.Addr) Kind {
	kind := s.kinds.Get(a, 0, 0)
	for i := range s.networks {
		if n := &s.networks[i]; a.And(n.Mask) == n.Addr {
			kind |= n.Kind
		}
	}
	return kind
}
