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
	"cleat/lcore/wire"
)

// Tables puts together what workers read: c's settings, the services built from it, and the neighbours known.
func (d *Director) Tables(c *conf.Config, services *service.Table, reals []service.Real, known []nexthop.Neighbor) lcore.Tables {
	return lcore.Tables{
		Services:  services,
		Addresses: d.addresses(c, reals),
		Hops:      d.Hops(c, known),
		Probes:    d.Probes(),
		Timeouts:  timeouts(&c.Timeouts),
		Settings:  settings(c),
	}
}

func settings(c *conf.Config) lcore.Settings {
	s := lcore.Settings{
		Extend:                  wheel.Ticks(c.Persistence.Extend),
		RestoreTimeout:          c.Persistence.RestoreTimeout,
		SpreadAbove:             c.Persistence.SpreadAbove,
		ConnReuseMode:           c.IPVS.ConnReuseMode,
		ExpireNodestConn:        c.IPVS.ExpireNodestConn,
		ExpireQuiescentTemplate: c.IPVS.ExpireQuiescentTemplate,
		SloppyTCP:               c.IPVS.SloppyTCP,
		SloppySCTP:              c.IPVS.SloppySCTP,
		CacheBypass:             c.IPVS.CacheBypass,
		NATICMPSend:             c.IPVS.NATICMPSend,
		ScheduleICMP:            c.IPVS.ScheduleICMP,
		DropEntry:               c.IPVS.DropEntry,
		DropPacket:              c.IPVS.DropPacket,
		SecureTCP:               c.IPVS.SecureTCP,
		AmDropRate:              max(c.IPVS.AmDropRate, 1),
		Amemthresh:              c.IPVS.Amemthresh,
		FTP:                     c.IPVS.FTP,
		PMTUDisc:                c.IPVS.PMTUDisc,
		Forward:                 c.Network.Forward,
		AnswerRate:              c.Network.AnswerRate,
	}
	for i, port := range c.IPVS.FTPPorts {
		s.FTPPorts[i] = uint16(port) // conf holds number and range
	}
	return s
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
	for i := range c.Ports {
		for _, gateway := range c.Ports[i].Gateways() {
			everything, _ := gateway.Prefix(0)
			add(everything, gateway)
		}
	}
	return routes
}

// VIPs returns the virtual addresses of c: those of its services, those listed, and the single ones that marks are given for. Whole networks
// of them are not among them.
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
	for _, p := range c.Network.VIPs {
		if p.IsSingleIP() {
			add(p.Addr())
		}
	}
	for _, m := range c.Marks {
		if m.Destination.IsSingleIP() {
			add(m.Destination.Addr())
		}
	}
	return vips
}

func (d *Director) addresses(c *conf.Config, reals []service.Real) *address.Set {
	var entries []address.Entry
	for _, p := range d.Ports {
		entries = append(entries, address.Entry{Addr: wire.LinkLocal(p.MAC), Kind: address.Own})
	}
	for _, p := range c.Ports {
		for _, a := range p.Addresses {
			own := flow.FromNetip(a.Addr())
			entries = append(entries, address.Entry{Addr: own, Kind: address.Own})
			if a.Addr().Is4() && a.Bits() < 31 {
				host := ^flow.MaskOf(a.Bits(), true).Lo
				entries = append(entries, address.Entry{Addr: flow.Addr{Lo: own.Lo | host}, Kind: address.Broadcast})
			}
		}
	}
	for _, a := range VIPs(c) {
		entries = append(entries, address.Entry{Addr: flow.FromNetip(a), Kind: address.VIP})
	}
	for i := range reals {
		if !reals[i].Addr.IsZero() && reals[i].Forward == service.NAT {
			entries = append(entries, address.Entry{Addr: reals[i].Addr, Kind: address.Real})
		}
	}
	for i := range c.Services {
		for k, a := range c.Services[i].LocalAddresses {
			entries = append(entries, address.Entry{Addr: flow.FromNetip(a), Kind: address.Own | address.Local, Owner: uint8(k % len(d.Place.Workers))})
		}
	}
	return address.NewSet(entries, networks(c)...)
}

// networks returns the networks all of whose addresses are VIPs.
func networks(c *conf.Config) (all []address.Network) {
	for _, p := range c.Network.VIPs {
		if !p.IsSingleIP() {
			all = append(all, address.Network{Addr: flow.FromNetip(p.Addr()), Mask: flow.MaskOf(p.Bits(), p.Addr().Is4()), Kind: address.VIP})
		}
	}
	return all
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
