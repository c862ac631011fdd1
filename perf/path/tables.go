package path

import (
	"fmt"
	"net"
	"net/netip"
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

// The network of the measurements, on one port: clients behind a router, real servers on the link.
var (
	vip       = netip.MustParseAddrPort("192.0.2.10:80")
	outside   = netip.MustParsePrefix("10.8.0.1/24")
	inside    = netip.MustParsePrefix("10.9.0.1/24")
	router    = netip.MustParseAddr("10.8.0.2")
	ownMAC    = nexthop.MAC{2, 0, 0, 0, 0, 1}
	routerMAC = nexthop.MAC{2, 0, 0, 0, 8, 2}
)

const reals = 4

func realAddr(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 9, 0, byte(11 + n)}) }
func realMAC(n int) nexthop.MAC { return nexthop.MAC{2, 0, 0, 0, 9, byte(11 + n)} }
func own(p netip.Prefix) nexthop.Subnet {
	return nexthop.Subnet{Own: flow.FromNetip(p.Addr()), Bits: p.Bits()}
}

// shape is what clients send.
func shape(proto string, syn bool) *traffic.Shape {
	return &traffic.Shape{Proto: proto, SYN: syn, VIP: vip, Src: net.HardwareAddr(routerMAC[:]), Dst: net.HardwareAddr(ownMAC[:])}
}

// tables are what a worker reads: one PPC service with NAT real servers.
func (c *Case) tables() *lcore.Tables {
	v := &service.Virtual{
		Incarnation: 1, Version: 1, Proto: c.proto(), Addr: flow.FromNetip(vip.Addr()), Port: vip.Port(),
		Timeout: c.persistence(), Mask: flow.MaskOf(32, true),
	}
	kinds := []address.Entry{
		{Addr: v.Addr, Kind: address.VIP},
		{Addr: flow.FromNetip(outside.Addr()), Kind: address.Own},
		{Addr: flow.FromNetip(inside.Addr()), Kind: address.Own},
	}
	known := []nexthop.Neighbor{{Addr: flow.FromNetip(router), MAC: routerMAC}}
	all := make([]service.Real, reals)
	for n := range all {
		all[n] = service.Real{
			Slot: uint32(n), Added: uint64(n + 1), Addr: flow.FromNetip(realAddr(n)), Port: 8080,
			Forward: service.NAT, Available: true, Weight: 1,
		}
		v.Reals = append([]service.Real{all[n]}, v.Reals...) // newest first
		kinds = append(kinds, address.Entry{Addr: all[n].Addr, Kind: address.Real})
		known = append(known, nexthop.Neighbor{Addr: all[n].Addr, MAC: realMAC(n)})
	}
	v.Scheduler, _ = schedule.ByName("rr")
	schedule.Build(v)
	ports := []nexthop.Port{{MAC: ownMAC, MTU: 1500, Subnets: []nexthop.Subnet{own(outside), own(inside)}}}
	routes := []nexthop.Route{{Dst: flow.FromNetip(traffic.Clients.Addr()), Bits: traffic.Clients.Bits(), Via: flow.FromNetip(router)}}
	return &lcore.Tables{
		Generation: 1, Services: service.NewTable([]*service.Virtual{v}, all, nil), Addresses: address.NewSet(kinds),
		Hops: nexthop.New(ports, routes, known), Timeouts: c.timeouts(),
		Settings: lcore.Settings{Extend: 60 * wheel.Second, ConnReuseMode: 1, SloppyTCP: true, Forward: true},
	}
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
func answered(frame []byte) ([]byte, error) {
	for n := range reals {
		if mac := realMAC(n); nexthop.MAC(frame[:6]) == mac {
			return traffic.Answer(frame, mac[:], ownMAC[:]), nil
		}
	}
	return nil, fmt.Errorf("rehearsal: a frame went to %x, which is no real server", frame[:6])
}
