// Package nexthop finds the way of a packet that leaves: port, next hop, MAC addresses.
//
// Management builds a Table of ports, routes and resolved neighbours and publishes a new one whenever one of them changes.
package nexthop

import (
	"slices"

	"cleat/lcore/flow"
)

// MAC is an Ethernet address; zero: unknown.
type MAC = [6]byte

// Port is one port; its number is its place in the list given to New.
type Port struct {
	MAC MAC
	MTU uint16 // bytes of IP packet
	// Subnets are this director's own addresses on the port.
	Subnets []Subnet

	number uint64
}

// Number is the port's MAC address as a number, the first byte in the lowest bits: for comparing.
func (p *Port) Number() uint64 { return p.number }

// Subnet is an own address with the prefix length of the subnet that it lies in, 0…32 or 0…128.
type Subnet struct {
	Own  flow.Addr
	Bits int
}

func (s Subnet) contains(a flow.Addr) bool {
	mask := flow.MaskOf(s.Bits, s.Own.Is4())
	return a.Is4() == s.Own.Is4() && a.And(mask) == s.Own.And(mask)
}

// Route sends what is for a prefix out of Port. The default gateway is the route to 0.0.0.0/0 or ::/0.
type Route struct {
	Dst  flow.Addr
	Bits int       // prefix length of Dst
	Via  flow.Addr // the router; zero: the destinations are on the link
	Port uint16
}

// Neighbor is an address on a port's link whose MAC address is known, or, with the zero MAC, one that does not answer.
type Neighbor struct {
	Port uint16
	Addr flow.Addr
	MAC  MAC
}

// Hop is the next step of a packet: 32 bytes without pointers.
type Hop struct {
	Addr flow.Addr // the neighbour that takes the packet: the router, or the destination itself
	Port uint16    // to transmit on
	MTU  uint16    // of Port
	MAC  MAC       // of the neighbour
	Src  MAC       // of Port
}

// Result says how much is known of the way.
type Result uint8

// Results.
const (
	NoRoute    Result = iota // nothing, or that the neighbour does not answer
	Unresolved               // all but MAC: Addr has to be asked for on Port
	Found                    // all
)

// Table is all routes and neighbours. Immutable. A look-up of a known neighbour is one probe; any other walks the routes of its
// family, longest prefix first, about a nanosecond each: meant for dozens of them. 128 to 256 bytes a neighbour, 72 a route.
type Table struct {
	ports   []Port
	routes4 []route
	nets4   []net4 // what routes4 are for
	routes6 []route
	direct  *flow.Map[Hop]  // by address: neighbours on the link that the routes lead to
	silent  *flow.Map[bool] // by address and port: neighbours that do not answer
}

// route is a Route with all that can be known beforehand.
type route struct {
	dst, mask flow.Addr
	bits      int
	hop       Hop // Addr is zero if the destinations are on the link
}

// net4 is what a route of IPv4 is for. router is its hop if that is a router whose MAC address is known, else nil.
type net4 struct {
	mask, dst uint32
	router    *Hop
}

// New makes a Table. Subnets of the ports are routes of their own and go before a given route to the same prefix; of two
// routes to one prefix the first counts. Ports named in routes and neighbours must exist; management has checked that.
func New(ports []Port, routes []Route, neighbours []Neighbor) *Table {
	t := &Table{ports: slices.Clone(ports), direct: flow.NewMap[Hop](), silent: flow.NewMap[bool]()}
	macs := flow.NewMap[MAC]()
	for _, n := range neighbours {
		macs.Set(n.Addr, n.Port, 0, n.MAC)
		t.silent.Set(n.Addr, n.Port, 0, n.MAC == MAC{})
	}
	for i, p := range ports {
		for at, b := range p.MAC {
			t.ports[i].number |= uint64(b) << (8 * at)
		}
		for _, s := range p.Subnets {
			t.add(Route{Dst: s.Own, Bits: s.Bits, Port: uint16(i)}, macs)
		}
	}
	for _, r := range routes {
		t.add(r, macs)
	}
	longest := func(a, b route) int { return b.bits - a.bits }
	slices.SortStableFunc(t.routes4, longest)
	slices.SortStableFunc(t.routes6, longest)
	for i := range t.routes4 {
		r := &t.routes4[i]
		n := net4{mask: r.mask.Uint32(), dst: r.dst.Uint32()}
		if !r.hop.Addr.IsZero() && r.hop.MAC != (MAC{}) {
			n.router = &r.hop
		}
		t.nets4 = append(t.nets4, n)
	}
	for _, n := range neighbours {
		if hop, result := t.byRoute(n.Addr); result == Unresolved && hop.Addr == n.Addr && hop.Port == n.Port {
			hop.MAC = n.MAC
			t.direct.Set(n.Addr, 0, 0, hop)
		}
	}
	return t
}

func (t *Table) add(r Route, macs *flow.Map[MAC]) {
	port, mask := &t.ports[r.Port], flow.MaskOf(r.Bits, r.Dst.Is4())
	hop := Hop{Addr: r.Via, Port: r.Port, MTU: port.MTU, Src: port.MAC}
	if !r.Via.IsZero() {
		hop.MAC = macs.Get(r.Via, r.Port, 0)
	}
	list := t.family(r.Dst)
	*list = append(*list, route{r.Dst.And(mask), mask, r.Bits, hop})
}

func (t *Table) family(a flow.Addr) *[]route {
	if a.Is4() {
		return &t.routes4
	}
	return &t.routes6
}

// Known returns the next hop for packets to an IPv4 address, nil if Lookup would say anything but Found. The way to a router is asked for by
// routes alone.
func (t *Table) Known(dst uint32) *Hop {
	for i := range t.nets4 {
		if n := &t.nets4[i]; dst&n.mask == n.dst {
			if n.router != nil || !t.routes4[i].hop.Addr.IsZero() {
				return n.router
			}
			hop := t.direct.At(flow.V4(dst), 0, 0)
			if hop == nil || hop.MAC == (MAC{}) {
				return nil
			}
			return hop
		}
	}
	return nil
}

// ByRouter is Known for destinations behind a router; nil for those on the link. The compiler takes it into its callers.
func (t *Table) ByRouter(dst uint32) *Hop {
	for i := range t.nets4 {
		if n := &t.nets4[i]; dst&n.mask == n.dst {
			return n.router
		}
	}
	return nil
}

// Lookup returns the next hop for packets to dst. Whether dst is the director's own, a broadcast or a multicast address, which go
// nowhere, the caller has found out before.
func (t *Table) Lookup(dst flow.Addr) (Hop, Result) {
	if hop := t.direct.Get(dst, 0, 0); hop.MAC != (MAC{}) {
		return hop, Found
	}
	return t.byRoute(dst)
}

// byRoute takes every destination on the link for an unknown neighbour.
func (t *Table) byRoute(dst flow.Addr) (Hop, Result) {
	routes := *t.family(dst)
	for i := range routes {
		r := &routes[i]
		if dst.And(r.mask) != r.dst {
			continue
		}
		hop := r.hop
		if hop.Addr.IsZero() {
			hop.Addr = dst
		}
		switch {
		case hop.MAC != (MAC{}):
			return hop, Found
		case t.silent.Get(hop.Addr, hop.Port, 0):
			return Hop{}, NoRoute
		}
		return hop, Unresolved
	}
	return Hop{}, NoRoute
}

// Ports returns all ports, by number.
func (t *Table) Ports() []Port { return t.ports }

// Own returns the director's own address to speak to a from on a port: the one in a's subnet, else the first of a's family, else
// the zero Addr.
func (t *Table) Own(port uint16, a flow.Addr) (own flow.Addr) {
	for _, s := range t.ports[port].Subnets {
		if s.contains(a) {
			return s.Own
		}
		if own.IsZero() && s.Own.Is4() == a.Is4() {
			own = s.Own
		}
	}
	return own
}

// OnLink returns the port one of whose subnets contains a: that of the longest prefix, the first of equals.
func OnLink(ports []Port, a flow.Addr) (port uint16, ok bool) {
	longest := -1
	for i, p := range ports {
		for _, s := range p.Subnets {
			if s.Bits > longest && s.contains(a) {
				port, ok, longest = uint16(i), true, s.Bits
			}
		}
	}
	return port, ok
}
