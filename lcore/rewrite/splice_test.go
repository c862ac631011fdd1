package rewrite

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/lcore/burst"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

// TestSplice: the packet is the one that would have been built with the other payload.
func TestSplice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src, dst := netip.MustParseAddrPort("10.9.0.13:21"), netip.MustParseAddrPort("172.16.0.1:20001")
		six := rapid.Bool().Draw(t, "IPv6")
		if six {
			src, dst = rs6, client6
		}
		some := func(what string) []byte { return rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(t, what) }
		front, piece, text, tail := append([]byte("no link padding"), some("front")...), some("piece"), some("text"), some("tail")
		room := rapid.IntRange(0, 30).Draw(t, "room")
		build := func(piece []byte) []byte {
			return lcoretest.TCP(src, dst, "A", lcoretest.MSS(1460), lcoretest.Payload(bytes.Join([][]byte{front, tail}, piece)))
		}
		before, want := build(piece), build(text)
		p := burst.Packet{Data: append(make([]byte, 0, len(before)+room), before...), Len: uint32(len(before)), Segments: 1}
		var ip []byte
		var ok bool
		if six {
			_, u := packet6(before)
			ip, ok = Splice6(&p, wire.EthernetLen, u, len(front), len(front)+len(piece), text)
		} else {
			ip, ok = Splice(&p, wire.EthernetLen, len(front), len(front)+len(piece), text)
		}
		if fits := len(want) <= len(before)+room; ok != fits {
			t.Fatalf("%v, want %v", ok, fits)
		}
		if !ok {
			want = before
		}
		if diff := cmp.Diff(want, p.Data); diff != "" || int(p.Len) != len(want) || ok && len(ip) != len(want)-wire.EthernetLen {
			t.Fatalf("%d bytes, %d of them the packet:\n%s", p.Len, len(ip), diff)
		}
	})
}
