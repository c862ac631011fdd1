package address

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
)

func TestKind(t *testing.T) {
	s := NewSet([]Entry{
		{Addr: flow.V4(0x0a000001), Kind: VIP},
		{Addr: flow.V4(0x0a090001), Kind: Own},
		{Addr: flow.V4(0x0a09000b), Kind: Real},
		{Addr: flow.V4(0x0a090001), Kind: VIP}, // a port's address that is a service's too
		{Addr: flow.V4(0x0a0900ff), Kind: Broadcast},
		{Addr: flow.V4(0x0a090064), Kind: Own | Local, Owner: 3},
		{Addr: flow.Addr{Lo: 0x0a000001}, Kind: Real}, // IPv6 ::a00:1 is not 10.0.0.1
	})
	for _, c := range []struct {
		addr flow.Addr
		want Kind
	}{
		{flow.V4(0x0a000001), VIP},
		{flow.V4(0x0a090001), Own | VIP},
		{flow.V4(0x0a09000b), Real},
		{flow.V4(0x0a0900ff), Broadcast},
		{flow.V4(0x0a090064), Own | Local},
		{flow.V4(0x0a000002), 0},
		{flow.Addr{Lo: 0x0a000001}, Real},
		{flow.Addr{}, 0},
	} {
		if got := s.Kind(c.addr); got != c.want {
			t.Errorf("Kind(%v) = %b, want %b", c.addr.Netip(), got, c.want)
		}
	}
	if got := s.Owner(flow.V4(0x0a090064)); got != 3 {
		t.Errorf("Owner = %d, want 3", got)
	}
	if got := NewSet(nil).Kind(flow.V4(1)); got != 0 {
		t.Errorf("empty set: Kind = %b, want 0", got)
	}
}

// TestNetworks: addresses of a network are what it is beside what they are themselves; the families are apart.
func TestNetworks(t *testing.T) {
	s := NewSet([]Entry{{Addr: flow.V4(0x0a000102), Kind: Real}},
		Network{flow.V4(0x0a000100), flow.MaskOf(24, true), VIP}, Network{flow.Addr{Hi: 0xfd00 << 48}, flow.MaskOf(64, false), VIP})
	for _, c := range []struct {
		addr flow.Addr
		want Kind
	}{
		{flow.V4(0x0a000101), VIP},
		{flow.V4(0x0a000102), VIP | Real},
		{flow.V4(0x0a000201), 0},
		{flow.Addr{Lo: 0x0a000101}, 0},
		{flow.Addr{Hi: 0xfd00 << 48, Lo: 5}, VIP},
		{flow.Addr{Hi: 0xfd01 << 48, Lo: 5}, 0},
	} {
		if got := s.Kind(c.addr); got != c.want {
			t.Errorf("Kind(%v) = %b, want %b", c.addr.Netip(), got, c.want)
		}
	}
}

// TestKindIsUnion holds a Set to the union of what was said of each address.
func TestKindIsUnion(t *testing.T) {
	addrs := rapid.Map(rapid.Uint32Range(0, 50), flow.V4)
	rapid.Check(t, func(t *rapid.T) {
		twin := map[flow.Addr]Kind{}
		var list []Entry
		for range rapid.IntRange(0, 100).Draw(t, "n") {
			e := Entry{Addr: addrs.Draw(t, "addr"), Kind: rapid.SampledFrom([]Kind{Own, VIP, Real, Broadcast}).Draw(t, "kind")}
			list = append(list, e)
			twin[e.Addr] |= e.Kind
		}
		s := NewSet(list)
		for i := range uint32(60) {
			if got := s.Kind(flow.V4(i)); got != twin[flow.V4(i)] {
				t.Fatalf("Kind(%d) = %b, want %b", i, got, twin[flow.V4(i)])
			}
			if got := s.IsOurs(flow.V4(i)); got != (twin[flow.V4(i)]&(Own|VIP) != 0) {
				t.Fatalf("IsOurs(%d) = %v of %b", i, got, twin[flow.V4(i)])
			}
			if twin[flow.V4(i)]&Real != 0 && !s.MayServe(i) {
				t.Fatalf("%d cannot be the real server that it is", i)
			}
			if s.IsOurs(flow.V4(i)) && !s.MayBeOurs(i) || twin[flow.V4(i)] != 0 && !s.MayBeKnown(i) {
				t.Fatalf("%d cannot be the %b that it is", i, twin[flow.V4(i)])
			}
		}
	})
}

func set(n int) *Set {
	var list []Entry
	for i := range n {
		list = append(list, Entry{Addr: flow.V4(0x0a000000 + uint32(i)), Kind: VIP})
	}
	return NewSet(list)
}

func TestKindAllocatesNothing(t *testing.T) {
	s := set(100)
	if n := testing.AllocsPerRun(100, func() { s.Kind(flow.V4(0x0a000007)) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkKind(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		s := set(n)
		b.Run(fmt.Sprintf("addresses=%d", n), func(b *testing.B) {
			i := uint32(0)
			for b.Loop() {
				s.Kind(flow.V4(0x0a000000 + i&0x7fff)) // known and unknown ones
				i++
			}
		})
	}
}
