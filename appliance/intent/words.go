package intent

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"cleat/appliance/api"
	"cleat/appliance/registry"
	"cleat/conf"
)

// refuse is an error that IPVS has: errno, and in words what it means here.
func refuse(errno, format string, args ...any) error {
	return &api.Problem{Title: fmt.Sprintf(format, args...), Errno: errno}
}

// bad is an error in what was sent: no command of ipvsadm's looks so.
func bad(format string, args ...any) error {
	return &api.Problem{Title: "bad command", Detail: []string{fmt.Sprintf(format, args...)}}
}

// identity returns the service that id names, without anything else.
func identity(id *api.ServiceID) (s conf.Service, err error) {
	if id == nil {
		return s, bad("no service is named")
	}
	if id.Protocol == "mark" {
		if id.Mark == 0 || id.Address != "" {
			return s, bad("service: a mark from 1 to 4294967295, and no address")
		}
		return conf.Service{Mark: id.Mark, IPv6: id.IPv6}, nil
	}
	a, err := endpoint("service", id.Address)
	if err != nil {
		return s, err
	}
	if id.Mark != 0 || id.IPv6 {
		return s, bad("service: mark and ipv6 are for the protocol \"mark\"")
	}
	switch id.Protocol {
	case "tcp":
		s.TCP = a
	case "udp":
		s.UDP = a
	case "sctp":
		s.SCTP = a
	default:
		return s, bad("service: %q is none of tcp, udp, sctp, mark", id.Protocol)
	}
	return s, nil
}

// Names reports whether id, which Command has taken, names s.
func Names(id *api.ServiceID, s *conf.Service) bool {
	named, _ := identity(id)
	return registry.IdentityOf(&named) == registry.IdentityOf(s)
}

func endpoint(what, text string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(text)
	if err != nil || a.Addr().Is4In6() || a.Addr().Zone() != "" {
		return netip.AddrPort{}, bad(`%s: %q is not an address and a port like "10.0.0.1:80" or "[fd00::1]:80"`, what, text)
	}
	return a, nil
}

// setOptions makes s what o says, which replaces all that a command can say of a service.
func setOptions(s *conf.Service, o *api.Options) (err error) {
	if o == nil {
		return bad("no options are given")
	}
	names, ok := conf.Flags(o.Scheduler)
	if !ok {
		return refuse("ENOENT", "there is no scheduler %q", o.Scheduler)
	}
	if o.Engine != "" && o.Engine != "sip" {
		return refuse("ENOENT", "there is no persistence engine %q", o.Engine)
	}
	if s.Flags, err = flags(o.Flags, names); err != nil {
		return err
	}
	if s.Netmask, err = netmask(o.Netmask, s.Is6()); err != nil {
		return err
	}
	if o.Persistent < 0 || o.Persistent > maxSeconds {
		return refuse("EINVAL", "persistent_seconds: %d is not from 0 to %d", o.Persistent, maxSeconds)
	}
	s.Scheduler, s.Engine, s.OnePacket = o.Scheduler, o.Engine, o.OnePacket
	s.Persistent = time.Duration(o.Persistent) * time.Second
	return nil
}

// maxSeconds is 31 days, the longest timeout that IPVS has.
const maxSeconds = 31 * 24 * 3600

// flags returns flags under a scheduler's names for them, each once, in the order of their numbers: IPVS has bits only.
func flags(given, names []string) (all []string, err error) {
	var set [3]bool
	for _, flag := range given {
		n := conf.FlagNumber(flag)
		if n < 0 {
			return nil, bad("flags: there is no flag %q", flag)
		}
		set[n] = true
	}
	for n, name := range names {
		if set[n] {
			all = append(all, name)
		}
	}
	return all, nil
}

func netmask(text string, ipv6 bool) (conf.Netmask, error) {
	if text == "" {
		return conf.Netmask{}, nil
	}
	if ipv6 {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 128 {
			return conf.Netmask{}, refuse("EINVAL", "netmask: %q is not a prefix length of IPv6, 1 to 128", text)
		}
		return conf.PrefixMask(n).Canonical(true), nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil || !a.Is4() {
		return conf.Netmask{}, bad(`netmask: %q is not an IPv4 mask like "255.255.255.0"`, text)
	}
	return conf.IPv4Mask(a).Canonical(false), nil
}

// spelled returns the real server that spec spells out, without a look at the service or at ranges.
func spelled(spec *api.ServerSpec) (rs conf.Server, err error) {
	if spec == nil {
		return rs, bad("no real server is given")
	}
	rs = conf.Server{Weight: spec.Weight, Forward: spec.Forward, Upper: spec.Upper, Lower: spec.Lower}
	if rs.Address, err = endpoint("server", spec.Address); err != nil {
		return rs, err
	}
	for _, word := range []struct {
		what, word string
		known      []string
	}{
		{"forward", spec.Forward, []string{"", "nat", "dr", "tun", "fullnat"}},
		{"tunnel_type", spec.TunnelType, []string{"", "ipip", "gue", "gre"}},
		{"tunnel_checksum", spec.TunnelChecksum, []string{"", "none", "csum", "remcsum"}},
	} {
		if !slices.Contains(word.known, word.word) {
			return rs, bad("%s: %q is none of %v", word.what, word.word, word.known[1:])
		}
	}
	if rs.Forward == "tun" {
		rs.TunnelType = spec.TunnelType
		if spec.TunnelType == "gue" {
			rs.TunnelPort = int(spec.TunnelPort)
		}
		if spec.TunnelType == "gue" || spec.TunnelType == "gre" {
			rs.TunnelChecksum = spec.TunnelChecksum
		}
	}
	rs.Complete()
	return rs, nil
}
