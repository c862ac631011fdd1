package conf

import (
	"net/netip"
	"slices"
)

// virtual says what speaks against a as a VIP, as the kind of entry that noted makes: an error or a warning.
func (c checker) virtual(noted func(path, format string, args ...any) *Error, path string, a netip.Addr) {
	if !a.IsValid() {
		return
	}
	if !unicast(a) {
		noted(path, "%s is not an address that a host can have", a)
	}
	for _, s := range c.subnets {
		if s.Contains(a) && notHost(s.Prefix, a) {
			noted(path, "%s is the network or the broadcast address of %s on port %q", a, s.Masked(), c.Ports[s.port].Name)
		}
	}
	if c.router(a) {
		noted(path, "%s is a gateway's address", a).hint("a VIP is no other machine's: cleat answers ARP for it")
	}
}

// router reports whether packets are sent to a on their way to others.
func (c checker) router(a netip.Addr) bool {
	return slices.ContainsFunc(c.Ports, func(p Port) bool { return p.Gateway == a || p.Gateway6 == a }) ||
		slices.ContainsFunc(c.Network.Routes, func(r Route) bool { return r.Via == a })
}

func checkVIPs(c checker) {
	seen := firsts[netip.Prefix]{}
	for i, p := range c.Network.VIPs {
		path := at("network.vips", i)
		if p.IsSingleIP() {
			c.virtual(c.errorf, path, p.Addr())
		}
		if _, found := seen.again(p, path); found && p.IsValid() {
			c.errorf(path, "%s is there twice", formatNetwork(p))
		}
	}
}

func checkRoutes(c checker) {
	seen := firsts[netip.Prefix]{}
	for i, r := range c.Network.Routes {
		path := at("network.route", i)
		if !c.given(path + ".to") {
			c.errorf(path+".to", "missing").hint(`to = "172.16.0.0/12"`)
		} else if first, found := seen.again(r.To, path+".to"); found && r.To.IsValid() {
			c.errorf(path+".to", "%s is the route of line %d too", r.To, c.lines.find(first))
		} else if r.To.Bits() == 0 {
			c.errorf(path+".to", "%s is the default route", r.To).hint("set the port's gateway instead")
		}
		path += ".via"
		if !c.given(path) {
			c.errorf(path, "missing").hint(`the next hop, on a subnet of a port: via = "10.8.0.2"`)
		} else if !r.Via.IsValid() || !c.sound("port") {
			continue
		} else if r.To.IsValid() && r.To.Addr().Is4() != r.Via.Is4() {
			c.errorf(path, "%s and %s are of two families", r.To, r.Via)
		} else if _, ok := c.neighbor(r.Via); !ok {
			c.errorf(path, "%s is on no subnet of any port", r.Via)
		} else if c.own(r.Via) {
			c.errorf(path, "%s is the director's own address", r.Via)
		}
	}
}

// reachable reports whether there is a way to a: a subnet, a route or the default gateway.
func (c checker) reachable(a netip.Addr) bool {
	if _, ok := c.neighbor(a); ok {
		return true
	}
	for _, r := range c.Network.Routes {
		if r.To.IsValid() && r.To.Contains(a) {
			return true
		}
	}
	return slices.ContainsFunc(c.Ports, func(p Port) bool { return p.Gateway.IsValid() && a.Is4() || p.Gateway6.IsValid() && a.Is6() })
}

func checkMarks(c checker) {
	for i, m := range c.Marks {
		path := at("mark", i)
		if !c.given(path + ".mark") {
			c.errorf(path+".mark", "a rule needs a mark").hint("1…4294967295, or 0 for an exception to the rules behind it")
		}
		if c.given(path + ".protocol") {
			c.oneOf(path+".protocol", "protocol", m.Protocol, "tcp", "udp", "sctp")
		}
		if s, d := m.Source, m.Destination; s.IsValid() && d.IsValid() && s.Addr().Is4() != d.Addr().Is4() {
			c.errorf(path+".source", "%s and the destination %s are of two families", s, d)
		}
	}
}

// checkMarkUsed warns of a mark that means nothing: its packets are looked up by address (services.md S2.1).
func checkMarkUsed(c checker) {
	used := map[uint32]bool{0: true}
	for _, s := range c.Services {
		used[s.Mark] = true
	}
	for i, m := range c.Marks {
		if !used[m.Mark] && m.Keep == 0 {
			c.warnf(at("mark", i)+".mark", "no service has mark %d", m.Mark).hint("[[service]] with mark = %d", m.Mark)
		}
	}
}
