package conf

import (
	"math"
	"net/netip"
)

func checkForward(c checker) {
	c.servers(func(s *Service, rs *Server, path string) {
		a, vip := rs.Address, s.Address()
		c.oneOf(path+".forward", "forwarding method", rs.Forward, "nat", "dr", "tun", "fullnat")
		if !c.sound(path) || !a.IsValid() {
			return
		}
		if rs.Forward != "tun" && a.Addr().Is6() != s.Is6() { // forwarding.md F4.5
			c.errorf(path+".address", "%s is not of the service's family", a.Addr()).hint(`forward = "tun" can do that alone`)
		}
		if (rs.Forward == "dr" || rs.Forward == "tun") && vip.IsValid() && a.Port() != vip.Port() {
			c.warnf(path+".address", "port %d is not used: forward = %q changes no ports", a.Port(), rs.Forward).hint("%q", a.Addr())
		}
		switch {
		case rs.Forward != "fullnat":
		case len(s.LocalAddresses) == 0:
			c.errorf(path+".forward", "the service has no local addresses").hint(`local_addresses = ["10.9.0.100"] of the service: what its servers see as the client`)
		case s.OnePacket:
			c.errorf(path+".forward", "one_packet leaves no connection by which an answer to a local address could find its client").hint(`forward = "nat"`)
		case s.Protocol() == "sctp":
			c.errorf(path+".forward", "SCTP tells its addresses inside, where fullnat does not change them").hint(`forward = "nat"`)
		}
	})
}

// checkTunnel: which options a type of tunnel has (forwarding.md F4, ipvsadm.md I2).
func checkTunnel(c checker) {
	c.servers(func(_ *Service, rs *Server, path string) {
		for _, key := range []string{".tunnel_type", ".tunnel_port", ".tunnel_checksum"} {
			if rs.Forward != "tun" && c.given(path+key) {
				c.errorf(path+key, "forward = %q makes no tunnel", rs.Forward).hint(`forward = "tun"`)
				return
			}
		}
		if rs.Forward != "tun" {
			return
		}
		c.oneOf(path+".tunnel_type", "tunnel type", rs.TunnelType, "ipip", "gue", "gre")
		switch rs.TunnelType {
		case "gue":
			if !c.given(path + ".tunnel_port") { // F4.7
				c.errorf(path+".tunnel_port", "missing: gue is UDP").hint("tunnel_port = 6080")
			}
			c.within(path+".tunnel_port", rs.TunnelPort, 1, math.MaxUint16)
			c.oneOf(path+".tunnel_checksum", "checksum", rs.TunnelChecksum, "none", "csum", "remcsum")
		case "gre":
			c.oneOf(path+".tunnel_checksum", "checksum", rs.TunnelChecksum, "none", "csum")
		case "ipip":
			if rs.TunnelChecksum != "" {
				c.errorf(path+".tunnel_checksum", "ipip has no checksum").hint(`tunnel_type = "gue" or "gre"`)
			}
		}
		if rs.TunnelType != "gue" && rs.TunnelPort != 0 {
			c.errorf(path+".tunnel_port", "%s has no port", rs.TunnelType).hint(`tunnel_type = "gue"`)
		}
	})
}

// checkLocalAddresses: what the answers of servers come back to belongs to no one else (forwarding.md F8.1).
func checkLocalAddresses(c checker) {
	seen := firsts[netip.Addr]{}
	for i, s := range c.Services {
		path := at("service", i)
		switch {
		case !c.given(path + ".client_address"):
		case s.Protocol() == "udp" && s.ClientAddress != "none":
			c.errorf(path+".client_address", "a datagram has no place for it").hint(`"none"`)
		default:
			c.oneOf(path+".client_address", "way to tell the client's address", s.ClientAddress, "toa", "proxy-v1", "proxy-v2", "none")
		}
		switch n, workers := len(s.LocalAddresses), c.Workers.Number(); { // each worker uses its own, so that answers come back to it
		case n > 0 && n < workers:
			c.errorf(path+".local_addresses", "needs at least as many local addresses as workers, of which there are %d", workers)
		case n > 0 && workers == 0 && !c.wrong["workers"]:
			c.errorf(path+".local_addresses", "each worker needs one, and nothing says how many workers there are").hint("workers.count = %d, or workers.lcores", n)
		}
		for j, a := range s.LocalAddresses {
			path := at(path+".local_addresses", j)
			if !a.IsValid() {
				continue
			}
			c.host(path, a)
			if first, found := seen.again(a, path); found {
				c.errorf(path, "%s is on line %d too", a, c.lines.find(first))
			}
			if a.Is6() != s.Is6() {
				c.errorf(path, "%s is not of the service's family", a)
			}
			if c.own(a) || a == s.Address().Addr() {
				c.errorf(path, "%s has another use already", a).hint("an address for this alone, of the servers' subnet or routed to cleat")
			}
		}
	}
}
