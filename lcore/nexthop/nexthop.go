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
}

// Subnet is an own address with the prefix length of the subnet that it lies in, 0…32 or 0…128.
type Subnet struct {
	Own  flow.Addr
	Bits int
}

func (s Subnet) contains(a flow.Addr) bool {
	mask := flow.MaskOf(s.Bits, s.Own.Is4())
	return a.Is4() == s.Own.Is4() && a.And(mask) == s.Own.And(mask)
}

// Route sends what is for a prefix to the router Via, which is on Port. The default gateway is the route to 0.0.0.0/0 or ::/0.
type Route struct {
	Dst  flow.Addr
	Bits int // prefix length of Dst
	Via  flow.Addr
	Port uint16
}

// Neighbor is an address on a port's link whose MAC address is known.
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
	NoRoute    Result = iota // nothing
	Unresolved               // all but MAC: Addr has to be asked for on Port
	Found                    // all
)

// Table is all routes and neighbours. Immutable. A look-up probes once for each prefix length that occurs, longest first, then once
// for the neighbour, however many routes and neighbours there are. 96 to 192 bytes a route, 64 to 128 a neighbour.
type Table struct {
	ports      []Port
	routes4    prefixes
	routes6    prefixes
	neighbours *flow.Map[MAC] // by address and port number
}

// New makes a Table. Subnets of the ports are routes of their own and go before a given route to the same prefix; of two
// routes to one prefix the first counts. Ports named in routes must exist; management has checked that.
func New(ports []Port, routes []Route, neighbours []Neighbor) *Table {
	t := &Table{ports: slices.Clone(ports), neighbours: flow.NewMap[MAC]()}
	t.routes4.init(true)
	t.routes6.init(false)
	for i, p := range ports {
		for _, s := range p.Subnets {
			t.family(s.Own).add(Route{Dst: s.Own, Bits: s.Bits, Port: uint16(i)})
		}
	}
	for _, r := range routes {
		t.family(r.Dst).add(r)
	}
	for _, n := range neighbours {
		t.neighbours.Set(n.Addr, n.Port, 0, n.MAC)
	}
	return t
}

func (t *Table) family(a flow.Addr) *prefixes {
	if a.Is4() {
		return &t.routes4
	}
	return &t.routes6
}

// Lookup returns the next hop for packets to dst. Whether dst is the director's own, a broadcast or a multicast address, which go
// nowhere, the caller has found out before.
func (t *Table) Lookup(dst flow.Addr) (Hop, Result) {
	w := t.family(dst).lookup(dst)
	if !w.valid {
		return Hop{}, NoRoute
	}
	port := &t.ports[w.port]
	hop := Hop{Addr: w.via, Port: w.port, MTU: port.MTU, Src: port.MAC}
	if w.via.IsZero() { // on the link
		hop.Addr = dst
	}
	hop.MAC = t.neighbours.Get(hop.Addr, hop.Port, 0)
	if hop.MAC == (MAC{}) {
		return hop, Unresolved
	}
	return hop, Found
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
