package path

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cleat/lcore"
	"cleat/lcore/address"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/schedule"
	"cleat/lcore/service"
	"cleat/lcore/wheel"

	"cleat/perf/traffic"
)

// The network of the measurements, on one port: clients behind a router, real servers on the link. Every address and prefix is there twice, for both families.
var (
	firstVIP  = [2]netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("fd00:10::10")}
	outside   = [2]netip.Prefix{netip.MustParsePrefix("10.8.0.1/24"), netip.MustParsePrefix("fd00:8::1/64")}
	inside    = [2]netip.Prefix{netip.MustParsePrefix("10.9.0.1/16"), netip.MustParsePrefix("fd00:9::1/64")}
	firstReal = [2]netip.Addr{netip.MustParseAddr("10.9.1.0"), netip.MustParseAddr("fd00:9::1:0")}
	router    = [2]netip.Addr{netip.MustParseAddr("10.8.0.2"), netip.MustParseAddr("fd00:8::2")}
	clients   = [2]netip.Prefix{traffic.Clients, traffic.Clients6}
	ownMAC    = nexthop.MAC{2, 0, 0, 0, 0, 1}
	routerMAC = nexthop.MAC{2, 0, 0, 0, 8, 2}
)

const (
	vipPort  = 80
	realPort = 8080
)

// mark is what marks.
const mark = 1

// after is the n-th address behind a.
func after(a netip.Addr, n int) netip.Addr {
	b := a.As16()
	low := b[12:]
	binary.BigEndian.PutUint32(low, binary.BigEndian.Uint32(low)+uint32(n))
	return netip.AddrFrom16(b).Unmap()
}

func realMAC(n int) nexthop.MAC {
	return nexthop.MAC{2, 0, 0, 9, byte(n >> 8), byte(n)}
}

// family is the index of the case's addresses.
func (c *Case) family() int {
	if c.IPv6 {
		return 1
	}
	return 0
}

// services and reals are how many there are, reals of all services together.
func (c *Case) services() int { return max(c.Services, 1) }
func (c *Case) reals() int    { return c.services() * cmp.Or(c.Servers, 4) }

// writers make what clients send: one for each service and length of frames.
func (c *Case) writers() (all []*traffic.Writer, err error) {
	lengths := c.Lengths
	if lengths == nil {
		lengths = []int{0}
	}
	for n := range c.services() {
		for _, length := range lengths {
			w, err := traffic.NewWriter(&traffic.Shape{
				Proto: c.Proto, SYN: c.Live != 0, VIP: netip.AddrPortFrom(after(firstVIP[c.family()], n), vipPort),
				Src: routerMAC[:], Dst: ownMAC[:], Len: length,
			})
			if err != nil {
				return nil, err
			}
			all = append(all, w)
		}
	}
	return all, nil
}

// tables are what a worker reads: PPC services, or those of a firewall mark, with their real servers.
func (c *Case) tables() *lcore.Tables {
	f := c.family()
	kinds := []address.Entry{
		{Addr: flow.FromNetip(outside[f].Addr()), Kind: address.Own},
		{Addr: flow.FromNetip(inside[f].Addr()), Kind: address.Own},
	}
	known := []nexthop.Neighbor{{Addr: flow.FromNetip(router[f]), MAC: routerMAC}}
	all := make([]service.Real, c.reals())
	for n := range all {
		addr := flow.FromNetip(after(firstReal[f], n))
		all[n] = service.Real{
			Slot: uint32(n), Added: uint64(n + 1), Virtual: uint32(n % c.services()), Addr: addr, Port: c.serverPort(),
			Forward: c.Forward, Available: true, Weight: 1,
		}
		if c.Forward.Returns() {
			kinds = append(kinds, address.Entry{Addr: addr, Kind: address.Real})
		}
		known = append(known, nexthop.Neighbor{Addr: addr, MAC: realMAC(n)})
	}
	virtuals := make([]*service.Virtual, c.services())
	for n := range virtuals {
		vip := flow.FromNetip(after(firstVIP[f], n))
		kinds = append(kinds, address.Entry{Addr: vip, Kind: address.VIP})
		virtuals[n] = c.virtual(n, vip, all)
	}
	own := func(p netip.Prefix) nexthop.Subnet {
		return nexthop.Subnet{Own: flow.FromNetip(p.Addr()), Bits: p.Bits()}
	}
	ports := []nexthop.Port{{MAC: ownMAC, MTU: 1500, Subnets: []nexthop.Subnet{own(outside[f]), own(inside[f])}}}
	routes := []nexthop.Route{{Dst: flow.FromNetip(clients[f].Addr()), Bits: clients[f].Bits(), Via: flow.FromNetip(router[f])}}
	return &lcore.Tables{
		Generation: 1, Services: service.NewTable(virtuals, all, c.rules()), Addresses: address.NewSet(kinds),
		Hops: nexthop.New(ports, routes, known), Timeouts: c.timeouts(),
		Settings: lcore.Settings{Extend: 60 * wheel.Second, ConnReuseMode: 1, SloppyTCP: true, Forward: true},
	}
}

// virtual is service n with its own of all real servers.
func (c *Case) virtual(n int, vip flow.Addr, all []service.Real) *service.Virtual {
	v := &service.Virtual{
		ID: uint32(n), Incarnation: 1, Version: 1, Proto: c.proto(), Addr: vip, Port: vipPort,
		Timeout: c.persistence(), Mask: flow.MaskOf(clientBits[c.family()], !c.IPv6),
	}
	if c.Mark {
		v.Mark, v.Proto, v.Port = mark, 0, 0
	}
	for _, r := range slices.Backward(all) { // newest first
		if r.Virtual == v.ID {
			v.Reals = append(v.Reals, r)
		}
	}
	v.Scheduler, _ = schedule.ByName("rr")
	schedule.Build(v)
	return v
}

// clientBits is the length of persistence's netmask.
var clientBits = [2]int{32, 128}

// serverPort: real servers behind NAT have a port of their own; all others get the packet's, as a firewall mark's do.
func (c *Case) serverPort() uint16 {
	switch {
	case c.Mark:
		return 0
	case c.Forward.Returns():
		return realPort
	}
	return vipPort
}

// rules mark what goes to the virtual address and port.
func (c *Case) rules() []service.Rule {
	if !c.Mark {
		return nil
	}
	vip := firstVIP[c.family()]
	return []service.Rule{{
		Mark: mark, Proto: c.proto(), Dst: flow.FromNetip(vip), DstMask: flow.MaskOf(vip.BitLen(), vip.Is4()),
		Ports: []service.PortRange{{First: vipPort, Last: vipPort}},
	}}
}

func (c *Case) proto() uint8 {
	if c.Proto == "udp" {
		return flow.UDP
	}
	return flow.TCP
}

// New connections live so many ticks of the worker's clock, which the case lets pass as packets come: interval is such that
// Live of them are there at a time. Templates outlive them a little, or they would be extended.
const (
	connectionTicks = 100
	templateTicks   = 120
)

// interval is the time on the worker's clock from one new connection to the next.
func (c *Case) interval() time.Duration {
	return wheel.Duration(connectionTicks) / time.Duration(c.Live)
}

func (c *Case) timeouts() conn.Timeouts {
	t := conn.DefaultTimeouts()
	if c.Live != 0 {
		t[conn.SynRecv] = connectionTicks
	}
	return t
}

func (c *Case) persistence() uint32 {
	if c.Live != 0 && c.Clients > c.Live {
		return templateTicks
	}
	return wheel.Ticks(300 * time.Second)
}

// answered turns what reached a real server into its answer.
func (c *Case) answered(frame []byte) ([]byte, error) {
	mac := nexthop.MAC(frame[:6])
	if n := int(mac[4])<<8 | int(mac[5]); n < c.reals() && mac == realMAC(n) {
		return traffic.Answer(frame, mac[:], ownMAC[:]), nil
	}
	return nil, fmt.Errorf("rehearsal: a frame went to %x, which is no real server", mac)
}
