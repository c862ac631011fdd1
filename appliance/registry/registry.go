// Package registry keeps what the operator wants of services and real servers, under numbers that stay the same from one
// configuration to the next, and builds the tables that workers read from it.
package registry

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cleat/conf"
	"cleat/lcore/destination"
	"cleat/lcore/service"
)

// trashTime is how long a removed real server is kept at least (persistence.md P6.5).
const trashTime = 120 * time.Second

// Identity is what makes a virtual service the same one over changes (services.md S1.1).
type Identity struct {
	Proto   uint8
	Address netip.AddrPort
	Mark    uint32
	IPv6    bool // of a mark
}

// IdentityOf returns the identity of a configured service.
func IdentityOf(s *conf.Service) Identity {
	if a := s.Address(); a.IsValid() {
		return Identity{Proto: protocols[s.Protocol()], Address: a}
	}
	return Identity{Mark: s.Mark, IPv6: s.IPv6}
}

// serverIdentity names a real server's slot: it outlives the service (P6.5).
type serverIdentity struct {
	service Identity
	address netip.AddrPort
}

// Virtual is a service that the registry has numbered.
type Virtual struct {
	Conf conf.Service
	ID   uint32

	incarnation, version uint32
	made                 uint32               // times that the service was made
	servers              []*server            // newest first
	destinations         []*destination.Table // of this incarnation, by worker
	gone                 bool                 // removed; kept while slots of its servers are
	built                *service.Virtual     // that workers read last
}

// server is a real server's slot.
type server struct {
	id         serverIdentity
	conf       conf.Server
	slot       uint32
	identity   uint32
	added      uint64
	lastWeight int // last one that was not 0, or with which it was added
	virtual    *Virtual
	made       uint32    // the service's, when the server was added
	gone       time.Time // removed; zero: it is there
}

// Registry turns what the operator wants into service.Tables. It gives services and real servers their stable numbers, and keeps
// removed real servers until nothing names them any more. One goroutine uses it.
type Registry struct {
	virtuals   map[Identity]*Virtual
	servers    map[serverIdentity]*server
	order      []*Virtual // as in the configuration
	ids        numbers    // services' numbers
	slots      numbers    // real servers' numbers
	workers    int
	identities uint32 // of real servers so far
	added      uint64 // real servers so far, every return counted
	changes    uint32 // incarnations and versions so far
	// Removed is how many real servers were removed so far.
	Removed int
	// FreshService and FreshServer are called when what is counted under a number starts at 0: it has a new owner, or the service was made anew, to
	// which a server has returned then.
	FreshService func(id uint32)
	FreshServer  func(slot uint32, returned bool)
}

// New returns a registry with room for so many services and real servers, for that many workers.
func New(services, servers, workers int) *Registry {
	return &Registry{
		workers:  workers,
		virtuals: map[Identity]*Virtual{}, servers: map[serverIdentity]*server{},
		ids: numbers{limit: services}, slots: numbers{limit: servers},
		FreshService: func(uint32) {}, FreshServer: func(uint32, bool) {},
	}
}

// Apply makes the services of c the wanted ones and returns the IDs of those that changed. It refuses, and changes nothing, if
// the numbers run out; numbers of removed servers that are still named count.
func (r *Registry) Apply(c *conf.Config, now time.Time) (changed []uint32, err error) {
	if err := r.room(c); err != nil {
		return nil, err
	}
	wanted := map[Identity]bool{}
	r.order = r.order[:0]
	for i := range c.Services {
		id := IdentityOf(&c.Services[i])
		wanted[id] = true
		v, isChanged := r.put(id, &c.Services[i], now)
		r.order = append(r.order, v)
		if isChanged {
			changed = append(changed, v.ID)
		}
	}
	for id, v := range r.virtuals {
		if !wanted[id] && !v.gone {
			v.gone = true
			for _, s := range v.servers {
				s.gone = now
				r.Removed++
			}
			v.servers = nil
		}
	}
	return changed, nil
}

// room checks that there are numbers enough for what is new in c.
func (r *Registry) room(c *conf.Config) error {
	services, servers := 0, 0
	for i := range c.Services {
		id := IdentityOf(&c.Services[i])
		if r.virtuals[id] == nil {
			services++
		}
		for _, s := range c.Services[i].Servers {
			if r.servers[serverIdentity{id, s.Address}] == nil {
				servers++
			}
		}
	}
	if services > r.ids.left() {
		return fmt.Errorf("%d new services, but tables.services leaves room for %d (removed ones count while connections to them live)", services, r.ids.left())
	}
	if servers > r.slots.left() {
		return fmt.Errorf("%d new real servers, but tables.real_servers leaves room for %d (removed ones count while connections to them live, %v at least)",
			servers, r.slots.left(), trashTime)
	}
	return nil
}

// put makes service id what s says, and reports whether its schedulers have to know.
func (r *Registry) put(id Identity, s *conf.Service, now time.Time) (v *Virtual, changed bool) {
	v = r.virtuals[id]
	if v == nil {
		v = &Virtual{ID: r.ids.take(), gone: true}
		r.virtuals[id] = v
	}
	made := v.gone
	if made {
		v.made++
		r.FreshService(v.ID)
	}
	if made || v.Conf.Scheduler != s.Scheduler { // G.7
		v.incarnation = r.change()
		v.destinations = make([]*destination.Table, r.workers) // that lblc and lblcr fill when they are built
		changed = true
	}
	v.gone = false
	v.Conf = *s
	if r.putServers(id, v, s.Servers, now) || changed {
		v.version = r.change()
		changed = true
	}
	return v, changed
}

// putServers makes v's list what wanted says: edited servers keep their place, new ones go to the head one by one (G.1). Those that return are
// counted anew if the service was made anew in the meantime (connections.md C13.3).
func (r *Registry) putServers(id Identity, v *Virtual, wanted []conf.Server, now time.Time) (changed bool) {
	keep := map[netip.AddrPort]bool{}
	for i := range wanted {
		keep[wanted[i].Address] = true
	}
	v.servers = slices.DeleteFunc(v.servers, func(s *server) bool {
		if keep[s.conf.Address] {
			return false
		}
		s.gone, changed = now, true
		r.Removed++
		return true
	})
	for _, w := range wanted {
		s := r.servers[serverIdentity{id, w.Address}]
		if s != nil && s.gone.IsZero() {
			changed = changed || s.conf != w
			s.conf = w
			if w.Weight != 0 {
				s.lastWeight = w.Weight
			}
			continue
		}
		fresh := s == nil
		if fresh {
			r.identities++
			s = &server{id: serverIdentity{id, w.Address}, slot: r.slots.take(), identity: r.identities}
			r.servers[s.id] = s
		}
		if s.made != v.made {
			r.FreshServer(s.slot, !fresh)
		}
		r.added++
		s.conf, s.virtual, s.made, s.added, s.gone = w, v, v.made, r.added, time.Time{}
		s.lastWeight = w.Weight
		v.servers = slices.Insert(v.servers, 0, s)
		changed = true
	}
	return changed
}

func (r *Registry) change() uint32 { r.changes++; return r.changes }

// Reap frees the slots of servers that were removed long enough ago and that nothing names, and says whether there
// were any: the table is then to be made anew.
func (r *Registry) Reap(now time.Time, named func(slot uint32) bool) (reaped bool) {
	for id, s := range r.servers {
		if !s.gone.IsZero() && now.Sub(s.gone) >= trashTime && !named(s.slot) {
			delete(r.servers, id)
			r.slots.giveBack(s.slot)
			reaped = true
		}
	}
	for id, v := range r.virtuals {
		if v.gone && !r.hasServers(v) {
			delete(r.virtuals, id)
			r.ids.giveBack(v.ID)
			reaped = true
		}
	}
	return reaped
}

func (r *Registry) hasServers(v *Virtual) bool {
	for _, s := range r.servers {
		if s.virtual == v {
			return true
		}
	}
	return false
}

// Virtuals returns the services in the configuration's order.
func (r *Registry) Virtuals() []*Virtual { return r.order }

// Slots returns the slots of a service's servers in the order of its configuration.
func (r *Registry) Slots(v *Virtual) []uint32 {
	id := IdentityOf(&v.Conf)
	slots := make([]uint32, len(v.Conf.Servers))
	for i, s := range v.Conf.Servers {
		slots[i] = r.servers[serverIdentity{id, s.Address}].slot
	}
	return slots
}
