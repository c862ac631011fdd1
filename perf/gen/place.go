package gen

import (
	"fmt"
	"net/netip"

	"cleat/lcore/flow"
	"cleat/lcore/wire"

	"cleat/perf/host"
)

// Place is where a generator is, as its user says it.
type Place struct {
	// MAC is the generator's; empty: the port's own.
	MAC string `toml:"mac" json:"mac,omitempty"`
	// Addresses are the generator's own, as the clients' router, one at most of each family: "10.8.0.2".
	Addresses []string `toml:"addresses" json:"addresses,omitempty"`
	// Via are the next hops of the targets, one at most of each family; without one, the first target is asked for itself. ViaMAC is the link
	// address of all of them; empty: they are asked.
	Via    []string `toml:"via" json:"via,omitempty"`
	ViaMAC string   `toml:"via_mac" json:"via_mac,omitempty"`
}

// Link is what the place means for a Load, on a port with that MAC address.
func (p *Place) Link(l *Load, port wire.MAC) (Link, error) {
	plan, err := l.check()
	if err != nil {
		return Link{}, err
	}
	link := Link{MAC: port}
	if link.MAC, err = macOr("mac", p.MAC, port); err != nil {
		return link, err
	}
	known, err := macOr("via_mac", p.ViaMAC, wire.MAC{})
	if err != nil {
		return link, err
	}
	own, err := eachFamily("addresses", p.Addresses)
	if err != nil {
		return link, err
	}
	via, err := eachFamily("via", p.Via)
	if err != nil {
		return link, err
	}
	for family, services := range targets(plan) {
		if own[family] != (flow.Addr{}) {
			link.Addrs = append(link.Addrs, own[family])
		}
		if len(services) == 0 {
			continue
		}
		next := &link.Next[family]
		*next = host.Next{Own: link.MAC, From: own[family], To: via[family], MAC: known}
		if next.To.IsZero() {
			next.To = services[0].addr
		}
		if next.From.IsZero() && !next.Known() {
			return link, fmt.Errorf("addresses: none for %s: the generator needs one to ask for the next hop %v, or via_mac", familyName(family), next.To.Netip())
		}
	}
	return link, nil
}

func familyName(f int) string { return family(f == four) }

// eachFamily reads at most one address of each.
func eachFamily(key string, texts []string) (all [2]flow.Addr, err error) {
	for _, text := range texts {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" || a.Is4In6() {
			return all, fmt.Errorf("%s: %q: must be an address, like 10.8.0.2", key, text)
		}
		f := six
		if a.Is4() {
			f = four
		}
		if !all[f].IsZero() {
			return all, fmt.Errorf("%s: %v: there is one of %s already: %v", key, a, familyName(f), all[f].Netip())
		}
		all[f] = flow.FromNetip(a)
	}
	return all, nil
}

func macOr(key, text string, otherwise wire.MAC) (wire.MAC, error) {
	if text == "" {
		return otherwise, nil
	}
	return host.ParseMAC(key, text)
}
