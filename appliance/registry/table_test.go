package registry

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/conf"
	"cleat/lcore/destination"
	"cleat/lcore/flow"
	"cleat/lcore/schedule"
	"cleat/lcore/service"
)

func v4(s string) flow.Addr { return flow.FromNetip(netip.MustParseAddr(s)) }

// TestTable: what workers read of one configuration.
func TestTable(t *testing.T) {
	c := &conf.Config{
		Marks: []conf.Mark{{
			Mark: 7, Protocol: "tcp", Destination: netip.MustParsePrefix("10.0.0.0/24"), Source: netip.MustParsePrefix("172.16.0.0/12"),
			Ports: []conf.PortRange{{First: 80, Last: 81}},
		}},
		Services: []conf.Service{
			{
				TCP: netip.MustParseAddrPort("10.0.0.1:80"), Scheduler: "sh", Flags: []string{"sh-fallback", "sh-port"}, Persistent: 5 * time.Minute, Netmask: conf.PrefixMask(24), Spread: 4,
				Servers: []conf.Server{
					{Address: netip.MustParseAddrPort("10.9.0.11:8080"), Weight: 3, Upper: 100, Forward: "nat"},
					{Address: netip.MustParseAddrPort("10.9.0.12:8080"), Upper: 100, Lower: 10, Forward: "tun", TunnelType: "gue", TunnelPort: 6080, TunnelChecksum: "remcsum"},
				},
			},
			{Mark: 7, Scheduler: "wrr", Servers: []conf.Server{{Address: netip.MustParseAddrPort("10.9.0.11:0"), Weight: 2, Forward: "dr"}}},
		},
	}
	r := New(10, 10, 1)
	if _, err := r.Apply(c, time.Now()); err != nil {
		t.Fatal(err)
	}
	table, reals := r.Table(c)
	first := service.Real{Slot: 0, Added: 1, Identity: 1, Addr: v4("10.9.0.11"), Port: 8080, Available: true, Weight: 3, LastWeight: 3, Upper: 100, Lower: 75} // C9.1
	second := service.Real{Slot: 1, Added: 2, Identity: 2, Addr: v4("10.9.0.12"), Port: 8080, Available: true, Upper: 100, Lower: 10,
		Forward: service.Tunnel, Tunnel: service.TunnelOptions{Type: service.GUE, Port: 6080, Checksum: service.RemoteChecksum},
	}
	third := service.Real{Slot: 2, Added: 3, Identity: 3, Virtual: 1, Addr: v4("10.9.0.11"), Available: true, Weight: 2, LastWeight: 2, Forward: service.Direct}
	if diff := cmp.Diff([]service.Real{first, second, third}, reals); diff != "" {
		t.Errorf("real servers:\n%s", diff)
	}
	sh, _ := schedule.ByName("sh")
	wrr, _ := schedule.ByName("wrr")
	none := []*destination.Table{nil} // neither is lblc or lblcr
	want := []service.Virtual{
		{
			Incarnation: 1, Version: 2, Proto: flow.TCP, Port: 80, Addr: v4("10.0.0.1"), Scheduler: sh, Flags: service.Fallback | service.HashPort,
			Timeout: 75000, Mask: flow.MaskOf(24, true), Spread: 4, Balanced: true, Reals: []service.Real{second, first}, Destinations: none,
		},
		{ID: 1, Incarnation: 3, Version: 4, Mark: 7, Addr: flow.V4(0), Scheduler: wrr, Mask: flow.MaskOf(32, true), Spread: 1, Reals: []service.Real{third}, GCD: 2, MaxWeight: 2, Destinations: none},
	}
	for i, v := range table.Virtuals() {
		got := *v
		if i == 0 && len(got.Buckets) != 256 {
			t.Errorf("sh has %d buckets", len(got.Buckets))
		}
		got.Buckets = nil
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("service %d:\n%s", i, diff)
		}
	}
	verifyMarks(t, table)
}

func verifyMarks(t *testing.T, table *service.Table) {
	for _, c := range []struct {
		src, dst string
		port     uint16
		proto    uint8
		want     uint32
	}{
		{"172.16.3.4", "10.0.0.9", 80, flow.TCP, 7},
		{"172.16.3.4", "10.0.0.9", 81, flow.TCP, 7},
		{"172.16.3.4", "10.0.0.9", 82, flow.TCP, 0},
		{"172.16.3.4", "10.0.0.9", 80, flow.UDP, 0},
		{"172.16.3.4", "10.0.1.9", 80, flow.TCP, 0},
		{"10.1.1.1", "10.0.0.9", 80, flow.TCP, 0},
	} {
		k := flow.Key{Src: v4(c.src), Dst: v4(c.dst), SrcPort: 20001, DstPort: c.port, Proto: c.proto}
		if got := table.Mark(&k); got != c.want {
			t.Errorf("%+v: mark %d", c, got)
		}
	}
}

// TestApplyRefuses: the error names the key to raise.
func TestApplyRefuses(t *testing.T) {
	services := []conf.Service{{Mark: 1, Servers: []conf.Server{{}}}, {Mark: 2}}
	for want, r := range map[string]*Registry{
		"2 new services, but tables.services leaves room for 1 (removed ones count while connections to them live)":                        New(1, 5, 1),
		"1 new real servers, but tables.real_servers leaves room for 0 (removed ones count while connections to them live, 2m0s at least)": New(5, 0, 1),
	} {
		if _, err := r.Apply(&conf.Config{Services: services}, time.Now()); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// TestIPv6: what workers read of services of IPv6, and of one whose netmask is no prefix.
func TestIPv6(t *testing.T) {
	c := &conf.Config{Services: []conf.Service{
		{UDP: netip.MustParseAddrPort("[fd00::1]:53"), Scheduler: "rr", Persistent: time.Minute, Netmask: conf.PrefixMask(64), Engine: "sip", OnePacket: true},
		{Mark: 7, Scheduler: "rr", Netmask: conf.IPv4Mask(netip.MustParseAddr("0.0.0.24")), Flags: []string{"flag-1", "flag-3"}},
		{Mark: 7, IPv6: true, Scheduler: "rr"},
	}}
	r := New(10, 10, 1)
	if _, err := r.Apply(c, time.Now()); err != nil {
		t.Fatal(err)
	}
	table, _ := r.Table(c)
	rr, _ := schedule.ByName("rr")
	none := []*destination.Table{nil}
	want := []service.Virtual{
		{
			Incarnation: 1, Version: 2, Proto: flow.UDP, Port: 53, Addr: v4("fd00::1"), Scheduler: rr, Timeout: 15000, Mask: flow.MaskOf(64, false),
			Spread: 1, Engine: service.SIP, OnePacket: true, Destinations: none,
		},
		{
			ID: 1, Incarnation: 3, Version: 4, Mark: 7, Addr: flow.V4(0), Scheduler: rr, Flags: service.Fallback | service.Flag3,
			Mask: flow.Addr{Hi: flow.MaskOf(0, true).Hi, Lo: flow.MaskOf(0, true).Lo | 24}, Spread: 1, Destinations: none,
		},
		{ID: 2, Incarnation: 5, Version: 6, Mark: 7, Scheduler: rr, Mask: flow.MaskOf(128, false), Spread: 1, Destinations: none},
	}
	for i, v := range table.Virtuals() {
		if diff := cmp.Diff(want[i], *v); diff != "" {
			t.Errorf("service %d:\n%s", i, diff)
		}
	}
}
