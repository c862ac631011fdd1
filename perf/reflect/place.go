package reflect

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"cleat/lcore/flow"

	"cleat/perf/host"
)

// Place is whom to play, as the user says it.
type Place struct {
	// Servers are the real servers: "10.9.0.11-14:80", "10.9.0.11", "[fd09::11-14]:80". Without a port they listen to all.
	Servers []string `toml:"servers" json:"servers"`
	// MAC is the first server's; the others count on from it. Empty: 02:00:00:00:09:0b.
	MAC string `toml:"mac" json:"mac,omitempty"`
	// VIPs are the services' addresses, for DR and TUN.
	VIPs []string `toml:"vips" json:"vips,omitempty"`
	// Router is the clients' router, which answers from a VIP go to; From is the address that asks for it; RouterMAC is its link
	// address, with which nobody has to ask. Direct is the number of the port that it is on.
	Router    string `toml:"router" json:"router,omitempty"`
	From      string `toml:"from" json:"from,omitempty"`
	RouterMAC string `toml:"router_mac" json:"router_mac,omitempty"`
	Direct    int    `toml:"direct" json:"direct,omitempty"`
}

// defaultMAC is server 0's.
const defaultMAC = "02:00:00:00:09:0b"

// Config is what the place means, on so many ports.
func (p *Place) Config(ports int) (*Config, error) {
	c := &Config{Direct: p.Direct}
	mac := p.MAC
	if mac == "" {
		mac = defaultMAC
	}
	var err error
	if c.MAC, err = host.ParseMAC("mac", mac); err != nil {
		return nil, err
	}
	for _, text := range p.Servers {
		some, err := ParseServers(text)
		if err != nil {
			return nil, fmt.Errorf("servers: %w", err)
		}
		c.Servers = append(c.Servers, some...)
	}
	switch {
	case len(c.Servers) == 0:
		return nil, errors.New("servers: none: name at least one, like 10.9.0.11:80")
	case len(c.Servers) > MaxServers:
		return nil, fmt.Errorf("servers: %d: must be at most %d", len(c.Servers), MaxServers)
	case p.Direct < 0 || p.Direct >= ports:
		return nil, fmt.Errorf("direct: %d: must be the number of a port, 0 to %d", p.Direct, ports-1)
	}
	for _, text := range p.VIPs {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("vips: %q: must be an address, like 10.0.0.1", text)
		}
		c.VIPs = append(c.VIPs, flow.FromNetip(a))
	}
	return c, p.route(c)
}

// MaxServers is how many a reflector plays.
const MaxServers = 1 << 12

// route sets the router.
func (p *Place) route(c *Config) error {
	if len(c.VIPs) == 0 {
		return nil
	}
	c.Router.Own = c.MAC
	if p.RouterMAC != "" {
		var err error
		c.Router.MAC, err = host.ParseMAC("router_mac", p.RouterMAC)
		return err
	}
	to, err := netip.ParseAddr(p.Router)
	from, fromErr := netip.ParseAddr(p.From)
	if err != nil || fromErr != nil || to.Is4() != from.Is4() {
		return fmt.Errorf("router %q, from %q: must be addresses of one family: answers from a VIP go to the router, and from asks for it; or name router_mac", p.Router, p.From)
	}
	c.Router.To, c.Router.From = flow.FromNetip(to), flow.FromNetip(from)
	return nil
}

// ParseServers reads "10.9.0.11-14:80", "10.9.0.11:80", "10.9.0.11", or those of IPv6, in brackets: "[fd09::11-1f]:80".
func ParseServers(text string) ([]Server, error) {
	mistake := fmt.Errorf("%q: must be an address, or the first one and the last number of the last one, and maybe a port: 10.9.0.11-14:80, [fd09::11-14]:80", text)
	addr, last, port, ok := split(text)
	a, err := netip.ParseAddr(addr)
	if !ok || err != nil {
		return nil, mistake
	}
	from, base := a.AsSlice()[a.BitLen()/8-1], 10
	if a.Is6() {
		base = 16
	}
	to := uint64(from)
	if last != "" {
		if to, err = strconv.ParseUint(last, base, 8); err != nil || to < uint64(from) {
			return nil, mistake
		}
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if port != "" && (err != nil || number == 0) {
		return nil, mistake
	}
	var all []Server
	for ; len(all) <= int(to-uint64(from)); a = a.Next() {
		all = append(all, Server{flow.FromNetip(a), uint16(number)})
	}
	return all, nil
}

// split cuts a text into its address, the end of the range and the port.
func split(text string) (addr, last, port string, ok bool) {
	addr = text
	if rest, bracket := strings.CutPrefix(text, "["); bracket {
		if addr, port, ok = strings.Cut(rest, "]"); !ok {
			return "", "", "", false
		}
		if port, ok = strings.CutPrefix(port, ":"); !ok && port != "" {
			return "", "", "", false
		}
	} else if strings.Count(text, ":") < 2 {
		addr, port, _ = strings.Cut(text, ":")
	}
	addr, last, _ = strings.Cut(addr, "-")
	return addr, last, port, true
}
