package conf

import (
	"math"
	"net/netip"
	"slices"
)

// servers calls f for every real server with its path.
func (c checker) servers(f func(s *Service, rs *Server, path string)) {
	for i := range c.Services {
		s := &c.Services[i]
		for j := range s.Servers {
			f(s, &s.Servers[j], at(at("service", i)+".server", j))
		}
	}
}

func checkServers(c checker) {
	for i, s := range c.Services {
		path := at("service", i)
		if len(s.Servers) == 0 {
			c.warnf(path, "no real servers: every client will be refused").hint("[[service.server]] with address")
		}
		seen := firsts[netip.AddrPort]{}
		for j, rs := range s.Servers {
			path := at(path+".server", j) + ".address"
			if !c.given(path) {
				c.errorf(path, "missing").hint(`address = "10.9.0.11:80"`)
			} else if first, found := seen.again(rs.Address, path); found && rs.Address.IsValid() {
				c.errorf(path, "duplicate server: %s is on line %d too", formatServer(rs.Address), c.lines.find(first))
			}
		}
	}
}

// checkServerAddress: IPVS demands an address that one host has, be it this one (services.md S5).
func checkServerAddress(c checker) {
	c.servers(func(s *Service, rs *Server, path string) {
		a := rs.Address.Addr()
		path += ".address"
		if !a.IsValid() {
			return
		}
		if !hostOrHere(a) {
			c.errorf(path, "%s is not an address that a host can have", a)
		}
		switch {
		case a == s.Address().Addr():
			c.oddf(path, "%s is the service's own address", a).hint("the address that the real server has on its own network")
		case c.own(a) || a.IsLoopback():
			c.warnf(path, "%s is the director itself: clients reach the host that cleat runs on", a)
		}
		for _, n := range c.subnets {
			if n.Contains(a) && notHost(n.Prefix, a) {
				c.errorf(path, "%s is the network or the broadcast address of %s", a, n.Masked())
			}
		}
	})
}

// hostOrHere reports whether a can be some host's address or leads to this one.
func hostOrHere(a netip.Addr) bool { return unicast(a) || a.IsLoopback() }

// CanServe reports whether a can be a real server's address: one that a host has, on the ports' subnets neither the first nor the last.
func (c *Config) CanServe(a netip.Addr) bool {
	return hostOrHere(a) && !slices.ContainsFunc(subnets(c.Ports), func(s subnet) bool { return s.Contains(a) && notHost(s.Prefix, a) })
}

func checkServerReachable(c checker) {
	if !c.sound("port") || !c.sound("network.route") {
		return
	}
	c.servers(func(_ *Service, rs *Server, path string) {
		if a := rs.Address.Addr(); a.IsValid() && !a.IsLoopback() && !c.reachable(a) {
			c.oddf(path+".address", "no port reaches %s", a).hint("it is on no port's subnet and there is neither a [[network.route]] to it nor a gateway")
		}
	})
}

// checkServerPort warns of a port that is never used: connections under a template of a service without a port
// keep the packet's (persistence.md P2.6).
func checkServerPort(c checker) {
	c.servers(func(s *Service, rs *Server, path string) {
		if s.Persistent != 0 && s.Address().Port() == 0 && rs.Address.Port() != 0 {
			c.warnf(path+".address", "port %d is not used: a persistent service for all ports keeps the packet's", rs.Address.Port()).
				hint("%q", rs.Address.Addr())
		}
	})
}

func checkServerLimits(c checker) {
	c.servers(func(_ *Service, rs *Server, path string) {
		c.within(path+".weight", rs.Weight, 0, math.MaxInt32)
		if rs.Upper > math.MaxInt32 { // connections.md C9
			c.errorf(path+".upper", "%d is out of range", rs.Upper).hint("0…%d", math.MaxInt32)
		}
		if rs.Lower > rs.Upper && c.sound(path+".upper") {
			c.errorf(path+".lower", "%d is more than upper, which is %d", rs.Lower, rs.Upper).hint("0 ≤ lower ≤ upper")
		}
	})
}

func checkServerCount(c checker) {
	n := 0
	c.servers(func(_ *Service, _ *Server, path string) {
		if n++; n == c.Tables.RealServers+1 {
			c.errorf(path, "more real servers than tables.real_servers, which is %d", c.Tables.RealServers)
		}
	})
}
