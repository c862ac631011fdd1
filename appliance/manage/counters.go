package manage

import (
	"cleat/appliance/api"
	"cleat/appliance/director"
	"cleat/appliance/estimate"
	"cleat/appliance/registry"
	"cleat/lcore"
)

// account is what there is to say of the packets of a service or a real server. The workers' counters belong to a number and only grow, but numbers are
// used again.
type account struct {
	base      api.Counters // what had been counted when the number got its present owner
	estimator *estimate.Estimator
}

func newAccount(counted api.Counters) *account {
	return &account{base: counted, estimator: estimate.New(counted)}
}

// statistics are the accounts of all services and real servers, and one of all services that ever were.
type statistics struct {
	counted
	reals    map[uint32]*account // by slot
	virtuals map[uint32]*account // by service ID
	all      *estimate.Estimator
	services uint32 // number of IDs
}

// counted is what all workers have counted under a number.
type counted interface {
	real(slot uint32) lcore.RealCounters
	virtual(id uint32) lcore.VirtualCounters
}

func (s *statistics) init(c counted, r *registry.Registry, services int) {
	*s = statistics{
		counted: c, services: uint32(services),
		reals: map[uint32]*account{}, virtuals: map[uint32]*account{}, all: estimate.New(api.Counters{}),
	}
	r.FreshServer = s.freshServer
	r.FreshService = func(id uint32) { s.virtuals[id] = newAccount(api.Counters(s.virtual(id))) }
}

// freshServer begins a server's account. That of one that has returned to a service made anew is only zeroed, so that what it did since the
// last look before it went still shows (connections.md C13.3; oracle b20).
func (s *statistics) freshServer(slot uint32, returned bool) {
	counted := ofReal(s.real(slot))
	if returned {
		s.reals[slot].base = counted
		s.reals[slot].estimator.Zero()
		return
	}
	s.reals[slot] = newAccount(counted)
}

// byWorkers sums up what the workers have counted.
type byWorkers struct{ d *director.Director }

func (b byWorkers) real(slot uint32) (sum lcore.RealCounters) {
	for _, w := range b.d.Workers {
		sum.Add(w.Real(slot))
	}
	return sum
}

func (b byWorkers) virtual(id uint32) (sum lcore.VirtualCounters) {
	for _, w := range b.d.Workers {
		sum.Add(w.Virtual(id))
	}
	return sum
}

func ofReal(c lcore.RealCounters) api.Counters {
	return api.Counters{
		Connections: c.Connections, InPackets: c.InPackets, OutPackets: c.OutPackets, InBytes: c.InBytes, OutBytes: c.OutBytes,
	}
}

// total returns what all workers have counted of all services, removed ones included: numbers get new owners, but never start anew.
func (s *statistics) total() (sum api.Counters) {
	for id := range s.services {
		sum = sum.Plus(api.Counters(s.virtual(id)))
	}
	return sum
}

// estimate brings rates, and what ipvsadm shows of counters, up to date. Of removed servers they stay what they are (connections.md C13).
func (s *statistics) estimate(r *registry.Registry) {
	for _, v := range r.Virtuals() {
		s.virtuals[v.ID].estimator.Look(api.Counters(s.virtual(v.ID)))
		for _, slot := range r.Slots(v) {
			s.reals[slot].estimator.Look(ofReal(s.real(slot)))
		}
	}
	s.all.Look(s.total())
}

// zero starts the statistics of a service and its servers at 0, or those of everything if v is nil (ipvsadm -Z).
func (s *statistics) zero(r *registry.Registry, v *registry.Virtual) {
	zeroed := []*registry.Virtual{v}
	if v == nil {
		zeroed = r.Virtuals()
		s.all.Zero()
	}
	for _, v := range zeroed {
		s.virtuals[v.ID].estimator.Zero()
		for _, slot := range r.Slots(v) {
			s.reals[slot].estimator.Zero()
		}
	}
}

// tellService fills in what has been counted of a service.
func (s *statistics) tellService(id uint32, to *api.Service) {
	a := s.virtuals[id]
	to.Counters, to.Stats, to.Rates = api.Counters(s.virtual(id)).Minus(a.base), a.estimator.Stats(), a.estimator.Rates()
}

// tellServer fills in what has been counted of a real server.
func (s *statistics) tellServer(slot uint32, to *api.Server) {
	a, c := s.reals[slot], s.real(slot)
	to.Active, to.Inactive, to.Persistent = int64(c.Active), int64(c.Inactive), int64(c.Templates)
	to.Overloaded = c.Overloaded != 0
	to.Counters, to.Stats, to.Rates = ofReal(c).Minus(a.base), a.estimator.Stats(), a.estimator.Rates()
}

// tellAll fills in what has been counted of all services.
func (s *statistics) tellAll(to *api.IPVS) {
	to.Counters, to.Stats, to.Rates = s.total(), s.all.Stats(), s.all.Rates()
}
