package director

import (
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/appliance/ladder"
	"cleat/conf"
	"cleat/lcore"
	"cleat/lcore/address"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/service"
	"cleat/lcore/wheel"
)

func addr(s string) flow.Addr { return flow.FromNetip(netip.MustParseAddr(s)) }

// lab is a director with two ports, and a configuration for it that names them in another order, as a reload may.
func lab() (*Director, *conf.Config) {
	one := func() *ladder.Ladder { return ladder.New(nil, 0, &ladder.Steering{Workers: 1}) }
	d := &Director{log: slog.New(slog.DiscardHandler), Ports: []*Port{
		{Name: "outside", MAC: nexthop.MAC{2, 0, 0, 0, 8, 1}, MTU: 1500, Steering: one()}, {Name: "inside", MAC: nexthop.MAC{2, 0, 0, 0, 9, 1}, MTU: 9000, Steering: one()},
	}}
	vip := netip.MustParseAddrPort("10.0.0.1:80")
	c := &conf.Config{
		Ports: []conf.Port{
			{Name: "inside", Addresses: []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24"), netip.MustParsePrefix("10.9.9.1/31")}},
			{Name: "outside", Addresses: []netip.Prefix{netip.MustParsePrefix("10.8.0.1/24"), netip.MustParsePrefix("fd08::1/64")}, Gateway6: netip.MustParseAddr("fd08::2"), Gateway: netip.MustParseAddr("10.8.0.2")},
		},
		Network: conf.Network{
			VIPs:    []netip.Prefix{netip.MustParsePrefix("10.0.0.5/32"), netip.MustParsePrefix("10.0.0.1/32"), netip.MustParsePrefix("10.0.2.0/24")},
			Routes:  []conf.Route{{To: netip.MustParsePrefix("192.168.0.0/16"), Via: netip.MustParseAddr("10.9.0.254")}},
			Forward: true, AnswerRate: 10,
		},
		Timeouts:    conf.Timeouts{TCP: 100 * time.Second, TCPFin: 20 * time.Second, UDP: 30 * time.Second},
		Persistence: conf.Persistence{Extend: 2 * time.Minute, RestoreTimeout: true, SpreadAbove: 15},
		IPVS:        conf.IPVS{ConnReuseMode: 1, ExpireNodestConn: true, ExpireQuiescentTemplate: true, SloppyTCP: true, FTPPorts: []int{21, 2121}, DropPacket: 3},
		Services: []conf.Service{
			{TCP: vip, Servers: []conf.Server{{Address: netip.MustParseAddrPort("10.9.0.11:80")}}},
			{UDP: vip},
			{Mark: 7},
		},
		Marks: []conf.Mark{{Mark: 7, Destination: netip.MustParsePrefix("10.0.0.7/32")}, {Mark: 7, Destination: netip.MustParsePrefix("10.0.1.0/24")}},
	}
	return d, c
}

func TestSettings(t *testing.T) {
	d, c := lab()
	tables := d.Tables(c, service.NewTable(nil, nil, nil), nil, nil)
	want := lcore.Settings{
		Extend: 120 * wheel.Second, RestoreTimeout: true, SpreadAbove: 15, ConnReuseMode: 1, ExpireNodestConn: true, ExpireQuiescentTemplate: true, SloppyTCP: true,
		Forward: true, AnswerRate: 10, FTPPorts: [lcore.FTPPortsMax]uint16{21, 2121}, DropPacket: 3, AmDropRate: 1,
	}
	if diff := cmp.Diff(want, tables.Settings); diff != "" {
		t.Errorf("settings:\n%s", diff)
	}
	for state, want := range map[conn.State]uint32{conn.Established: 100, conn.FinWait: 20, conn.UDP: 30, conn.TimeWait: 120} {
		if got := tables.Timeouts[state]; got != want*wheel.Second {
			t.Errorf("%v: %d ticks, want %d s", state, got, want)
		}
	}
}

// TestSwitches: whatever is not only kept reaches the workers.
func TestSwitches(t *testing.T) {
	elsewhere := []string{"lblc_expiration", "lblcr_expiration", "run_estimation"} // the services' and management's
	for _, s := range append(conf.Sysctls, conf.FTP) {
		c := conf.Default()
		before := settings(c)
		other := "3"
		if s.Get(&c.IPVS) != "0" {
			other = "0"
		}
		if s.Kept || slices.Contains(elsewhere, s.Name) {
			continue
		}
		if err := s.Set(&c.IPVS, other); err != nil {
			t.Fatal(err)
		}
		if settings(c) == before {
			t.Errorf("%s = %s changes nothing", s.Name, other)
		}
	}
}

func TestAddresses(t *testing.T) {
	d, c := lab()
	tables := d.Tables(c, service.NewTable(nil, nil, nil), []service.Real{{Addr: addr("10.9.0.11")}, {}, {Addr: addr("10.9.0.12")}}, nil)
	for a, want := range map[string]address.Kind{
		"10.8.0.1": address.Own, "10.9.0.1": address.Own, "10.9.9.1": address.Own,
		"10.8.0.255": address.Broadcast, "10.9.0.255": address.Broadcast, "10.9.9.0": 0, // RFC 3021: a /31 has no broadcast address
		"10.0.0.1": address.VIP, "10.0.0.5": address.VIP, "10.0.0.7": address.VIP, "10.0.1.0": 0, "10.0.2.255": address.VIP, "10.0.3.0": 0,
		"fe80::ff:fe00:801": address.Own, "fe80::ff:fe00:802": 0,
		"10.9.0.11": address.Real, "10.9.0.12": address.Real, "10.9.0.13": 0, "0.0.0.0": 0,
	} {
		if got := tables.Addresses.Kind(addr(a)); got != want {
			t.Errorf("%s: kind %b, want %b", a, got, want)
		}
	}
	vips := []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("10.0.0.7")}
	if got := VIPs(c); !slices.Equal(got, vips) {
		t.Errorf("VIPs %v, want %v", got, vips)
	}
}

func TestRoutes(t *testing.T) {
	d, c := lab()
	gateway, router := nexthop.MAC{2, 0, 0, 0, 8, 2}, nexthop.MAC{2, 0, 0, 0, 9, 254}
	known := []nexthop.Neighbor{{Port: 0, Addr: addr("10.8.0.2"), MAC: gateway}, {Port: 1, Addr: addr("10.9.0.254"), MAC: router}}
	tables := d.Tables(c, service.NewTable(nil, nil, nil), nil, known)
	for dst, want := range map[string]nexthop.Hop{
		"172.16.0.1":  {Addr: addr("10.8.0.2"), Port: 0, MTU: 1500, MAC: gateway, Src: d.Ports[0].MAC},
		"192.168.3.4": {Addr: addr("10.9.0.254"), Port: 1, MTU: 9000, MAC: router, Src: d.Ports[1].MAC},
		"fd16::1":     {Addr: addr("fd08::2"), Port: 0, MTU: 1500, Src: d.Ports[0].MAC},
		"10.9.0.11":   {Addr: addr("10.9.0.11"), Port: 1, MTU: 9000, Src: d.Ports[1].MAC},
	} {
		if got, _ := tables.Hops.Lookup(addr(dst)); got != want {
			t.Errorf("to %s: %+v, want %+v", dst, got, want)
		}
	}
	if got, want := d.NextHops(c), []flow.Addr{addr("10.9.0.254"), addr("10.8.0.2"), addr("fd08::2"), addr("10.9.0.11")}; !slices.Equal(got, want) {
		t.Errorf("next hops %v, want %v", got, want)
	}
}
