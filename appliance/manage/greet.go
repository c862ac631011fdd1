package manage

import (
	"net/netip"
	"slices"
	"time"

	"cleat/appliance/director"
	"cleat/conf"
	"cleat/lcore/answer"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
)

// greeting is an address that is to be announced, by gratuitous ARP or an unsolicited neighbour advertisement.
type greeting struct {
	port  uint16
	addr  flow.Addr
	left  int
	after time.Time
}

const (
	greetTimes = 3
	greetEvery = time.Second
)

// greet announces the addresses of the configuration in force that before, if there was one, did not have: own ones, local ones and VIPs, on the
// port in whose subnet they lie. VIPs in no subnet are routed to us and need no announcement.
func (l *Loop) greet(before *conf.Config) {
	old := map[netip.Addr]bool{}
	if before != nil {
		for _, a := range announced(before) {
			old[a] = true
		}
	}
	ports := l.tables.Load().Hops.Ports()
	wanted := announced(l.conf)
	l.greetings = slices.DeleteFunc(l.greetings, func(g greeting) bool { return !slices.Contains(wanted, g.addr.Netip()) })
	for _, a := range wanted {
		addr := flow.FromNetip(a)
		if port, ok := nexthop.OnLink(ports, addr); ok && !old[a] {
			l.greetings = append(l.greetings, greeting{port: port, addr: addr, left: greetTimes})
		}
	}
	l.announce(time.Now())
}

func announced(c *conf.Config) []netip.Addr {
	all := director.VIPs(c)
	for i := range c.Services {
		all = append(all, c.Services[i].LocalAddresses...)
	}
	for _, p := range c.Ports {
		for _, a := range p.Addresses {
			all = append(all, a.Addr())
		}
	}
	return all
}

// announce sends the announcements that are due. They wait for the link: what is sent before is lost.
func (l *Loop) announce(now time.Time) {
	ports := l.tables.Load().Hops.Ports()
	kept := l.greetings[:0]
	for _, g := range l.greetings {
		if !now.Before(g.after) && l.d.Ports[g.port].Up() && l.inject(g.port, announcement(ports[g.port].MAC, g.addr)) {
			g.left--
			g.after = now.Add(greetEvery)
		}
		if g.left > 0 {
			kept = append(kept, g)
		}
	}
	l.greetings = kept
}

// announcement is a frame that tells everybody on the link that addr is at mac.
func announcement(mac nexthop.MAC, addr flow.Addr) []byte {
	if addr.Is4() {
		return answer.AppendARPAnnouncement(nil, mac, addr.Uint32())
	}
	return answer.AppendAnnouncement(nil, mac, addr)
}
