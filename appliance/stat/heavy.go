package stat

import (
	"cmp"
	"net/netip"
	"slices"

	"cleat/appliance/api"
	"cleat/lcore/flow"
	"cleat/lcore/heavy"
)

// Load is what one worker knows of its clients (lcore.Worker.Heavy).
type Load struct{ Packets, Connections heavy.Meter }

// Network is a client network that is much of some worker's load, without its servers.
type Network struct {
	api.HeavyClient
	// Askers are the clients of it that connections were asked for by, each at the worker that decided and has their templates.
	Askers []Asker
}

// Asker is a client at a worker.
type Asker struct {
	Worker int
	Client flow.Addr
}

// least is the share from which on a network is listed: of less, a worker knows nothing for certain.
const least = 1.0 / heavy.Size

// Networks puts together what all workers know, the heaviest first. prefix is the network of a client.
func Networks(loads []Load, prefix func(flow.Addr) netip.Prefix) []Network {
	byPrefix := map[netip.Prefix]*Network{}
	of := func(client flow.Addr, worker int) *Network {
		p := prefix(client)
		n := byPrefix[p]
		if n == nil {
			n = &Network{HeavyClient: api.HeavyClient{Client: text(p), Worker: worker}}
			byPrefix[p] = n
		}
		return n
	}
	for i := range loads { // before all connections: a network's worker is the one with its packets
		m := &loads[i].Packets
		for _, c := range m.Counters() {
			n := of(c.Client, i)
			n.Packets += m.Rate(c.AtLeast())
			n.PacketShare = max(n.PacketShare, m.Share(c.AtLeast()))
		}
	}
	for i := range loads {
		m := &loads[i].Connections
		shares := map[*Network]float64{}
		for _, c := range m.Counters() {
			n := of(c.Client, i)
			n.Connections += m.Rate(c.AtLeast())
			shares[n] += m.Share(c.AtLeast())
			n.Askers = append(n.Askers, Asker{i, c.Client})
			if c.Heavy {
				n.Heavy = append(n.Heavy, c.Client.Netip().String())
			}
		}
		for n, share := range shares {
			n.ConnectionShare = max(n.ConnectionShare, min(share, 1))
		}
	}
	var all []Network
	for _, n := range byPrefix {
		if n.weight() >= least {
			slices.Sort(n.Heavy)
			n.Heavy = slices.Compact(n.Heavy) // several workers may decide on one client's connections
			all = append(all, *n)
		}
	}
	slices.SortFunc(all, func(a, b Network) int {
		return cmp.Or(cmp.Compare(b.weight(), a.weight()), cmp.Compare(a.Client, b.Client))
	})
	return all
}

// weight is the greater one of a network's shares.
func (n *Network) weight() float64 { return max(n.PacketShare, n.ConnectionShare) }

// text leaves out the length of a prefix that is one address.
func text(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
