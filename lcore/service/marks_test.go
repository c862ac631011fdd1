package service

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
)

func TestMark(t *testing.T) {
	all4, all6, host := flow.MaskOf(0, true), flow.MaskOf(0, false), flow.MaskOf(32, true)
	web := []PortRange{{80, 80}, {443, 443}}
	table := NewTable(nil, nil, []Rule{
		{Mark: 9, Proto: flow.TCP, Dst: vip, DstMask: host, Src: flow.V4(0xc0000200), SrcMask: flow.MaskOf(24, true), Ports: web},
		{Mark: 3, Proto: flow.TCP, Dst: vip, DstMask: host, Ports: web},
		{Mark: 4, Dst: vip2, DstMask: host, Ports: []PortRange{{8000, 8099}}},
		{Mark: 5, Proto: flow.UDP, Dst: flow.V4(0x0a010203), DstMask: flow.MaskOf(16, true)},
		{Mark: 6, Dst: flow.V4(0), DstMask: all4, Src: flow.V4(0xcb007100), SrcMask: flow.MaskOf(24, true)},
		{Mark: 7, Dst: flow.Addr{}, DstMask: all6},
	})
	client, inside, other := flow.V4(0xac100001), flow.V4(0xc0000207), flow.V4(0xcb007109)
	for _, c := range []struct {
		name string
		key  flow.Key
		want uint32
	}{
		{"first of two that fit", flow.Key{Src: inside, Dst: vip, DstPort: 80, Proto: flow.TCP}, 9},
		{"source outside its prefix", flow.Key{Src: client, Dst: vip, DstPort: 80, Proto: flow.TCP}, 3},
		{"second range", flow.Key{Src: client, Dst: vip, DstPort: 443, Proto: flow.TCP}, 3},
		{"source port does not count unless asked for", flow.Key{Src: client, SrcPort: 80, Dst: vip, DstPort: 81, Proto: flow.TCP}, 0},
		{"another protocol", flow.Key{Src: client, Dst: vip, DstPort: 80, Proto: flow.UDP}, 0},
		{"any protocol: TCP", flow.Key{Src: client, Dst: vip2, DstPort: 8000, Proto: flow.TCP}, 4},
		{"any protocol: UDP, end of the range", flow.Key{Src: client, Dst: vip2, DstPort: 8099, Proto: flow.UDP}, 4},
		{"any protocol: SCTP", flow.Key{Src: client, Dst: vip2, DstPort: 8000, Proto: flow.SCTP}, 4},
		{"past the range", flow.Key{Src: client, Dst: vip2, DstPort: 8100, Proto: flow.TCP}, 0},
		{"prefix written with host bits", flow.Key{Src: client, Dst: flow.V4(0x0a01ffff), DstPort: 1, Proto: flow.UDP}, 5},
		{"all of IPv4, by source", flow.Key{Src: other, Dst: flow.V4(1), DstPort: 1, Proto: flow.TCP}, 6},
		{"all of IPv6 is not IPv4", flow.Key{Src: client, Dst: flow.V4(1), DstPort: 1, Proto: flow.TCP}, 0},
		{"all of IPv6", flow.Key{Src: vip6, Dst: vip6, DstPort: 1, Proto: flow.UDP}, 7},
	} {
		if got := table.Mark(&c.key); got != c.want {
			t.Errorf("%s: mark %d, want %d", c.name, got, c.want)
		}
	}
	if !table.Rules() || NewTable(nil, nil, nil).Rules() {
		t.Error("Rules() does not tell whether there are rules")
	}
}

// TestMarkIsFirst: moving the deciding rule to the front changes nothing, and without it no earlier rule fits.
func TestMarkIsFirst(t *testing.T) {
	rules := rapid.Custom(func(t *rapid.T) Rule {
		r := Rule{
			Proto: rapid.SampledFrom([]uint8{0, flow.TCP, flow.UDP}).Draw(t, "proto"),
			Dst:   flow.V4(rapid.Uint32Range(0, 7).Draw(t, "dst")), DstMask: flow.MaskOf(rapid.IntRange(29, 32).Draw(t, "bits"), true),
		}
		if rapid.Bool().Draw(t, "ports") {
			first := rapid.Uint16Range(0, 5).Draw(t, "first")
			r.Ports = []PortRange{{first, first + rapid.Uint16Range(0, 3).Draw(t, "more")}}
		}
		return r
	})
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rules, 1, 20).Draw(t, "rules")
		for i := range list {
			list[i].Mark = uint32(i + 1)
		}
		k := flow.Key{
			Dst: flow.V4(rapid.Uint32Range(0, 7).Draw(t, "dst")), DstPort: rapid.Uint16Range(0, 9).Draw(t, "port"),
			Proto: rapid.SampledFrom([]uint8{flow.TCP, flow.UDP}).Draw(t, "proto"),
		}
		got := NewTable(nil, nil, list).Mark(&k)
		if got == 0 {
			got = uint32(len(list)) + 1
		} else if alone := NewTable(nil, nil, list[got-1:got]).Mark(&k); alone != got {
			t.Fatalf("rule %d decided, but alone gives %d", got, alone)
		}
		if before := NewTable(nil, nil, list[:got-1]).Mark(&k); before != 0 {
			t.Fatalf("rule %d decided, but rule %d fits before it", got, before)
		}
	})
}

// TestMarkIsAChain holds the table to a chain of iptables, which goes the other way: every rule that fits changes the mark, the last one last.
func TestMarkIsAChain(t *testing.T) {
	ranges := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) PortRange {
		first := rapid.Uint16Range(0, 5).Draw(t, "first")
		return PortRange{first, first + rapid.Uint16Range(0, 3).Draw(t, "more")}
	}), 0, 2)
	rapid.Check(t, func(t *rapid.T) {
		chain := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Rule {
			return Rule{
				Mark: rapid.Uint32Range(0, 15).Draw(t, "mark"), Keep: rapid.SampledFrom([]uint32{0, 0, ^uint32(3), ^uint32(12), ^uint32(0)}).Draw(t, "keep"),
				Dst: flow.V4(0), DstMask: flow.MaskOf(0, true),
				Ports: ranges.Draw(t, "ports"), SrcPorts: ranges.Draw(t, "source ports"), AnyPorts: ranges.Draw(t, "any ports"),
			}
		}), 0, 8).Draw(t, "chain")
		k := flow.Key{Src: flow.V4(1), Dst: flow.V4(2), SrcPort: rapid.Uint16Range(0, 8).Draw(t, "from"), DstPort: rapid.Uint16Range(0, 8).Draw(t, "to"), Proto: flow.TCP}
		in := func(ranges []PortRange, port uint16) bool {
			return slices.ContainsFunc(ranges, func(r PortRange) bool { return r.First <= port && port <= r.Last })
		}
		want := uint32(0)
		for _, r := range chain {
			if (len(r.Ports) == 0 || in(r.Ports, k.DstPort)) && (len(r.SrcPorts) == 0 || in(r.SrcPorts, k.SrcPort)) &&
				(len(r.AnyPorts) == 0 || in(r.AnyPorts, k.SrcPort) || in(r.AnyPorts, k.DstPort)) {
				want = want&r.Keep ^ r.Mark
			}
		}
		slices.Reverse(chain)
		if got := NewTable(nil, nil, chain).Mark(&k); got != want {
			t.Fatalf("mark %#x, want %#x", got, want)
		}
	})
}

func BenchmarkMark(b *testing.B) {
	rules := make([]Rule, 32)
	for i := range rules {
		rules[i] = Rule{Mark: 1, Dst: flow.V4(0x0a000001 + uint32(i)), DstMask: flow.MaskOf(32, true), Ports: []PortRange{{80, 80}}}
	}
	table := NewTable(nil, nil, rules)
	k := flow.Key{Dst: flow.V4(0x0b000000), DstPort: 80, Proto: flow.TCP} // none of the 32
	for b.Loop() {
		table.Mark(&k)
	}
}
