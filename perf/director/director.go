// Package director is a director in this process: one worker of the data path as cleatd runs it, with one service for each target of a
// Load, between a generator and a reflector.
//
//	generator ── port 0 ── worker ── port 1 ── reflector
//	    └───────────── answers of DR and TUN ──────┘
//
// Everything about the network is fixed, and everybody's link address is known; the generator is the clients' router.
package director

import (
	"fmt"
	"net/netip"
	"time"

	"cleat/cgo/steady"
	"cleat/lcore"
	"cleat/lcore/address"
	"cleat/lcore/burst"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/memory"
	"cleat/lcore/nexthop"
	"cleat/lcore/schedule"
	"cleat/lcore/service"
	"cleat/lcore/wheel"
	"cleat/lcore/wire"

	"cleat/perf/gen"
	"cleat/perf/host"
	"cleat/perf/reflect"
)

// Setup says what the director does.
type Setup struct {
	// Load is what it will get: its targets become services, its clients are routed to the generator.
	Load *gen.Load
	// Servers is how many real servers each service has, 1 to MaxServers.
	Servers int
	// Forward is nat, dr or tun (ipip).
	Forward string
	// Scheduler is one of IPVS'.
	Scheduler string
	// Persistence is the templates' timeout, 0: no persistence; netmasks are the Load's.
	Persistence time.Duration
	// Connections is the capacity of the tables, of connections and of templates.
	Connections int
	// Closed is how long a connection that has ended is kept; 0: two minutes, as in IPVS, so that tables hold 120 times what is opened in a second.
	Closed time.Duration
}

// MaxServers is how many real servers fit on their subnet.
const MaxServers = 200

// Numbers of the worker's ports.
const (
	Outside = 0 // to the generator
	Inside  = 1 // to the reflector
)

var (
	outsideMAC = wire.MAC{2, 0, 0, 0, 8, 1}
	insideMAC  = wire.MAC{2, 0, 0, 0, 9, 1}
	routerMAC  = wire.MAC{2, 0, 0, 0, 8, 2}
	serverMAC  = wire.MAC{2, 0, 0, 0, 9, 11} // of server 0

	outside = [2]netip.Prefix{netip.MustParsePrefix("10.8.0.1/24"), netip.MustParsePrefix("fd08::1/64")}
	inside  = [2]netip.Prefix{netip.MustParsePrefix("10.9.0.1/24"), netip.MustParsePrefix("fd09::1/64")}
	router  = [2]netip.Addr{netip.MustParseAddr("10.8.0.2"), netip.MustParseAddr("fd08::2")}
	first   = [2]netip.Addr{netip.MustParseAddr("10.9.0.11"), netip.MustParseAddr("fd09::11")} // of the servers
)

var forwards = map[string]service.Forward{"nat": service.NAT, "dr": service.Direct, "tun": service.Tunnel}

// natPort is where servers listen that are reached by NAT.
const natPort = 8080

// Check says what is wrong with s.
func (s *Setup) Check() error {
	if _, ok := forwards[s.Forward]; !ok {
		return fmt.Errorf("forward: %q: must be nat, dr or tun", s.Forward)
	}
	if _, ok := schedule.ByName(s.Scheduler); !ok {
		return fmt.Errorf("scheduler: %q: must be one of %v", s.Scheduler, schedule.Names())
	}
	if s.Servers < 1 || s.Servers > MaxServers {
		return fmt.Errorf("servers: %d: must be 1 to %d", s.Servers, MaxServers)
	}
	if s.Connections < 1 {
		return fmt.Errorf("connections: %d: must be at least 1", s.Connections)
	}
	if s.Closed < 0 {
		return fmt.Errorf("closed: %v: must not be less than 0", s.Closed)
	}
	return nil
}

// Direct reports whether answers pass the director by, so that generator and reflector need a cable between them.
func (s *Setup) Direct() bool { return s.Forward != "nat" }

// New makes the worker. queues are its own on Outside and Inside.
func (s *Setup) New(queues [2]burst.Queue, pool burst.Pool, alloc memory.Alloc, clock func() time.Duration) (*lcore.Worker, error) {
	tables, err := s.tables()
	if err != nil {
		return nil, err
	}
	seed := flow.NewSeed()
	n := len(s.Load.Targets)
	workers, err := lcore.NewWorkers([]lcore.Plan{{
		Workers: 1, Queues: queues[:], Pool: pool, Alloc: alloc,
		Connections: s.Connections, Templates: s.Connections, Connections6: s.Connections, Templates6: s.Connections,
		Services: n, Reals: n * s.Servers, Seed: &seed, Steering: flow.NewSteering(1, 32, 64), Clock: clock, Pause: steady.Pause,
	}}, tables)
	if err != nil {
		return nil, err
	}
	return workers[0], nil
}

// Link is the generator's place.
func (s *Setup) Link() gen.Link {
	l := gen.Link{MAC: routerMAC}
	for family := range router {
		l.Addrs = append(l.Addrs, flow.FromNetip(router[family]))
		l.Next[family] = host.Next{MAC: outsideMAC}
	}
	return l
}

// Reflector is what the real servers are. Its queue 0 is the one to the director, 1 the one to the generator.
func (s *Setup) Reflector() *reflect.Config {
	c := &reflect.Config{MAC: serverMAC, Router: host.Next{MAC: routerMAC}}
	for family := range first {
		for a, n := first[family], 0; n < s.Servers; a, n = a.Next(), n+1 {
			c.Servers = append(c.Servers, reflect.Server{Addr: flow.FromNetip(a)})
		}
	}
	if s.Direct() {
		c.Direct = 1
		for _, t := range s.Load.Targets {
			if target, err := netip.ParseAddrPort(t); err == nil { // tables has said it if not
				c.VIPs = append(c.VIPs, flow.FromNetip(target.Addr()))
			}
		}
	}
	return c
}

// macOf is that of server n of a family, as the reflector counts them.
func (s *Setup) macOf(family, n int) wire.MAC {
	m := serverMAC
	last := int(m[4])<<8 + int(m[5]) + family*s.Servers + n
	m[4], m[5] = byte(last>>8), byte(last)
	return m
}

// tables are what the worker reads.
func (s *Setup) tables() (*lcore.Tables, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	var all []*service.Virtual
	var reals []service.Real
	var kinds []address.Entry
	for i, text := range s.Load.Targets {
		target, err := netip.ParseAddrPort(text)
		if err != nil {
			return nil, fmt.Errorf("targets: %q: must be an address and a port, like 10.0.0.1:80", text)
		}
		v := s.virtual(i, target)
		for n := range s.Servers {
			rs := s.real(v, n, target, len(reals))
			reals = append(reals, rs)
			v.Reals = append([]service.Real{rs}, v.Reals...) // newest first
			if rs.Forward == service.NAT {
				kinds = append(kinds, address.Entry{Addr: rs.Addr, Kind: address.Real})
			}
		}
		schedule.Build(v)
		all = append(all, v)
		kinds = append(kinds, address.Entry{Addr: v.Addr, Kind: address.VIP})
	}
	for family := range outside {
		kinds = append(kinds, address.Entry{Addr: flow.FromNetip(outside[family].Addr()), Kind: address.Own},
			address.Entry{Addr: flow.FromNetip(inside[family].Addr()), Kind: address.Own})
	}
	hops, err := s.hops()
	return &lcore.Tables{
		Generation: 1, Services: service.NewTable(all, reals, nil), Addresses: address.NewSet(kinds), Hops: hops,
		Timeouts: s.timeouts(), Settings: lcore.Settings{Extend: 60 * wheel.Second, ConnReuseMode: 1, Forward: true},
	}, err
}

func (s *Setup) timeouts() conn.Timeouts {
	t := conn.DefaultTimeouts()
	if s.Closed != 0 {
		for _, state := range []conn.State{conn.FinWait, conn.TimeWait, conn.Close, conn.LastAck} {
			t[state] = wheel.Ticks(s.Closed)
		}
	}
	return t
}

func (s *Setup) virtual(id int, target netip.AddrPort) *service.Virtual {
	v := &service.Virtual{
		ID: uint32(id), Incarnation: uint32(id) + 1, Version: 1, Proto: flow.TCP, Addr: flow.FromNetip(target.Addr()), Port: target.Port(),
		Timeout: wheel.Ticks(s.Persistence), Mask: flow.MaskOf(s.Load.Netmask6, false),
	}
	if target.Addr().Is4() {
		v.Mask = flow.MaskOf(s.Load.Netmask, true)
	}
	if s.Load.Proto == "udp" {
		v.Proto = flow.UDP
	}
	v.Scheduler, _ = schedule.ByName(s.Scheduler)
	return v
}

func (s *Setup) real(v *service.Virtual, n int, target netip.AddrPort, slot int) service.Real {
	rs := service.Real{
		Slot: uint32(slot), Added: uint64(slot + 1), Identity: uint32(slot), Virtual: v.ID, Port: v.Port,
		Addr: flow.FromNetip(serverAddr(familyOf(target.Addr()), n)), Forward: forwards[s.Forward], Available: true, Weight: 1,
	}
	if rs.Forward == service.NAT {
		rs.Port = natPort + uint16(v.ID)
	}
	return rs
}

func familyOf(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

func serverAddr(family, n int) netip.Addr {
	a := first[family]
	for range n {
		a = a.Next()
	}
	return a
}

// hops are subnets, routes to the clients, and everybody's link address.
func (s *Setup) hops() (*nexthop.Table, error) {
	var routes []nexthop.Route
	for _, text := range append(append([]string(nil), s.Load.Clients...), s.Load.FloodFrom...) {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("clients: %q: must be a network, like 100.64.0.0/16", text)
		}
		routes = append(routes, nexthop.Route{Dst: flow.FromNetip(p.Masked().Addr()), Bits: p.Bits(), Via: flow.FromNetip(router[familyOf(p.Addr())]), Port: Outside})
	}
	ports := []nexthop.Port{{MAC: outsideMAC, MTU: 1500}, {MAC: insideMAC, MTU: 1500}}
	var known []nexthop.Neighbor
	for family := range outside {
		for i, p := range []netip.Prefix{outside[family], inside[family]} {
			ports[i].Subnets = append(ports[i].Subnets, nexthop.Subnet{Own: flow.FromNetip(p.Addr()), Bits: p.Bits()})
		}
		known = append(known, nexthop.Neighbor{Port: Outside, Addr: flow.FromNetip(router[family]), MAC: nexthop.MAC(routerMAC)})
		for n := range s.Servers {
			known = append(known, nexthop.Neighbor{Port: Inside, Addr: flow.FromNetip(serverAddr(family, n)), MAC: nexthop.MAC(s.macOf(family, n))})
		}
	}
	return nexthop.New(ports, routes, known), nil
}
