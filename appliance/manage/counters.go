package manage

import (
	"cleat/appliance/api"
	"cleat/appliance/director"
	"cleat/appliance/registry"
	"cleat/lcore"
)

// bases hold what the workers had counted under a number when it got a new owner: numbers are used again, counts are not.
type bases struct {
	d        *director.Director
	reals    map[uint32]lcore.RealCounters
	virtuals map[uint32]lcore.VirtualCounters
}

func (b *bases) init(d *director.Director, r *registry.Registry) {
	b.d, b.reals, b.virtuals = d, map[uint32]lcore.RealCounters{}, map[uint32]lcore.VirtualCounters{}
	r.FreshServer = func(slot uint32) { b.reals[slot] = b.rawReal(slot) }
	r.FreshService = func(id uint32) { b.virtuals[id] = b.rawVirtual(id) }
}

func (b *bases) rawReal(slot uint32) (sum lcore.RealCounters) {
	for _, w := range b.d.Workers {
		sum.Add(w.Real(slot))
	}
	return sum
}

func (b *bases) rawVirtual(id uint32) (sum lcore.VirtualCounters) {
	for _, w := range b.d.Workers {
		sum.Add(w.Virtual(id))
	}
	return sum
}

// virtual returns what all workers have counted of a service.
func (b *bases) virtual(id uint32) api.Counters {
	n, base := b.rawVirtual(id), b.virtuals[id]
	return api.Counters{
		Connections: n.Connections - base.Connections,
		InPackets:   n.InPackets - base.InPackets, OutPackets: n.OutPackets - base.OutPackets,
		InBytes: n.InBytes - base.InBytes, OutBytes: n.OutBytes - base.OutBytes,
	}
}

// real fills in what all workers have counted of a real server.
func (b *bases) real(slot uint32, s *api.Server) {
	n, base := b.rawReal(slot), b.reals[slot]
	s.Active, s.Inactive, s.Persistent = int64(n.Active), int64(n.Inactive), int64(n.Templates)
	s.Overloaded = n.Overloaded != 0
	s.Counters = api.Counters{
		Connections: n.Connections - base.Connections,
		InPackets:   n.InPackets - base.InPackets, OutPackets: n.OutPackets - base.OutPackets,
		InBytes: n.InBytes - base.InBytes, OutBytes: n.OutBytes - base.OutBytes,
	}
}
