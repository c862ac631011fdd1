package registry

import (
	"net/netip"
	"slices"
	"time"

	"cleat/conf"
	"cleat/lcore/flow"
	"cleat/lcore/schedule"
	"cleat/lcore/service"
	"cleat/lcore/wheel"
)

// Table builds the table of what is wanted now, with the mark rules of c, and returns also all real servers by slot, removed ones that
// may still be named included.
func (r *Registry) Table(c *conf.Config) (*service.Table, []service.Real) {
	reals := make([]service.Real, r.slots.highest)
	for _, s := range r.servers {
		reals[s.slot] = s.real()
	}
	virtuals := make([]*service.Virtual, len(r.order))
	for i, v := range r.order {
		virtuals[i] = v.build(reals, c)
	}
	return service.NewTable(virtuals, reals, rules(c.Marks)), reals
}

func (s *server) real() service.Real {
	return service.Real{
		Slot: s.slot, Added: s.added, Identity: s.identity, Virtual: s.virtual.ID,
		Addr: flow.FromNetip(s.conf.Address.Addr()), Port: s.conf.Address.Port(), Forward: service.Forward(slices.Index(forwardNames[:], s.conf.Forward)),
		Available: s.gone.IsZero(), Weight: int32(s.conf.Weight), LastWeight: int32(s.lastWeight),
		Upper: s.conf.Upper, Lower: lowerLimit(s.conf.Upper, s.conf.Lower),
		Tunnel: service.TunnelOptions{
			Type: tunnels[s.conf.TunnelType], Port: uint16(s.conf.TunnelPort), Checksum: checksums[s.conf.TunnelChecksum],
		},
	}
}

// What the configuration names with words.
var (
	tunnels   = map[string]service.TunnelType{"ipip": service.IPIP, "gue": service.GUE, "gre": service.GRE}
	checksums = map[string]service.TunnelChecksum{"none": service.NoChecksum, "csum": service.Checksum, "remcsum": service.RemoteChecksum}
	tells     = map[string]service.ClientAddress{"toa": service.TOA, "proxy-v1": service.ProxyV1, "proxy-v2": service.ProxyV2, "none": service.Untold}
	engines   = map[string]service.Engine{"sip": service.SIP}
)

// forwardNames are the forwarding methods' names; a configuration has no "local" and no "bypass", which come about by themselves.
var forwardNames = [...]string{
	service.NAT: "nat", service.Local: "local", service.Tunnel: "tun", service.Direct: "dr", service.Bypass: "bypass", service.FullNAT: "fullnat",
}

// ForwardName is what a forwarding method is called.
func ForwardName(method service.Forward) string { return forwardNames[method] }

// lowerLimit is L of connections.md C9.1.
func lowerLimit(upper, lower uint32) uint32 {
	if lower != 0 {
		return lower
	}
	return upper - upper/4
}

func (v *Virtual) build(reals []service.Real, c *conf.Config) *service.Virtual {
	s := &v.Conf
	id := IdentityOf(s)
	scheduler, _ := schedule.ByName(s.Scheduler) // conf knows the same names
	out := &service.Virtual{
		ID: v.ID, Incarnation: v.incarnation, Version: v.version,
		Mark: id.Mark, Proto: id.Proto, Port: id.Address.Port(), Addr: flow.FromNetip(id.Address.Addr()),
		Scheduler: scheduler, Flags: flags(s.Flags),
		Timeout: wheel.Ticks(s.Persistent), Mask: maskOf(s), Spread: uint8(c.SpreadOf(s)),
		Engine: engines[s.Engine], OnePacket: s.OnePacket, ClientAddress: tells[s.ClientAddress],
		Destinations: v.destinations, Expiration: expiration(s.Scheduler, &c.IPVS),
	}
	if id.Mark != 0 && !id.IPv6 {
		out.Addr = flow.V4(0) // of IPv6: ::, which is zero
	}
	for _, a := range s.LocalAddresses {
		out.Locals = append(out.Locals, flow.FromNetip(a))
	}
	for _, rs := range v.servers {
		out.Reals = append(out.Reals, reals[rs.slot])
	}
	if b := v.built; b != nil && b.Version == v.version { // what schedulers derive is the same, and may have been much work
		out.Balanced, out.Buckets, out.GCD, out.MaxWeight = b.Balanced, b.Buckets, b.GCD, b.MaxWeight
	} else {
		schedule.Build(out)
	}
	v.built = out
	return out
}

// maskOf is what is ANDed to a client's address; that of IPv4 leaves the mapping prefix.
func maskOf(s *conf.Service) flow.Addr {
	mask := flow.FromNetip(s.Netmask.Mask(s.Is6()))
	if s.Is6() {
		return mask
	}
	prefix := flow.MaskOf(0, true)
	return flow.Addr{Hi: prefix.Hi, Lo: prefix.Lo | mask.Lo}
}

// expiration is how long a scheduler remembers destinations, if it does.
func expiration(scheduler string, switches *conf.IPVS) time.Duration {
	switch scheduler {
	case "lblc":
		return switches.LblcExpiration
	case "lblcr":
		return switches.LblcrExpiration
	}
	return 0
}

func flags(names []string) (f uint8) {
	for _, n := range names {
		f |= service.Fallback << conf.FlagNumber(n) // the first of three bits
	}
	return f
}

func rules(marks []conf.Mark) (out []service.Rule) {
	for _, m := range marks {
		for _, ipv6 := range m.Families() {
			r := service.Rule{
				Mark: m.Mark, Keep: m.Keep, Proto: protocols[m.Protocol],
				Ports: ranges(m.Ports), SrcPorts: ranges(m.SourcePorts), AnyPorts: ranges(m.AnyPorts),
			}
			r.Dst, r.DstMask = anywhere(ipv6), flow.MaskOf(0, !ipv6)
			if m.Destination.IsValid() {
				r.Dst, r.DstMask = prefix(m.Destination)
			}
			if m.Source.IsValid() {
				r.Src, r.SrcMask = prefix(m.Source)
			}
			out = append(out, r)
		}
	}
	return out
}

// anywhere tells a family.
func anywhere(ipv6 bool) flow.Addr {
	if ipv6 {
		return flow.Addr{}
	}
	return flow.V4(0)
}

func ranges(list []conf.PortRange) (out []service.PortRange) {
	for _, p := range list {
		out = append(out, service.PortRange(p))
	}
	return out
}

var protocols = map[string]uint8{"tcp": flow.TCP, "udp": flow.UDP, "sctp": flow.SCTP}

func prefix(p netip.Prefix) (addr, mask flow.Addr) {
	return flow.FromNetip(p.Addr()), flow.MaskOf(p.Bits(), p.Addr().Is4())
}
