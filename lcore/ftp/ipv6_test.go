package ftp

import (
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
)

// TestIPv6IsNetips: an address is read as package netip reads it, and refused where that refuses it; dots and zones, which no EPRT needs, are left aside.
func TestIPv6IsNetips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789abcdefABCDEF:::::")), 0, 42, -1).Draw(t, "text")
		if rapid.Bool().Draw(t, "an address") {
			b := [16]byte(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 0, 0, 1, 0xfd}), 16, 16).Draw(t, "bytes"))
			s = netip.AddrFrom16(b).String()
		}
		if strings.ContainsAny(s, ".%") {
			return
		}
		want, err := netip.ParseAddr(s)
		x := text{b: []byte(s)}
		got, ok := x.ipv6()
		ok = ok && x.at == len(s)
		if ok != (err == nil) || ok && got != flow.FromNetip(want) {
			t.Fatalf("%q: %v, %v; netip: %v, %v", s, got.Netip(), ok, want, err)
		}
	})
}
