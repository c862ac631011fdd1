// Package intent keeps what is wanted in two layers: what the configuration file says, and above it what the operator has changed while cleatd
// runs. A reload replaces the file's layer only.
//
//  1. Command and SetSysctl change the operator's layer, judged as IPVS judges them (services.md S5).
//  2. merge puts the layers together: what the operator says of a thing goes before what the file says of it.
//  3. arrange brings services and servers into the order in which they came (scheduling.md G.1).
package intent

import (
	"maps"
	"net/netip"
	"slices"

	"cleat/appliance/registry"
	"cleat/conf"
)

// Intent is both layers and what comes of them. It is never changed: a change makes a new one.
type Intent struct {
	file     *conf.Config
	operator layer
	wanted   *conf.Config
}

// layer is what the operator has changed. Maps and what they hold are replaced, not changed, once they belong to an Intent.
type layer struct {
	services map[registry.Identity]service
	marks    *marks            // nil: the file's
	timeouts conf.Timeouts     // 0: the file's
	sysctls  map[string]string // by name
}

// service is what the operator has changed of a service.
type service struct {
	own     bool          // made by the operator: the file's, if there is one, does not count
	gone    bool          // deleted: so said of the file's
	options *conf.Service // servers do not count; nil: the file's
	servers map[netip.AddrPort]server
}

// server is what the operator has made of a real server.
type server struct {
	own  bool // added by the operator, whether or not the file has it
	gone bool // deleted: so said of the file's
	conf conf.Server
}

// New returns the intent of a file that nobody has changed anything of yet.
func New(file *conf.Config) *Intent { return (&Intent{}).with(file, layer{}) }

// File is what the configuration file says.
func (i *Intent) File() *conf.Config { return i.file }

// Config is what is wanted, in the order of its making: in every service the server that was added last stands last.
func (i *Intent) Config() *conf.Config { return i.wanted }

// TOML returns what is wanted as a file that can be loaded again. It is strict unless commands made what a strict file may not have.
func (i *Intent) TOML() string {
	text := i.wanted.TOML()
	if _, err := conf.Parse("running", []byte(text)); err == nil {
		return text
	}
	c := *i.wanted
	c.Strict = false
	return c.TOML()
}

// Reload puts another file under the operator's changes, or in their place (replace). What the operator said of services and servers that the new
// file lacks is forgotten with them; what the operator made stays.
func (i *Intent) Reload(file *conf.Config, replace bool) *Intent {
	if replace {
		return i.with(file, layer{})
	}
	operator := i.operator
	operator.services = maps.Clone(operator.services)
	for id, s := range operator.services {
		f := find(file.Services, id)
		if !s.own && f == nil {
			delete(operator.services, id)
			continue
		}
		s.servers = maps.Clone(s.servers)
		maps.DeleteFunc(s.servers, func(a netip.AddrPort, rs server) bool { return !rs.own && findServer(f, a) == nil })
		operator.services[id] = s
	}
	return i.with(file, operator)
}

// with returns the intent of a file and the operator's changes; what i has too keeps its place.
func (i *Intent) with(file *conf.Config, operator layer) *Intent {
	c := *file
	c.Services = operator.merge(file.Services)
	if i.wanted != nil {
		c.Services = i.arrange(c.Services)
	}
	c.Marks = operator.marks.merge(file.Marks)
	override(&c.Timeouts.TCP, operator.timeouts.TCP)
	override(&c.Timeouts.TCPFin, operator.timeouts.TCPFin)
	override(&c.Timeouts.UDP, operator.timeouts.UDP)
	for name, text := range operator.sysctls {
		if s, ok := sysctl(name); ok {
			_ = s.Set(&c.IPVS, text) // SetSysctl has tried it
		}
	}
	return &Intent{file, operator, &c}
}

func override(d *conf.Duration, by conf.Duration) {
	if by != 0 {
		*d = by
	}
}

// merge returns the services that there are to be. Those of the operator's come in any order: but for one at most they have a place already.
func (l *layer) merge(file []conf.Service) []conf.Service {
	var all []conf.Service
	for n := range file {
		f := &file[n]
		if s := l.services[registry.IdentityOf(f)]; !s.own && !s.gone {
			all = append(all, s.merge(f))
		}
	}
	for _, s := range l.services {
		if s.own {
			all = append(all, s.merge(&conf.Service{}))
		}
	}
	return all
}

// merge returns the service that there is to be where the file has f.
func (s *service) merge(f *conf.Service) conf.Service {
	out := *f
	if s.options != nil {
		out = *s.options
	}
	if !s.own { // commands cannot say these
		out.LocalAddresses, out.ClientAddress = f.LocalAddresses, f.ClientAddress
	}
	out.Servers = nil
	for _, rs := range f.Servers {
		switch change, changed := s.servers[rs.Address]; {
		case !changed:
			out.Servers = append(out.Servers, rs)
		case !change.gone && !change.own:
			out.Servers = append(out.Servers, change.conf)
		}
	}
	for _, rs := range s.servers {
		if rs.own {
			out.Servers = append(out.Servers, rs.conf)
		}
	}
	return out
}

// arrange returns services, and their servers, in the order of those that were wanted before.
func (i *Intent) arrange(services []conf.Service) []conf.Service {
	before := make(map[registry.Identity]*conf.Service, len(i.wanted.Services))
	for n := range i.wanted.Services {
		s := &i.wanted.Services[n]
		before[registry.IdentityOf(s)] = s
	}
	for n := range services {
		s := &services[n]
		if b := before[registry.IdentityOf(s)]; b != nil {
			s.Servers = settle(b.Servers, s.Servers, func(rs *conf.Server) netip.AddrPort { return rs.Address })
		}
	}
	return settle(i.wanted.Services, services, registry.IdentityOf)
}

// settle returns wanted in the order of before; what was not there stands last, in its own order.
func settle[T any, K comparable](before, wanted []T, key func(*T) K) []T {
	left := make(map[K]*T, len(wanted))
	for n := range wanted {
		left[key(&wanted[n])] = &wanted[n]
	}
	all := make([]T, 0, len(wanted))
	take := func(k K) {
		if t := left[k]; t != nil {
			all = append(all, *t)
			delete(left, k)
		}
	}
	for n := range before {
		take(key(&before[n]))
	}
	for n := range wanted {
		take(key(&wanted[n]))
	}
	return all
}

// find returns the service of that identity, nil if there is none.
func find(services []conf.Service, id registry.Identity) *conf.Service {
	for i := range services {
		if registry.IdentityOf(&services[i]) == id {
			return &services[i]
		}
	}
	return nil
}

// findServer returns the real server of s at an address, nil if there is none or no s.
func findServer(s *conf.Service, a netip.AddrPort) *conf.Server {
	if s == nil {
		return nil
	}
	if i := slices.IndexFunc(s.Servers, func(rs conf.Server) bool { return rs.Address == a }); i >= 0 {
		return &s.Servers[i]
	}
	return nil
}
