package gen

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Load is what a generator offers: whose traffic, of which kind. How much of it a second is the trial's.
type Load struct {
	// Targets are the services: "10.0.0.1:80", "[fd00::1]:80". Flows take turns.
	Targets []string `toml:"targets" json:"targets"`
	Proto   string   `toml:"proto" json:"proto"` // tcp or udp
	// Unit is what the rate counts: "packets", questions of flows that are open already, or "connections", from the SYN to the last ACK (of UDP:
	// from the first datagram to the last answer).
	Unit string `toml:"unit" json:"unit"`

	// Clients are the networks of the clients. Of an IPv6 network shorter than /64 each client has a /64 of its own.
	Clients []string `toml:"clients" json:"clients"`
	// Returning is how many clients come back again and again: the first ones of Clients. 0: all, at most MaxReturning.
	Returning int `toml:"returning" json:"returning"`
	// New is the part of flows, 0…1, that come from clients behind the returning ones, each in its turn.
	New float64 `toml:"new" json:"new"`
	// Zipf is the exponent by which flows are shared out among returning clients, the first one most; 0: evenly.
	Zipf float64 `toml:"zipf" json:"zipf"`
	// Ports are the first and the last one that clients use.
	Ports [2]uint16 `toml:"ports" json:"ports"`

	// Flows is how many there are at a time, at least one for each returning client. A flow whose turn comes again while it waits for an answer has
	// lost it.
	Flows int `toml:"flows" json:"flows"`
	// Requests is how many questions with data a flow asks before it ends and the next one, from another port, takes its place; 0 (of
	// packets only): without end.
	Requests int `toml:"requests" json:"requests"`
	// Sizes are the lengths of the frames with data, FCS included: see ParseSizes.
	Sizes string `toml:"sizes" json:"sizes"`

	// Flood is the number of SYNs a second from forged sources, anywhere in FloodFrom, besides the rate.
	Flood     float64  `toml:"flood" json:"flood"`
	FloodFrom []string `toml:"flood_from" json:"flood_from"`

	// Persistence is the timeout of the service's templates: a client that is given another server within that time after its last flow began is
	// an affinity violation. 0: none is counted. Netmask and Netmask6 are how much of the address counts as the client.
	Persistence time.Duration `toml:"persistence" json:"persistence"`
	Netmask     int           `toml:"netmask" json:"netmask"`
	Netmask6    int           `toml:"netmask6" json:"netmask6"`

	// Slack is how late something may be sent; what is later is not sent at all, and counted.
	Slack time.Duration `toml:"slack" json:"slack"`
}

// MaxReturning is how many clients may come back; MaxFlows how many flows there may be at a time, 48 bytes each.
const (
	MaxReturning = 1 << 20
	MaxFlows     = 1 << 24
)

// DefaultLoad returns what a Load is where nothing else is said.
func DefaultLoad() Load {
	return Load{
		Proto: "tcp", Unit: "packets", Clients: []string{"100.64.0.0/16"}, Ports: [2]uint16{1024, 65535}, Flows: 65536,
		Sizes: "64", FloodFrom: []string{"198.18.0.0/15"}, Persistence: 5 * time.Minute, Netmask: 32, Netmask6: 128, Slack: time.Millisecond,
	}
}

// plan is a Load that was found right.
type plan struct {
	*Load
	targets []netip.AddrPort
	clients *clients // those of Clients
	forged  *clients // those of FloodFrom
	sizes   Sizes
	tcp     bool
	session bool // the unit is connections
}

// Check says which key is wrong, and what would be right.
func (l *Load) Check() error {
	_, err := l.check()
	return err
}

// check returns what l means, or an error that says which key is wrong, and what would be right.
func (l *Load) check() (*plan, error) {
	copied := *l
	p := &plan{Load: &copied, tcp: l.Proto == "tcp", session: l.Unit == "connections"}
	if err := errors.Join(l.checkWords(), l.checkNumbers()); err != nil {
		return nil, err
	}
	for _, text := range l.Targets {
		t, err := netip.ParseAddrPort(text)
		if err != nil || t.Port() == 0 {
			return nil, fmt.Errorf("targets: %q: must be an address and a port, like 10.0.0.1:80", text)
		}
		p.targets = append(p.targets, netip.AddrPortFrom(t.Addr().Unmap(), t.Port()))
	}
	var err error
	if p.clients, err = newClients("clients", l.Clients, l.Netmask, l.Netmask6); err != nil {
		return nil, err
	}
	if p.forged, err = newClients("flood_from", l.FloodFrom, 32, 128); err != nil {
		return nil, err
	}
	if p.sizes, err = ParseSizes(l.Sizes); err != nil {
		return nil, fmt.Errorf("sizes: %w", err)
	}
	return p, p.checkTogether()
}

func (l *Load) checkWords() error {
	switch {
	case l.Proto != "tcp" && l.Proto != "udp":
		return fmt.Errorf("proto: %q: must be tcp or udp", l.Proto)
	case l.Unit != "packets" && l.Unit != "connections":
		return fmt.Errorf("unit: %q: must be packets or connections", l.Unit)
	case len(l.Targets) == 0:
		return errors.New("targets: none: name at least one service, like 10.0.0.1:80")
	case len(l.Clients) == 0:
		return errors.New("clients: none: name at least one network, like 100.64.0.0/16")
	}
	return nil
}

func (l *Load) checkNumbers() error {
	switch {
	case l.New < 0 || l.New > 1:
		return fmt.Errorf("new: %v: must be 0 to 1", l.New)
	case l.Zipf < 0 || l.Zipf > 3:
		return fmt.Errorf("zipf: %v: must be 0 (evenly) to 3", l.Zipf)
	case l.Returning < 0 || l.Returning > MaxReturning:
		return fmt.Errorf("returning: %d: must be 0 (all) to %d", l.Returning, MaxReturning)
	case l.Ports[0] == 0 || l.Ports[1] < l.Ports[0]:
		return fmt.Errorf("ports: %d to %d: must be from 1 to 65535, the first not above the last", l.Ports[0], l.Ports[1])
	case l.Flows < 1 || l.Flows > MaxFlows:
		return fmt.Errorf("flows: %d: must be 1 to %d", l.Flows, MaxFlows)
	case l.Requests < 0 || l.Requests > 1<<20:
		return fmt.Errorf("requests: %d: must be 0 to %d", l.Requests, 1<<20)
	case l.Unit == "connections" && l.Requests == 0:
		return errors.New("requests: 0: a connection that is to end asks at least 1")
	case l.New > 0 && l.Requests == 0:
		return errors.New("requests: 0: flows without end leave no room for new clients: must be at least 1")
	case l.Flood < 0:
		return fmt.Errorf("flood: %v: must not be less than 0", l.Flood)
	case l.Persistence < 0:
		return fmt.Errorf("persistence: %v: must not be less than 0", l.Persistence)
	case l.Slack <= 0:
		return fmt.Errorf("slack: %v: must be more than 0", l.Slack)
	}
	return nil
}

// checkTogether looks at what must fit together.
func (p *plan) checkTogether() error {
	returning := p.Returning
	if returning == 0 {
		returning = min(p.clients.count, MaxReturning, p.Flows)
		if p.New > 0 {
			returning = min(returning, max(p.clients.count/2, 1))
		}
		p.Returning = returning
	}
	switch behind := p.clients.count - returning; {
	case behind < 0:
		return fmt.Errorf("returning: %d: clients have %d addresses only", returning, p.clients.count)
	case returning > p.Flows:
		return fmt.Errorf("flows: %d: must be at least one for each of %d returning clients", p.Flows, returning)
	case p.New > 0 && behind == 0:
		return fmt.Errorf("new: %v: all %d clients return: make clients larger, or returning less", p.New, returning)
	}
	if most := shares(p.Flows, returning, p.Zipf)[1]; most > p.portCount() {
		return fmt.Errorf("flows: %d: the first client would have %d at a time, but only %d ports", p.Flows, most, p.portCount())
	}
	if p.Flood > 0 && !p.tcp {
		return errors.New("flood: it is of SYNs: proto must be tcp")
	}
	six := false
	for _, v4 := range []bool{true, false} {
		has := func(t netip.AddrPort) bool { return t.Addr().Is4() == v4 }
		if n := count(p.targets, has); (n != 0) != p.clients.has(v4) {
			return fmt.Errorf("clients, targets: %s: must be in both or in neither", family(v4))
		}
		if p.Flood > 0 && p.forged.has(v4) && !p.clients.has(v4) {
			return fmt.Errorf("flood, flood_from: %s: there is no target of that family", family(v4))
		}
		six = six || !v4 && p.clients.has(v4)
	}
	if least := minSize(six); p.sizes.Least() < least {
		return fmt.Errorf("sizes: %d: a question over %s needs at least %d bytes, FCS included", p.sizes.Least(), family(!six), least)
	}
	return nil
}

// portCount is how many ports a client has.
func (p *plan) portCount() uint32 { return uint32(p.Ports[1]) - uint32(p.Ports[0]) + 1 }

func count[T any](all []T, is func(T) bool) (n int) {
	for _, one := range all {
		if is(one) {
			n++
		}
	}
	return n
}

func family(v4 bool) string {
	if v4 {
		return "IPv4"
	}
	return "IPv6"
}
