package nexthop

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
)

var (
	outside = Port{MAC: MAC{2, 0, 0, 0, 0, 1}, MTU: 1500, Subnets: []Subnet{
		{flow.V4(0x0a080001), 24}, {flow.Addr{Hi: 0xfd08 << 48, Lo: 1}, 64},
	}}
	inside = Port{MAC: MAC{2, 0, 0, 0, 0, 2}, MTU: 9000, Subnets: []Subnet{
		{flow.V4(0x0a090001), 24}, {flow.V4(0x0a090181), 25}, {flow.V4(0x0a0a0001), 16},
	}}
	gateway = flow.V4(0x0a0800fe)
	router  = flow.V4(0x0a0900fe)
	client  = flow.V4(0xac100001)
	rs      = flow.V4(0x0a09000b)
	rs12    = flow.V4(0x0a09000c)
	silent  = flow.V4(0x0a09000d)
	rsMAC   = MAC{2, 0, 0, 0, 9, 11}
	gwMAC   = MAC{2, 0, 0, 0, 8, 254}
)

func table() *Table {
	return New([]Port{outside, inside}, []Route{
		{Dst: flow.V4(0), Bits: 0, Via: gateway, Port: 0},
		{Dst: flow.V4(0xac110000), Bits: 16, Via: router, Port: 1},
		{Dst: flow.V4(0xac110203), Bits: 24, Via: flow.V4(0x0a0900fd), Port: 1}, // host bits do not count
		{Dst: flow.V4(0x0a090000), Bits: 24, Via: gateway, Port: 0},             // an own subnet goes before it
		{Dst: flow.V4(0xac110000), Bits: 16, Via: gateway, Port: 0},             // the second of two
	}, []Neighbor{
		{1, rs, rsMAC}, {0, gateway, gwMAC}, {0, rs, MAC{6}}, // the last: that address on the wrong link
		{Port: 1, Addr: silent}, {Port: 0, Addr: rs12},
	})
}

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		name   string
		dst    flow.Addr
		hop    Hop
		result Result
	}{
		{"on the link", rs, Hop{Addr: rs, Port: 1, MTU: 9000, MAC: rsMAC, Src: inside.MAC}, Found},
		{"on the link, unknown", rs12, Hop{Addr: rs12, Port: 1, MTU: 9000, Src: inside.MAC}, Unresolved},
		{"on the link, does not answer", silent, Hop{}, NoRoute},
		{"default gateway", client, Hop{Addr: gateway, Port: 0, MTU: 1500, MAC: gwMAC, Src: outside.MAC}, Found},
		{"the gateway itself", gateway, Hop{Addr: gateway, Port: 0, MTU: 1500, MAC: gwMAC, Src: outside.MAC}, Found},
		{"static route", flow.V4(0xac110909), Hop{Addr: router, Port: 1, MTU: 9000, Src: inside.MAC}, Unresolved},
		{"longer prefix", flow.V4(0xac1102ff), Hop{Addr: flow.V4(0x0a0900fd), Port: 1, MTU: 9000, Src: inside.MAC}, Unresolved},
		{"IPv6 on the link", flow.Addr{Hi: 0xfd08 << 48, Lo: 9}, Hop{Addr: flow.Addr{Hi: 0xfd08 << 48, Lo: 9}, Port: 0, MTU: 1500, Src: outside.MAC}, Unresolved},
		{"IPv6 without a default route", flow.Addr{Hi: 0xfd09 << 48, Lo: 9}, Hop{}, NoRoute},
	} {
		hop, result := table().Lookup(c.dst)
		if hop != c.hop || result != c.result {
			t.Errorf("%s: %+v, %d; want %+v, %d", c.name, hop, result, c.hop, c.result)
		}
	}
	if _, result := New([]Port{outside}, nil, nil).Lookup(client); result != NoRoute {
		t.Errorf("no default route: result %d, want NoRoute", result)
	}
}

func TestOwn(t *testing.T) {
	for _, c := range []struct {
		name string
		port uint16
		to   flow.Addr
		want flow.Addr
	}{
		{"the subnet's", 1, flow.V4(0x0a0a0505), flow.V4(0x0a0a0001)},
		{"off the link: the first of the family", 1, client, flow.V4(0x0a090001)},
		{"IPv6", 0, flow.Addr{Hi: 0x2001 << 48, Lo: 1}, flow.Addr{Hi: 0xfd08 << 48, Lo: 1}},
		{"no IPv6 there", 1, flow.Addr{Hi: 0x2001 << 48, Lo: 1}, flow.Addr{}},
	} {
		if got := table().Own(c.port, c.to); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got.Netip(), c.want.Netip())
		}
	}
}

func TestOnLink(t *testing.T) {
	ports := []Port{outside, inside, {Subnets: []Subnet{{flow.V4(0x0a090099), 28}}}}
	for _, c := range []struct {
		name string
		addr flow.Addr
		port uint16
		ok   bool
	}{
		{"outside", gateway, 0, true},
		{"inside", rs, 1, true},
		{"longest prefix", flow.V4(0x0a090095), 2, true},
		{"nowhere", client, 0, false},
		{"other family", flow.Addr{Lo: 0x0a090001}, 0, false},
	} {
		if port, ok := OnLink(ports, c.addr); port != c.port || ok != c.ok {
			t.Errorf("%s: port %d, %v; want %d, %v", c.name, port, ok, c.port, c.ok)
		}
	}
}

// TestLookupIsTheRuleSpelledOut holds Lookup to a search through unordered routes and neighbours.
func TestLookupIsTheRuleSpelledOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v4, width := rapid.Bool().Draw(t, "IPv4"), 128
		if v4 {
			width = 32
		}
		addrs := rapid.Custom(func(t *rapid.T) flow.Addr { // differ at both ends
			high, low := rapid.Uint64Range(0, 3).Draw(t, "high"), rapid.Uint64Range(0, 7).Draw(t, "low")
			if v4 {
				return flow.V4(uint32(high<<30 | low))
			}
			return flow.Addr{Hi: high << 62, Lo: low}
		})
		ports := []Port{{MAC: MAC{1}, MTU: 1500}, {MAC: MAC{2}, MTU: 9000}}
		var routes []Route
		for range rapid.IntRange(0, 40).Draw(t, "routes") {
			r := Route{Dst: addrs.Draw(t, "prefix"), Port: rapid.Uint16Range(0, 1).Draw(t, "port")}
			r.Bits = rapid.SampledFrom([]int{0, 1, 2, width - 3, width - 1, width}).Draw(t, "bits")
			if rapid.Bool().Draw(t, "by a router") {
				r.Via = addrs.Draw(t, "via")
			}
			routes = append(routes, r)
		}
		known := map[Neighbor]MAC{} // by port and address
		var neighbours []Neighbor
		for i := range rapid.IntRange(0, 20).Draw(t, "neighbours") {
			n := Neighbor{Port: rapid.Uint16Range(0, 1).Draw(t, "port"), Addr: addrs.Draw(t, "addr")}
			n.MAC = MAC{9, byte(i)}
			if rapid.IntRange(0, 3).Draw(t, "does not answer") == 0 {
				n.MAC = MAC{}
			}
			known[Neighbor{Port: n.Port, Addr: n.Addr}] = n.MAC
			neighbours = append(neighbours, n)
		}
		table := New(ports, routes, neighbours)
		for range 20 {
			dst := addrs.Draw(t, "dst")
			best := Route{Bits: -1}
			for _, r := range routes {
				if m := flow.MaskOf(r.Bits, v4); r.Bits > best.Bits && dst.And(m) == r.Dst.And(m) {
					best = r
				}
			}
			var want Hop
			wantResult := NoRoute
			if best.Bits >= 0 {
				ask := best.Via
				if ask.IsZero() {
					ask = dst
				}
				mac, ok := known[Neighbor{Port: best.Port, Addr: ask}]
				want = Hop{ask, best.Port, ports[best.Port].MTU, mac, ports[best.Port].MAC}
				switch {
				case !ok:
					wantResult = Unresolved
				case mac == MAC{}:
					want, wantResult = Hop{}, NoRoute
				default:
					wantResult = Found
				}
			}
			if hop, result := table.Lookup(dst); hop != want || result != wantResult {
				t.Fatalf("Lookup(%v) = %+v, %d; want %+v, %d", dst.Netip(), hop, result, want, wantResult)
			}
		}
	})
}

func TestLookupAllocatesNothing(t *testing.T) {
	nh := table()
	if n := testing.AllocsPerRun(100, func() { nh.Lookup(client); nh.Lookup(rs) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{0, 30} {
		var routes []Route
		for i := range n { // none of them the way
			routes = append(routes, Route{flow.V4(0x0b000000 | uint32(i)<<12), 20 + 2*(i%3), router, 1})
		}
		nh := New([]Port{outside, inside}, append(routes, Route{Via: gateway, Dst: flow.V4(0)}), []Neighbor{{1, rs, rsMAC}, {0, gateway, gwMAC}})
		b.Run(fmt.Sprintf("routes=%d/link", n), func(b *testing.B) {
			for b.Loop() {
				nh.Lookup(rs)
			}
		})
		b.Run(fmt.Sprintf("routes=%d/gateway", n), func(b *testing.B) {
			for b.Loop() {
				nh.Lookup(client)
			}
		})
	}
}
