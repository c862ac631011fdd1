package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Name returns what the service is called: "tcp 10.0.0.1:80", "udp [fd00::1]:53", "mark 3", "mark 3 ipv6".
func (s *Service) Name() string {
	if a := s.Address(); a.IsValid() {
		return s.Protocol() + " " + a.String()
	}
	if s.IPv6 {
		return fmt.Sprintf("mark %d ipv6", s.Mark)
	}
	return fmt.Sprintf("mark %d", s.Mark)
}

// Protocol returns "tcp", "udp", "sctp" or "mark".
func (s *Service) Protocol() string {
	switch {
	case s.TCP.IsValid():
		return "tcp"
	case s.UDP.IsValid():
		return "udp"
	case s.SCTP.IsValid():
		return "sctp"
	}
	return "mark"
}

// Address returns the VIP and port, invalid for a mark.
func (s *Service) Address() netip.AddrPort {
	switch {
	case s.TCP.IsValid():
		return s.TCP
	case s.UDP.IsValid():
		return s.UDP
	}
	return s.SCTP
}

// Is6 reports whether the service's clients are of IPv6.
func (s *Service) Is6() bool { return s.IPv6 || s.Address().Addr().Is6() }

// checkServiceNames demands exactly one of tcp, udp, sctp and mark, and none of them twice in the file (services.md S1.1).
func checkServiceNames(c checker) {
	seen := firsts[string]{}
	for i := range c.Services {
		s, path := &c.Services[i], at("service", i)
		keys := slices.DeleteFunc([]string{"tcp", "udp", "sctp", "mark"}, func(key string) bool { return !c.given(join(path, key)) })
		switch len(keys) {
		case 0:
			c.errorf(path, "nothing says which packets are meant").hint(`tcp = "10.0.0.1:80", or udp, or sctp, or mark`)
		case 1:
			key := join(path, keys[0])
			if first, found := seen.again(s.Name(), key); found && c.sound(key) {
				c.errorf(key, "duplicate service: %s is on line %d too", s.Name(), c.lines.find(first))
			}
		default:
			c.errorf(path, "%s are given together", strings.Join(keys, " and ")).
				hint("a service is one of tcp, udp, sctp and mark; write one [[service]] for each")
		}
	}
}

// checkServiceAddress: IPVS takes every address (services.md S1.4).
func checkServiceAddress(c checker) {
	for i := range c.Services {
		s := &c.Services[i]
		c.virtual(c.oddf, join(at("service", i), s.Protocol()), s.Address().Addr())
	}
}

func checkServiceMark(c checker) {
	ruled, composed := map[uint32]bool{}, false // several rules may make one mark
	for _, m := range c.Marks {
		ruled[m.Mark] = true
		composed = composed || m.Keep != 0
	}
	for i, s := range c.Services {
		path := at("service", i) + ".mark"
		if !c.given(path) {
			continue
		}
		if s.Mark == 0 {
			c.errorf(path, "0 is no mark").hint("1…4294967295")
		} else if !ruled[s.Mark] && !composed && c.sound("mark") {
			c.oddf(path, "no [[mark]] rule gives mark %d, so no packet can have it", s.Mark).
				hint("[[mark]] with mark = %d, destination and ports", s.Mark)
		}
	}
}

func checkServiceIPv6(c checker) {
	for i, s := range c.Services {
		if path := at("service", i); s.IPv6 && s.Address().IsValid() {
			c.errorf(path+".ipv6", "the service's address tells its family").hint("ipv6 = true is for marks")
		}
	}
}

func checkOnePacket(c checker) {
	for i, s := range c.Services {
		if s.OnePacket && (s.TCP.IsValid() || s.SCTP.IsValid()) { // services.md S4
			c.oddf(at("service", i)+".one_packet", "a %s service", s.Protocol()).hint("one-packet scheduling is for udp and marks")
		}
	}
}

func checkEngine(c checker) {
	for i, s := range c.Services {
		path := at("service", i) + ".engine"
		if !c.given(path) {
			continue
		}
		c.oneOf(path, "persistence engine", s.Engine, "sip")
		if s.Persistent == 0 {
			c.oddf(path, "the service is not persistent").hint("persistent = true, or no engine")
		}
	}
}

func checkPersistence(c checker) {
	for i, s := range c.Services {
		path := at("service", i)
		if s.Persistent == 0 && c.sound(path+".persistent") {
			if a := s.Address(); a.IsValid() && a.Port() == 0 { // P0.1
				c.oddf(join(path, s.Protocol()), "zero port for a service that is not persistent").
					hint("persistent = true, or a port")
			}
		} else if s.Persistent != c.Persistence.Timeout { // that was looked at already
			c.seconds(path+".persistent", s.Persistent)
		}
	}
}

func checkNetmask(c checker) {
	for i, s := range c.Services {
		path := at("service", i) + ".netmask"
		ipv6 := s.Is6()
		switch m := s.Netmask; {
		case !c.given(path) || !c.sound(path):
		case ipv6 && (!m.isPrefix() || m.Bits(true) == 0):
			c.errorf(path, "%s is not a prefix length of IPv6", m).hint("1…128")
		case m.isPrefix() && int(m.length)-1 > wholeLength(ipv6):
			c.errorf(path, "%s is out of range", m).hint("0…32")
		case s.Persistent == 0 && c.sound(at("service", i)+".persistent"):
			c.oddf(path, "the service is not persistent").hint("persistent = true, or no netmask")
		case !m.isPrefix() && c.Strict:
			c.errorf(path, "%s is not contiguous: a 1 bit stands behind a 0 bit", m).
				hint("%s is the longest mask that it begins with", PrefixMask(m.Bits(false)).Mask(false))
		}
	}
}

func checkServiceCount(c checker) {
	if n, limit := len(c.Services), c.Tables.Services; n > limit && limit > 0 {
		c.errorf(at("service", limit), "%d services, but tables.services is %d", n, limit)
	}
}
