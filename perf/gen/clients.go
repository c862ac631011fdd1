package gen

import (
	"fmt"
	"net/netip"

	"cleat/lcore/flow"
)

// clients are the addresses of some networks, numbered from 0.
type clients struct {
	networks []network
	count    int
	nets     int // persistence's: networks of as many bits as its netmask
}

// network is one of them. A client's number is added to its first address: to the low half, or, where every client has a /64, to the high one.
type network struct {
	first  flow.Addr
	count  int
	base   int  // number of its first client
	high   bool // the number is in the high half
	shift  int  // of that half: bits behind persistence's netmask
	net    int  // number of its first net
	prefix netip.Prefix
}

// clientBits: one network gives at most two to the power of that clients.
const clientBits = 24

func newClients(key string, texts []string, netmask, netmask6 int) (*clients, error) {
	if netmask < 1 || netmask > 32 {
		return nil, fmt.Errorf("netmask: %d: must be 1 to 32", netmask)
	}
	if netmask6 < 1 || netmask6 > 128 {
		return nil, fmt.Errorf("netmask6: %d: must be 1 to 128", netmask6)
	}
	c := &clients{}
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil || prefix.Addr().Is4In6() {
			return nil, fmt.Errorf("%s: %q: must be a network, like 100.64.0.0/16", key, text)
		}
		n := newNetwork(prefix.Masked(), netmask, netmask6)
		for _, other := range c.networks {
			if other.prefix.Overlaps(prefix) {
				return nil, fmt.Errorf("%s: %s and %s overlap", key, other.prefix, prefix)
			}
		}
		n.base, n.net = c.count, c.nets
		c.networks = append(c.networks, n)
		c.count += n.count
		c.nets += n.offset(n.count-1) + 1
	}
	return c, nil
}

func newNetwork(prefix netip.Prefix, netmask, netmask6 int) network {
	n := network{first: flow.FromNetip(prefix.Addr()), prefix: prefix}
	free := prefix.Addr().BitLen() - prefix.Bits()
	switch {
	case prefix.Addr().Is4():
		n.shift = 32 - netmask
	case prefix.Bits() < 64:
		n.high, free = true, 64-prefix.Bits()
		n.first.Lo = 1
		n.shift = max(64-netmask6, 0)
	default:
		n.shift = 128 - netmask6
	}
	n.count = 1 << min(free, clientBits)
	return n
}

// half is the one of an address that the number is in.
func (n *network) half(a flow.Addr) uint64 {
	if n.high {
		return a.Hi
	}
	return a.Lo
}

// offset is how many nets behind the network's first one its client k is.
func (n *network) offset(k int) int {
	first := n.half(n.first)
	return int((first+uint64(k))>>n.shift - first>>n.shift)
}

// address returns that of a client.
func (c *clients) address(number uint32) flow.Addr {
	n := c.network(int(number))
	a := n.first
	if n.high {
		a.Hi += uint64(int(number) - n.base)
	} else {
		a.Lo += uint64(int(number) - n.base)
	}
	return a
}

// number returns whose address it is.
func (c *clients) number(a flow.Addr) (uint32, bool) {
	for i := range c.networks {
		n := &c.networks[i]
		k := n.half(a) - n.half(n.first)
		other := a.Hi == n.first.Hi
		if n.high {
			other = a.Lo == n.first.Lo
		}
		if other && k < uint64(n.count) {
			return uint32(n.base) + uint32(k), true
		}
	}
	return 0, false
}

// netOf returns the number of a client's net.
func (c *clients) netOf(number uint32) int {
	n := c.network(int(number))
	return n.net + n.offset(int(number)-n.base)
}

func (c *clients) network(number int) *network {
	last := len(c.networks) - 1
	for i := range c.networks[:last] {
		if number < c.networks[i+1].base {
			return &c.networks[i]
		}
	}
	return &c.networks[last]
}

// has reports whether there are clients of that family.
func (c *clients) has(v4 bool) bool {
	return count(c.networks, func(n network) bool { return n.first.Is4() == v4 }) != 0
}
