package conf

import (
	"net/netip"
	"regexp"
	"strings"
)

func checkPortsThere(c checker) {
	if len(c.Ports) == 0 {
		c.errorf("port", "no ports are given").hint("one [[port]] for each, with name, device and addresses")
	}
}

var portName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)

func checkPortNames(c checker) {
	seen := firsts[string]{}
	for i, p := range c.Ports {
		path := at("port", i) + ".name"
		if p.Name == "" {
			c.errorf(path, "missing").hint(`name = "outside"`)
		} else if !portName.MatchString(p.Name) {
			c.errorf(path, "%q is not a name", p.Name).hint(`1…32 letters, digits, ".", "_" or "-": "outside"`)
		} else if first, found := seen.again(p.Name, path); found {
			c.errorf(path, "%q is the port of line %d too", p.Name, c.lines.find(first))
		}
	}
}

func checkPortDevices(c checker) {
	seen := firsts[string]{}
	for i, p := range c.Ports {
		path := at("port", i) + ".device"
		if p.Device == "" {
			c.errorf(path, "missing").hint(`a PCI address like "0000:03:00.0", or a virtual device like "net_af_packet0"`)
		} else if strings.ContainsAny(p.Device, ", \t\n") {
			c.errorf(path, "%q is not a device", p.Device).hint(`a PCI address like "0000:03:00.0", or a virtual device like "net_af_packet0"`)
		} else if first, found := seen.again(p.Device, path); found {
			c.errorf(path, "%q is the device of line %d too", p.Device, c.lines.find(first))
		} else if p.Vdev != "" && !strings.HasPrefix(p.Device, "net_") {
			c.errorf(path, "%q is not a virtual device, but vdev is given", p.Device).hint(`the driver's name and a number: "net_af_packet0"`)
		} else if !strings.ContainsAny(p.Device, ":._-") {
			c.warnf(path, "%q looks like an interface of the kernel, not a device of DPDK", p.Device).
				hint(`its PCI address, or device = "net_af_packet0" and vdev = "iface=%s"`, p.Device)
		} else if p.Vdev == "" && strings.HasPrefix(p.Device, "net_") && !strings.Contains(strings.Join(c.DPDK.EAL, " "), p.Device) {
			c.warnf(path, "%q is a virtual device that nothing makes", p.Device).hint(`vdev = "iface=veth0", or --vdev among dpdk.eal`)
		}
	}
}

func checkPortAddresses(c checker) {
	seen := firsts[netip.Addr]{}
	for i, p := range c.Ports {
		path := at("port", i) + ".addresses"
		if len(p.Addresses) == 0 {
			c.errorf(path, "no addresses are given").hint(`addresses = ["10.8.0.1/24"]`)
		}
		for j, a := range p.Addresses {
			if !a.IsValid() {
				continue
			}
			path := at(path, j)
			c.host(path, a.Addr())
			if notHost(a, a.Addr()) {
				c.errorf(path, "%s is the network or the broadcast address of its subnet", a)
			}
			if first, found := seen.again(a.Addr(), path); found {
				c.errorf(path, "%s is the address of line %d too", a.Addr(), c.lines.find(first))
			}
		}
	}
}

// subnet is one address of a port with its subnet.
type subnet struct {
	netip.Prefix
	path string
	port int
}

// subnets returns all subnets that the ports are in.
func subnets(ports []Port) (all []subnet) {
	for i, p := range ports {
		for j, a := range p.Addresses {
			if a.IsValid() {
				all = append(all, subnet{a, at(at("port", i)+".addresses", j), i})
			}
		}
	}
	return all
}

func checkPortSubnets(c checker) {
	for i, a := range c.subnets {
		for _, b := range c.subnets[:i] {
			if a.port != b.port && a.Overlaps(b.Prefix) {
				c.errorf(a.path, "%s overlaps %s of port %q, line %d", a, b, c.Ports[b.port].Name, c.lines.find(b.path)).
					hint("two ports need two subnets")
			}
		}
	}
}

// neighbor returns the port on one of whose subnets a is; ok is false if there is none.
func (c checker) neighbor(a netip.Addr) (port int, ok bool) {
	for _, s := range c.subnets {
		if s.Contains(a) {
			return s.port, true
		}
	}
	return 0, false
}

// own reports whether a is an address of the director itself.
func (c checker) own(a netip.Addr) bool {
	for _, s := range c.subnets {
		if s.Addr() == a {
			return true
		}
	}
	return false
}

// Gateways returns the port's default gateways, at most one of each family.
func (p *Port) Gateways() (all []netip.Addr) {
	for _, a := range []netip.Addr{p.Gateway, p.Gateway6} {
		if a.IsValid() {
			all = append(all, a)
		}
	}
	return all
}

func checkGateways(c checker) {
	first := firsts[bool]{}
	for i := range c.Ports {
		path := at("port", i)
		c.gateway(first, path+".gateway", i, c.Ports[i].Gateway, true)
		c.gateway(first, path+".gateway6", i, c.Ports[i].Gateway6, false)
	}
}

// gateway looks at a port's default gateway of IPv4 (v4) or IPv6; first remembers those of both families.
func (c checker) gateway(first firsts[bool], path string, port int, a netip.Addr, v4 bool) {
	if !a.IsValid() {
		return
	}
	if before, found := first.again(v4, path); found {
		c.errorf(path, "a second default gateway").hint("the first is on line %d; a [[network.route]] leads to single networks", c.lines.find(before))
	}
	if a.Is4() != v4 {
		c.errorf(path, "%s is of the other family", a).hint("gateway is for IPv4, gateway6 for IPv6")
	}
	if !c.sound(at("port", port) + ".addresses") {
		return
	}
	if on, ok := c.neighbor(a); !ok || on != port {
		c.errorf(path, "%s is on no subnet of port %q", a, c.Ports[port].Name)
	} else if c.own(a) {
		c.errorf(path, "%s is the director's own address", a)
	}
}
