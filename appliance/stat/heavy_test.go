package stat

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/appliance/api"
	"cleat/lcore/flow"
	"cleat/lcore/heavy"
)

func addr(s string) flow.Addr { return flow.FromNetip(netip.MustParseAddr(s)) }

// metered is a meter that has seen so many events of each client in two seconds.
func metered(of map[string]int) (m heavy.Meter) {
	m.Init(1, &flow.Seed{1, 2, 3, 4})
	for client, n := range of {
		for range n {
			m.Event(addr(client))
		}
	}
	m.Span = 2 * time.Second
	return m
}

// TestNetworks: rows of several workers and of finer clients become one a network; who has less than can be known is left out.
func TestNetworks(t *testing.T) {
	loads := []Load{
		{metered(map[string]int{"172.16.0.1": 600, "172.16.0.2": 396, "172.16.0.3": 4}), metered(map[string]int{"172.16.0.1": 60, "172.16.0.2": 20, "fd16::1": 20})},
		{metered(map[string]int{"fd16::": 100}), metered(map[string]int{"172.16.0.2": 90, "fd16::1": 300, "fd16::2": 10})},
	}
	loads[0].Connections.Judge(0.5, 1)
	loads[1].Connections.Judge(0.5, 1)
	got := Networks(loads, func(a flow.Addr) netip.Prefix {
		p, _ := a.Netip().Prefix(map[bool]int{true: 32, false: 64}[a.Is4()])
		return p
	})
	want := []api.HeavyClient{
		{Client: "fd16::/64", Worker: 1, Packets: 50, PacketShare: 1, Connections: 165, ConnectionShare: 0.775, Heavy: []string{"fd16::1"}},
		{Client: "172.16.0.1", Worker: 0, Packets: 300, PacketShare: 0.6, Connections: 30, ConnectionShare: 0.6, Heavy: []string{"172.16.0.1"}},
		{Client: "172.16.0.2", Worker: 0, Packets: 198, PacketShare: 0.396, Connections: 55, ConnectionShare: 0.225},
	}
	var rows []api.HeavyClient
	for _, n := range got {
		rows = append(rows, n.HeavyClient)
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff([]Asker{{0, addr("172.16.0.2")}, {1, addr("172.16.0.2")}}, got[2].Askers); diff != "" {
		t.Error(diff)
	}
	if len(got[0].Askers) != 3 || len(Networks(nil, nil)) != 0 {
		t.Errorf("%v", got[0].Askers)
	}
}
