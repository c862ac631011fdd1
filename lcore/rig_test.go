package lcore

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cleat/lcore/address"
	"cleat/lcore/burst"
	"cleat/lcore/conn"
	"cleat/lcore/destination"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/memory"
	"cleat/lcore/nexthop"
	"cleat/lcore/schedule"
	"cleat/lcore/service"
	"cleat/lcore/wheel"
	"cleat/lcore/wire"
)

// The network of the tests: port 0 is outside (10.8.0.1/24), clients 172.16.0.0/12 are behind 10.8.0.2; port 1 is inside
// (10.9.0.1/24), real servers are 10.9.0.11, .12, .13. Neighbours are known; other addresses on the subnets are not. Over IPv6 it is the same:
// fd08::1/64, fd16::/16 behind fd08::2, fd09::1/64, fd09::11, ::12, ::13.
const (
	outside = 0
	inside  = 1
)

var (
	outsideMAC = [6]byte{2, 0, 0, 0, 8, 1}
	insideMAC  = [6]byte{2, 0, 0, 0, 9, 1}
	gatewayMAC = [6]byte{2, 0, 0, 0, 8, 2}
)

func serverMAC(n int) [6]byte { return [6]byte{2, 0, 0, 0, 9, byte(10 + n)} }

func addr(s string) flow.Addr { return flow.FromNetip(netip.MustParseAddr(s)) }

// rig is workers over ports in memory, with a clock that only the test moves.
type rig struct {
	t       testing.TB
	pool    *lcoretest.Pool
	ports   [2]*lcoretest.Port
	workers []*Worker
	now     time.Duration
	ahead   atomic.Int64 // of real time, while the workers run by themselves
	tables  Tables
	wishes  wishes
	memory  map[uint32][]*destination.Table // by service ID
	clients int                             // that picks has used so far
}

// wishes is the configuration of a rig, in few words.
type wishes struct {
	services []wish
	marks    []service.Rule
	settings Settings
	size     int // of the tables; 0: 1024
	wide     int // of those for IPv6 addresses; 0: size
	// templates is the size of their table; 0: size
	templates int
	workers   int // 0: 1
	scope     Scope
	handover  int // as Plan.Handover
	hops      []nexthop.Neighbor
}

// wish is a virtual service with real servers in the order of adding, "10.9.0.11:80 weight [upper lower [added]]"; " gone" behind that
// says that the server was removed, a word of methods how it is reached if not by NAT.
type wish struct {
	proto     uint8
	vip       string // "10.0.0.1:80"; "" for a mark
	mark      uint32
	scheduler string // "": rr
	persist   time.Duration
	mask      int // 0: the whole address
	servers   []string
	flags     uint8
	onePacket bool
	engine    service.Engine
	spread    uint8
	locals    []string // of fullnat servers
	tell      service.ClientAddress
}

var kernel = Settings{Extend: 60 * wheel.Second, ConnReuseMode: 1, Forward: true, PMTUDisc: true}

// steerings are the same in all tries of a property, by number of workers.
var steerings = map[int]*flow.Steering{}

func newRig(t testing.TB, w wishes) *rig {
	r := &rig{t: t, pool: lcoretest.NewPool(t, 4096), now: time.Hour, wishes: w}
	n := max(w.workers, 1)
	for i := range r.ports {
		r.ports[i] = lcoretest.NewPort(r.pool, n)
		r.ports[i].Number = uint16(i)
	}
	r.tables = r.build(w)
	size := w.size
	if size == 0 {
		size = 1024
	}
	if steerings[n] == nil {
		steerings[n] = flow.NewSteering(n, 32, 64)
	}
	plans := make([]Plan, n)
	for i := range plans {
		plans[i] = Plan{
			Number: i, Workers: n, Pool: r.pool, Alloc: memory.Heap,
			Queues:      []burst.Queue{r.ports[outside].Queue(i), r.ports[inside].Queue(i)},
			Connections: size, Templates: cmp.Or(w.templates, size), Connections6: cmp.Or(w.wide, size), Templates6: cmp.Or(w.wide, size), Services: 64, Reals: 256, FullNAT: size,
			Seed: &flow.Seed{1, 2, 3, 4}, Steering: steerings[n], Scope: w.scope, Handover: w.handover,
			Clock: func() time.Duration { return r.now },
		}
	}
	var err error
	tables := r.tables // theirs never change
	if r.workers, err = NewWorkers(plans, &tables); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, w := range r.workers {
			w.Drain()
		}
		for i := range r.ports {
			r.ports[i].Take()
		}
	})
	return r
}

// methods are the words for forwarding methods in a wish's servers.
var methods = map[string]struct {
	forward service.Forward
	tunnel  service.TunnelOptions
}{
	"fullnat":     {service.FullNAT, service.TunnelOptions{}},
	"direct":      {service.Direct, service.TunnelOptions{}},
	"ipip":        {service.Tunnel, service.TunnelOptions{}},
	"gre":         {service.Tunnel, service.TunnelOptions{Type: service.GRE}},
	"gre+csum":    {service.Tunnel, service.TunnelOptions{Type: service.GRE, Checksum: service.Checksum}},
	"gue":         {service.Tunnel, service.TunnelOptions{Type: service.GUE, Port: 6080}},
	"gue+csum":    {service.Tunnel, service.TunnelOptions{Type: service.GUE, Port: 6080, Checksum: service.Checksum}},
	"gue+remcsum": {service.Tunnel, service.TunnelOptions{Type: service.GUE, Port: 6080, Checksum: service.RemoteChecksum}},
}

// build makes tables; servers keep their slot by the order in which all wishes name them.
func (r *rig) build(w wishes) Tables {
	var reals []service.Real
	var virtuals []*service.Virtual
	kinds := []address.Entry{
		{Addr: addr("10.8.0.1"), Kind: address.Own},
		{Addr: addr("10.9.0.1"), Kind: address.Own},
		{Addr: addr("10.8.0.255"), Kind: address.Broadcast},
		{Addr: addr("10.0.0.1"), Kind: address.VIP},
		{Addr: addr("fd08::1"), Kind: address.Own},
		{Addr: addr("fd09::1"), Kind: address.Own},
		{Addr: wire.LinkLocal(outsideMAC), Kind: address.Own},
		{Addr: wire.LinkLocal(insideMAC), Kind: address.Own},
		{Addr: addr("fd00::1"), Kind: address.VIP},
	}
	for id, s := range w.services {
		v := &service.Virtual{ID: uint32(id), Incarnation: uint32(id) + 1, Version: 1, Mark: s.mark, Proto: s.proto, Addr: flow.V4(0), Flags: s.flags, OnePacket: s.onePacket, Engine: s.engine, Spread: s.spread, ClientAddress: s.tell, Expiration: time.Hour, Destinations: r.remembers(uint32(id), max(w.workers, 1))}
		if s.vip != "" {
			ap := netip.MustParseAddrPort(s.vip)
			v.Addr, v.Port = flow.FromNetip(ap.Addr()), ap.Port()
			kinds = append(kinds, address.Entry{Addr: v.Addr, Kind: address.VIP})
		}
		for k, a := range s.locals {
			v.Locals = append(v.Locals, addr(a))
			kinds = append(kinds, address.Entry{Addr: addr(a), Kind: address.Own | address.Local, Owner: uint8(k % max(w.workers, 1))})
		}
		v.Timeout = wheel.Ticks(s.persist)
		six := strings.HasPrefix(s.vip+strings.Join(s.servers, ""), "[")
		if s.mask == 0 {
			s.mask = 32
			if six {
				s.mask = 128
			}
		}
		v.Mask = flow.MaskOf(s.mask, !six)
		if six && s.mark != 0 {
			v.Addr = flow.Addr{}
		}
		name := s.scheduler
		if name == "" {
			name = "rr"
		}
		v.Scheduler, _ = schedule.ByName(name)
		for _, text := range s.servers {
			rs := service.Real{Slot: uint32(len(reals)), Added: uint64(len(reals) + 1), Identity: uint32(len(reals)), Virtual: v.ID, Available: true, Weight: 1}
			var where string
			fmt.Sscan(text, &where, &rs.Weight, &rs.Upper, &rs.Lower, &rs.Added)
			ap := netip.MustParseAddrPort(where)
			rs.Addr, rs.Port, rs.LastWeight = flow.FromNetip(ap.Addr()), ap.Port(), rs.Weight
			for _, word := range strings.Fields(text) {
				if via, ok := methods[word]; ok {
					rs.Forward, rs.Tunnel = via.forward, via.tunnel
				}
			}
			if strings.Contains(text, "gone") {
				rs.Available = false
			} else {
				v.Reals = append([]service.Real{rs}, v.Reals...)
			}
			reals = append(reals, rs)
			if rs.Forward == service.NAT {
				kinds = append(kinds, address.Entry{Addr: rs.Addr, Kind: address.Real})
			}
		}
		slices.SortFunc(v.Reals, func(a, b service.Real) int { return cmp.Compare(b.Added, a.Added) })
		schedule.Build(v)
		virtuals = append(virtuals, v)
	}
	return Tables{
		Generation: 1, Services: service.NewTable(virtuals, reals, w.marks), Addresses: address.NewSet(kinds),
		Hops: nexthop.New(testPorts(), testRoutes(), append(testNeighbors(), w.hops...)), Timeouts: conn.DefaultTimeouts(), Settings: w.settings,
	}
}

// remembers returns what the workers remember of destinations: the same as long as the rig lives.
func (r *rig) remembers(service uint32, workers int) []*destination.Table {
	if r.memory == nil {
		r.memory = map[uint32][]*destination.Table{}
	}
	if r.memory[service] == nil {
		r.memory[service] = make([]*destination.Table, workers)
	}
	return r.memory[service]
}

func testPorts() []nexthop.Port {
	return []nexthop.Port{
		{MAC: outsideMAC, MTU: 1500, Subnets: []nexthop.Subnet{{Own: addr("10.8.0.1"), Bits: 24}, {Own: addr("fd08::1"), Bits: 64}}},
		{MAC: insideMAC, MTU: 1500, Subnets: []nexthop.Subnet{{Own: addr("10.9.0.1"), Bits: 24}, {Own: addr("fd09::1"), Bits: 64}}},
	}
}

func testRoutes() []nexthop.Route {
	return []nexthop.Route{
		{Dst: addr("172.16.0.0"), Bits: 12, Via: addr("10.8.0.2"), Port: outside},
		{Dst: addr("fd16::"), Bits: 16, Via: addr("fd08::2"), Port: outside},
	}
}

func testNeighbors() []nexthop.Neighbor {
	all := []nexthop.Neighbor{
		{Port: outside, Addr: addr("10.8.0.2"), MAC: gatewayMAC}, {Port: outside, Addr: addr("fd08::2"), MAC: gatewayMAC},
	}
	for n := 1; n <= 3; n++ {
		all = append(all, nexthop.Neighbor{Port: inside, Addr: addr(fmt.Sprintf("10.9.0.%d", 10+n)), MAC: serverMAC(n)},
			nexthop.Neighbor{Port: inside, Addr: addr(fmt.Sprintf("fd09::1%d", n)), MAC: serverMAC(n)})
	}
	return all
}

// change publishes new wishes: services and servers keep their numbers as long as they keep their places.
func (r *rig) change(w wishes) {
	generation := r.tables.Generation
	r.wishes, r.tables = w, r.build(w)
	r.tables.Generation = generation + 1
	for _, v := range r.tables.Services.Virtuals() {
		v.Version = uint32(generation) + 1
		r.tables.Changed = append(r.tables.Changed, v.ID)
	}
	t := r.tables
	for _, w := range r.workers {
		w.Adopt(&t)
		w.between(1)
	}
}

// turn runs every worker until nothing is left to do.
func (r *rig) turn() {
	for again := true; again; {
		again = false
		for _, w := range r.workers {
			n := w.Turn()
			w.between(n)
			again = again || n != 0
		}
	}
}

// pass lets time pass, in steps, so that timers run out in order.
func (r *rig) pass(d time.Duration) {
	for end := r.now + d; r.now < end; {
		r.now = min(r.now+100*time.Millisecond, end)
		r.turn()
	}
}

// send puts frames on a port's queue and lets the workers take them; what leaves the other ports is described.
func (r *rig) send(port int, frames ...[]byte) []string {
	r.ports[port].Inject(0, frames...)
	r.turn()
	return r.sent()
}

// sent describes what has left, outside first: "0: …", "1: …".
func (r *rig) sent() []string {
	var all []string
	for i := range r.ports {
		for _, f := range r.ports[i].Sent() {
			all = append(all, fmt.Sprintf("%d: %s", i, lcoretest.Describe(f)))
		}
	}
	return all
}

func (r *rig) counters() Counters {
	var sum Counters
	for _, w := range r.workers {
		w.publish()
		c := w.Counters()
		for i, n := range c.words() {
			sum.words()[i] += n
		}
	}
	return sum
}

// conserve fails the test if a packet is in no counter.
func (r *rig) conserve() {
	r.t.Helper()
	for i, w := range r.workers {
		w.publish()
		c := w.Counters()
		if n := c.Unaccounted(); n != 0 {
			r.t.Errorf("worker %d: %d packets unaccounted: %+v", i, n, c)
		}
	}
}

// fromClient is a TCP segment from a client to a VIP; fromServer one back, as the director receives them.
func fromClient(client, vip, flags string, opts ...lcoretest.Option) []byte {
	opts = append([]lcoretest.Option{lcoretest.Link(gatewayMAC, outsideMAC)}, opts...)
	return lcoretest.TCP(netip.MustParseAddrPort(client), netip.MustParseAddrPort(vip), flags, opts...)
}

func fromServer(n int, server, client, flags string, opts ...lcoretest.Option) []byte {
	opts = append([]lcoretest.Option{lcoretest.Link(serverMAC(n), insideMAC)}, opts...)
	return lcoretest.TCP(netip.MustParseAddrPort(server), netip.MustParseAddrPort(client), flags, opts...)
}
