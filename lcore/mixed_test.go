package lcore

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/nexthop"
)

// mixed is a rig with an IPv4 service whose one server has an IPv6 address (forwarding.md F4.5), on the inside.
func mixed(t *testing.T, method string) *rig {
	r := newRig(t, with(kernel, wish{proto: flow.TCP, vip: vip80, servers: []string{"[fd09::11]:80 " + method}}))
	ports := testPorts()
	ports[inside].Subnets = append(ports[inside].Subnets, nexthop.Subnet{Own: addr("fd09::1"), Bits: 64})
	known := append(testNeighbors(), nexthop.Neighbor{Port: inside, Addr: addr("fd09::11"), MAC: serverMAC(1)})
	tables := r.tables
	tables.Generation++
	tables.Hops = nexthop.New(ports, testRoutes(), known)
	for _, w := range r.workers {
		w.Adopt(&tables)
		w.between(1)
	}
	return r
}

func TestIPv4ClientsOfIPv6Servers(t *testing.T) {
	for method, name := range map[string]string{"ipip": "ipip", "gre+csum": "gre+csum", "gue": "gue 57023>6080", "gue+csum": "gue 57023>6080+csum"} {
		r := mixed(t, method)
		for _, tt := range []struct {
			frame []byte
			want  []string
		}{
			{
				fromClient(alice, vip80, "S", lcoretest.TOS(0xb9)),
				[]string{"1: fd09::1 > fd09::11 " + name + " [172.16.0.1 > 10.0.0.1 tcp 20001>80 S seq 1 ttl 63 csum ok] ttl 63 tos 0xb9 csum ok"},
			},
			{
				fromClient(alice, vip80, "A", lcoretest.TTL(1)),
				[]string{"0: 10.0.0.1 > 172.16.0.1 icmp 11/0 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"},
			},
		} {
			if diff := cmp.Diff(tt.want, r.send(outside, tt.frame)); diff != "" {
				t.Errorf("%s: sent (-want +got):\n%s", method, diff)
			}
		}
		r.conserve()
	}
}

// TestIPv6TunnelMTU: the outer header is 40 bytes long, and what may be fragmented leaves in fragments of IPv6.
func TestIPv6TunnelMTU(t *testing.T) {
	r := mixed(t, "ipip")
	r.send(outside, fromClient(alice, vip80, "S"))
	want := []string{"0: 10.0.0.1 > 172.16.0.1 icmp 3/4 mtu 1460 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"}
	if diff := cmp.Diff(want, r.send(outside, fromClient(alice, vip80, "A", lcoretest.DF(), data(1421)))); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	r.ports[outside].Inject(0, fromClient(alice, vip80, "A", data(1421)))
	r.turn()
	var lengths, offsets []int
	for _, f := range r.ports[inside].Sent() {
		lengths, offsets = append(lengths, len(f)-l3), append(offsets, int(f[l3+42])<<8|int(f[l3+43]))
		if f[l3+6] != 44 || f[l3+40] != 4 { // a fragment header, before IPv4
			t.Errorf("no fragment of a tunnel: % x", f[:l3+48])
		}
	}
	if diff := cmp.Diff([][]int{{1496, 48 + 13}, {1, 1448}}, [][]int{lengths, offsets}); diff != "" {
		t.Errorf("lengths and offsets (-want +got):\n%s", diff)
	}
	if c := r.counters(); c.Made != 1 {
		t.Errorf("%d fragments made", c.Made)
	}
	r.conserve()
}
