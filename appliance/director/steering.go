package director

import (
	"cleat/appliance/ladder"
	"cleat/conf"
	"cleat/lcore"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
)

// side is whose address is the client's in what comes in by a port; why says so of Neither.
type side struct {
	field ladder.Field
	why   string
}

// sides tells those of all ports, by c: behind a port are clients, or NAT servers that answer them. Where both are, or what FULLNAT servers answer
// to is not the client, neither address always is.
func (d *Director) sides(c *conf.Config) []side {
	sides := make([]side, len(d.Ports))
	clients, servers, locals := make([]bool, len(d.Ports)), make([]bool, len(d.Ports)), make([]bool, len(d.Ports))
	hops := d.Hops(c, nil)
	for i := range c.Services {
		for j := range c.Services[i].Servers {
			s := &c.Services[i].Servers[j]
			hop, result := hops.Lookup(flow.FromNetip(s.Address.Addr()))
			if result == nexthop.NoRoute {
				continue
			}
			servers[hop.Port] = servers[hop.Port] || s.Forward == "nat"
			locals[hop.Port] = locals[hop.Port] || s.Forward == "fullnat"
		}
	}
	vips := VIPs(c)
	for i, p := range d.Ports {
		pc := portConf(c, p.Name)
		clients[i] = len(pc.Gateways()) > 0 || !servers[i]
		for _, subnet := range pc.Addresses {
			for _, vip := range vips {
				clients[i] = clients[i] || subnet.Contains(vip)
			}
		}
		switch {
		case locals[i]:
			sides[i].why = "FULLNAT servers behind the port answer to local addresses, not to clients"
		case servers[i] && clients[i]:
			sides[i].why = "clients and NAT servers are behind the same port"
		case servers[i]:
			sides[i].field = ladder.Destination
		default:
			sides[i].field = ladder.Source
		}
	}
	return sides
}

// makeSteering decides which worker a client belongs to.
func (d *Director) makeSteering(c *conf.Config) {
	n := &c.Network
	d.steering = flow.NewSteering(len(d.Place.Workers), n.SteeringPrefix4, n.SteeringPrefix6)
	key, queues := d.steering.Key(), d.steering.Indirection()
	d.rungs = &ladder.Steering{
		Workers: len(d.Place.Workers), Key: key[:], Queues: queues[:], Prefix4: n.SteeringPrefix4, Prefix6: n.SteeringPrefix6,
	}
}

// Steer has started ports steer as c asks for; those of which c asks what was asked before are left alone.
func (d *Director) Steer(c *conf.Config) {
	for i, s := range d.sides(c) {
		p := d.Ports[i]
		if p.side != nil && *p.side == s {
			continue
		}
		p.side = &s
		p.Steering.Climb(s.field, s.why)
		d.tellSteering(p)
	}
}

func (d *Director) tellSteering(p *Port) {
	d.log.Info("port steering", "port", p.Name, "steering", p.Steering.String(), "reason", p.Steering.Reason(), "cost", p.Steering.Cost())
}

// Judge looks at what workers have found out about ports in question, and reports whether they should compare something else now.
func (d *Director) Judge() (changed bool) {
	for i, p := range d.Ports {
		was := p.Steering.String()
		if p.Steering.Judge(d.Arrival(i)) {
			changed = true
		}
		if p.Steering.String() != was {
			d.tellSteering(p)
		}
	}
	return changed
}

// Arrival is what all workers together have found out about a port.
func (d *Director) Arrival(port int) (sum lcore.Arrival) {
	for _, w := range d.Workers {
		sum.Add(w.Arrival(port))
	}
	return sum
}

// Probes is what workers should compare, nil if nothing.
func (d *Director) Probes() (probes []lcore.Probe) {
	asked := false
	for _, p := range d.Ports {
		probe := p.Steering.Probe()
		probes = append(probes, probe)
		asked = asked || probe.Families != [2]bool{}
	}
	if !asked {
		return nil
	}
	return probes
}
