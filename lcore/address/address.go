// Package address tells what an address is to this director: its own, a virtual one, a real server's. Steering, answering
// and routing start from it.
package address

import (
	"math/bits"

	"cleat/lcore/flow"
)

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
	// filters that spare most look-ups: of real servers, of what is Own or a VIP, of all addresses in kinds
	servers, ours, known filter
}

const ours = Own | VIP

// NewSet makes a Set; an address that is listed several times is all of it. Networks are meant to be few: a look-up walks them.
func NewSet(entries []Entry, networks ...Network) *Set {
	s := &Set{kinds: flow.NewMap[Kind](), owners: flow.NewMap[uint8](), networks: networks}
	for _, e := range entries {
		if e.Kind&Local != 0 {
			s.owners.Set(e.Addr, 0, 0, e.Owner)
		}
		s.kinds.Set(e.Addr, 0, 0, s.kinds.Get(e.Addr, 0, 0)|e.Kind)
	}
	s.servers, s.ours, s.known = newFilter(entries, Real), newFilter(entries, ours), newFilter(entries, ^Kind(0))
	return s
}

// filter has a bit for each of a power of two of hashes of IPv4 addresses, sixteen or more for each address that it is made for.
type filter struct {
	bits  []uint64
	shift uint8 // of a hash, to the number of its bit
}

// newFilter makes a filter of the IPv4 addresses among entries that are of one of these kinds.
func newFilter(entries []Entry, kinds Kind) filter {
	size := bits.Len(uint(max(32*len(entries), 1024) - 1)) // of a bit's number
	f := filter{make([]uint64, 1<<size/64), uint8(32 - size)}
	for _, e := range entries {
		if e.Kind&kinds != 0 && e.Addr.Is4() {
			bit := f.bit(e.Addr.Uint32())
			f.bits[bit/64] |= 1 << (bit % 64)
		}
	}
	return f
}

func (f *filter) bit(a uint32) uint32 { return a * 0x9e3779b1 >> (f.shift & 31) }

// may guesses whether an IPv4 address is one of those: it always says so of them, and of few others.
func (f *filter) may(a uint32) bool {
	bit := f.bit(a)
	return f.bits[bit/64]>>(bit%64)&1 != 0
}

// MayServe guesses whether an IPv4 address is a real server's: it always says so of those, and of few others. For a look-up that
// goes on otherwise if the guess was wrong.
func (s *Set) MayServe(a uint32) bool { return s.servers.may(a) }

// MayBeOurs guesses whether an IPv4 address is Own or a VIP: it always says so of those, and of few others.
func (s *Set) MayBeOurs(a uint32) bool { return s.ours.may(a) }

// MayBeKnown guesses whether an IPv4 address is one that was named to NewSet, likewise. Of others only the networks may tell something.
func (s *Set) MayBeKnown(a uint32) bool { return s.known.may(a) }

// IsOurs reports whether a is Own or a VIP.
func (s *Set) IsOurs(a flow.Addr) bool {
	return (!a.Is4() || s.ours.may(a.Uint32())) && s.Kind(a)&ours != 0
}

// Owner returns the worker that a Local address belongs to.
func (s *Set) Owner(a flow.Addr) int { return int(s.owners.Get(a, 0, 0)) }

// Kind returns what a is, with one look-up at most.
func (s *Set) Kind(a flow.Addr) Kind {
	kind := Kind(0)
	if !a.Is4() || s.known.may(a.Uint32()) {
		kind = s.kinds.Get(a, 0, 0)
	}
	for i := range s.networks {
		if n := &s.networks[i]; a.And(n.Mask) == n.Addr {
			kind |= n.Kind
		}
	}
	return kind
}
