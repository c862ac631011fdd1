package manage

import (
	"context"
	"math/bits"
	"net/netip"
	"slices"

	"cleat/appliance/api"
	"cleat/appliance/stat"
	"cleat/lcore/flow"
)

// Heavy lists the client networks that are much of some worker's load, the heaviest first, limit at most.
func (l *Loop) Heavy(ctx context.Context, limit uint64) ([]api.HeavyClient, error) {
	workers := l.d.Workers
	loads := make([]stat.Load, len(workers))
	for i, w := range workers {
		var err error
		if loads[i].Packets, loads[i].Connections, err = w.Heavy(); err != nil {
			return nil, err
		}
	}
	networks := stat.Networks(loads, func(client flow.Addr) netip.Prefix { return network(workers[0].Steering, client) })
	var all []api.HeavyClient
	for _, n := range networks[:min(uint64(len(networks)), limit)] {
		row := n.HeavyClient
		servers, err := l.servers(ctx, n.Askers)
		if err != nil {
			return nil, err
		}
		row.Servers = servers
		all = append(all, row)
	}
	return all, nil
}

// network is the part of a client's address that picks its worker.
func network(s *flow.Steering, client flow.Addr) netip.Prefix {
	mask := s.Mask(client.Is4())
	length := bits.OnesCount64(mask.Hi) + bits.OnesCount64(mask.Lo)
	if client.Is4() {
		length = bits.OnesCount32(mask.Uint32())
	}
	return netip.PrefixFrom(client.And(mask).Netip(), length)
}

// serversShown is how many templates are looked at for each client.
const serversShown = 256

// servers are those that the clients' templates name, each once.
func (l *Loop) servers(ctx context.Context, askers []stat.Asker) ([]string, error) {
	reals := l.Tables().Services
	seen := []netip.AddrPort{}
	for _, a := range askers {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		slots := make([]uint32, serversShown)
		n, err := l.d.Workers[a.Worker].Servers(a.Client, slots)
		if err != nil {
			return nil, err
		}
		for _, slot := range slots[:n] {
			r := reals.Real(slot)
			seen = append(seen, endpoint(r.Addr, r.Port))
		}
	}
	slices.SortFunc(seen, netip.AddrPort.Compare)
	names := []string{}
	for _, s := range slices.Compact(seen) {
		names = append(names, s.String())
	}
	return names, nil
}
