package director

import (
	"net/netip"

	"cleat/appliance/registry"
	"cleat/conf"
	"cleat/lcore"
	"cleat/lcore/address"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/service"
	"cleat/lcore/wheel"
)

// Tables puts together what workers read: c's settings, the services built from it, and the neighbours known.
func (d *Director) Tables(c *conf.Config, services *service.Table, reals []service.Real, known []nexthop.Neighbor) lcore.Tables {
	return lcore.Tables{
		Services:  services,
		Addresses: addresses(c, reals),
		Hops:      d.Hops(c, known),
		Timeouts:  timeouts(&c.Timeouts),
		Settings: lcore.Settings{
			Extend:                  wheel.Ticks(c.Persistence.Extend),
			RestoreTimeout:          c.Persistence.RestoreTimeout,
			ConnReuseMode:           c.IPVS.ConnReuseMode,
			ExpireNodestConn:        c.IPVS.ExpireNodestConn,
			ExpireQuiescentTemplate: c.IPVS.ExpireQuiescentTemplate,
			SloppyTCP:               c.IPVS.SloppyTCP,
			Forward:                 c.Network.Forward,
			AnswerRate:              c.Network.AnswerRate,
		},
	}
}

// Hops is the part of Tables that says where packets go: c's ports and routes, and the neighbours known.
func (d *Director) Hops(c *conf.Config, known []nexthop.Neighbor) *nexthop.Table {
	return nexthop.New(d.hopPorts(c), d.routes(c), known)
}

func timeouts(c *conf.Timeouts) conn.Timeouts {
	t := conn.DefaultTimeouts()
	t[conn.Established] = wheel.Ticks(c.TCP)
	t[conn.FinWait] = wheel.Ticks(c.TCPFin)
	t[conn.UDP] = wheel.Ticks(c.UDP)
	return t
}

// routes are those of the configuration and a default route for each gateway.
func (d *Director) routes(c *conf.Config) []nexthop.Route {
	ports := d.hopPorts(c)
	var routes []nexthop.Route
	add := func(to netip.Prefix, via netip.Addr) {
		gateway := flow.FromNetip(via)
		if port, ok := nexthop.OnLink(ports, gateway); ok { // conf has checked that
			routes = append(routes, nexthop.Route{Dst: flow.FromNetip(to.Addr()), Bits: to.Bits(), Via: gateway, Port: port})
		}
	}
	for _, r := range c.Network.Routes {
		add(r.To, r.Via)
	}
	for _, p := range c.Ports {
		if p.Gateway.IsValid() {
			add(netip.PrefixFrom(netip.IPv4Unspecified(), 0), p.Gateway)
		}
	}
	return routes
}

// VIPs returns the virtual addresses of c: those of its services, those listed, and the single ones that marks are given for.
func VIPs(c *conf.Config) []netip.Addr {
	seen := map[netip.Addr]bool{}
	var vips []netip.Addr
	add := func(a netip.Addr) {
		if a.IsValid() && !seen[a] {
			seen[a] = true
			vips = append(vips, a)
		}
	}
	for i := range c.Services {
		add(registry.IdentityOf(&c.Services[i]).Address.Addr())
	}
	for _, a := range c.Network.VIPs {
		add(a)
	}
	for _, m := range c.Marks {
		if m.Destination.IsSingleIP() {
			add(m.Destination.Addr())
		}
	}
	return vips
}

func addresses(c *conf.Config, reals []service.Real) *address.Set {
	var entries []address.Entry
	for _, p := range c.Ports {
		for _, a := range p.Addresses {
			own := flow.FromNetip(a.Addr())
			entries = append(entries, address.Entry{Addr: own, Kind: address.Own})
			if a.Bits() < 31 {
				host := ^flow.MaskOf(a.Bits(), true).Lo
				entries = append(entries, address.Entry{Addr: flow.Addr{Lo: own.Lo | host}, Kind: address.Broadcast})
			}
		}
	}
	for _, a := range VIPs(c) {
		entries = append(entries, address.Entry{Addr: flow.FromNetip(a), Kind: address.VIP})
	}
	for i := range reals {
		if !reals[i].Addr.IsZero() && reals[i].Forward.Returns() {
			entries = append(entries, address.Entry{Addr: reals[i].Addr, Kind: address.Real})
		}
	}
	return address.NewSet(entries)
}

// NextHops returns the neighbours that are needed all the time: real servers on the link, gateways and other routers.
func (d *Director) NextHops(c *conf.Config) []flow.Addr {
	var hops []flow.Addr
	for _, r := range d.routes(c) {
		hops = append(hops, r.Via)
	}
	for i := range c.Services {
		for _, s := range c.Services[i].Servers {
			hops = append(hops, flow.FromNetip(s.Address.Addr())) // behind a router: nobody's neighbour, and not asked for
		}
	}
	return hops
}
