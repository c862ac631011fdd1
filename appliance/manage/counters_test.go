package manage

import (
	"net/netip"
	"testing"
	"time"

	"cleat/appliance/api"
	"cleat/appliance/registry"
	"cleat/conf"
	"cleat/lcore"
)

// meters are counters that a test moves.
type meters struct {
	reals    map[uint32]lcore.RealCounters
	virtuals map[uint32]lcore.VirtualCounters
}

func (m *meters) real(slot uint32) lcore.RealCounters     { return m.reals[slot] }
func (m *meters) virtual(id uint32) lcore.VirtualCounters { return m.virtuals[id] }

// connect counts a connection to a service's only server.
func (m *meters) connect(r *registry.Registry, v *registry.Virtual) {
	slot := r.Slots(v)[0]
	m.reals[slot] = lcore.RealCounters{Connections: m.reals[slot].Connections + 1, Active: 1}
	m.virtuals[v.ID] = lcore.VirtualCounters{Connections: m.virtuals[v.ID].Connections + 1}
}

func services(ports ...uint16) *conf.Config {
	c := conf.Default()
	for _, port := range ports {
		c.Services = append(c.Services, conf.Service{
			TCP: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), port), Scheduler: "rr",
			Servers: []conf.Server{{Address: netip.AddrPortFrom(netip.MustParseAddr("10.9.0.11"), port), Forward: "nat", Weight: 1}},
		})
	}
	return c
}

// TestStatistics tells the story of two services: what ipvsadm shows of them, of their servers and of everything.
func TestStatistics(t *testing.T) {
	m := &meters{reals: map[uint32]lcore.RealCounters{}, virtuals: map[uint32]lcore.VirtualCounters{}}
	r := registry.New(4, 4, 1)
	var s statistics
	s.init(m, r, 4)
	apply := func(ports ...uint16) func() {
		return func() {
			if _, err := r.Apply(services(ports...), time.Time{}.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	connect := func(service int) func() { return func() { m.connect(r, r.Virtuals()[service]) } }
	zero := func(service int) func() { return func() { s.zero(r, r.Virtuals()[service]) } }
	for i, step := range []struct {
		do         func()
		first, all uint64 // connections: of the first service and its server, of everything
	}{
		{apply(80, 443), 0, 0},
		{connect(0), 0, 0}, // not looked at yet
		{connect(1), 0, 0},
		{func() { s.estimate(r) }, 1, 2},
		{zero(0), 0, 2},
		{connect(0), 0, 2},
		{func() { s.estimate(r) }, 1, 3},
		{func() { s.zero(r, nil) }, 0, 0},
		{connect(1), 0, 0},
		{apply(80), 0, 0},                // what the removed service counted
		{func() { s.estimate(r) }, 0, 1}, // stays in the sum
	} {
		step.do()
		var service api.Service
		var server api.Server
		var all api.IPVS
		s.tellService(r.Virtuals()[0].ID, &service)
		s.tellServer(r.Slots(r.Virtuals()[0])[0], &server)
		s.tellAll(&all)
		if service.Stats.Connections != step.first || server.Stats.Connections != step.first || all.Stats.Connections != step.all {
			t.Errorf("step %d: service %d, server %d, want %d; all %d, want %d", i,
				service.Stats.Connections, server.Stats.Connections, step.first, all.Stats.Connections, step.all)
		}
		if want := m.virtuals[r.Virtuals()[0].ID].Connections; service.Counters.Connections != want || server.Counters.Connections != want {
			t.Errorf("step %d: counters %d and %d, want %d: they only grow", i, service.Counters.Connections, server.Counters.Connections, want)
		}
	}
}

// TestReturnedServer: a server that returns to a service made anew shows what it did between the last look and its removal; the service does not (oracle
// b20: 5 connections of the service, 7 of its servers).
func TestReturnedServer(t *testing.T) {
	m := &meters{reals: map[uint32]lcore.RealCounters{}, virtuals: map[uint32]lcore.VirtualCounters{}}
	r := registry.New(4, 4, 1)
	var s statistics
	s.init(m, r, 4)
	alone := services(80)
	alone.Services[0].Servers = nil
	for _, c := range []*conf.Config{services(80), services(), alone, services(80)} { // the service comes back before its server, as ipvsadm has it
		if _, err := r.Apply(c, time.Time{}.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if len(c.Services) > 0 && len(c.Services[0].Servers) > 0 {
			m.connect(r, r.Virtuals()[0])
		}
	}
	s.estimate(r)
	var service api.Service
	var server api.Server
	s.tellService(r.Virtuals()[0].ID, &service)
	s.tellServer(r.Slots(r.Virtuals()[0])[0], &server)
	if service.Stats.Connections != 1 || server.Stats.Connections != 2 {
		t.Errorf("service %d, server %d, want 1 and 2", service.Stats.Connections, server.Stats.Connections)
	}
}
