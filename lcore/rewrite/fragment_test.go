package rewrite

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

// cut returns all fragments of packet for a link of mtu bytes.
func cut(packet []byte, mtu int) (fragments [][]byte) {
	if packet[0]>>4 == 6 {
		b := append(make([]byte, FragmentHeaderLen), packet...)
		AddFragmentHeader(b, 0x12345678)
		packet = b
	}
	size, n := Fragments(packet, mtu)
	for k := n - 1; k >= 0; k-- { // the first one in place, as the data path has it
		dst := packet
		if k != 0 {
			dst = make([]byte, len(packet))
		}
		fragments = append([][]byte{dst[:Fragment(dst, packet, k, size)]}, fragments...)
	}
	return fragments
}

// join is reassembly as RFC 791 has it, for fragments in order.
func join(t *rapid.T, fragments [][]byte) []byte {
	var payload []byte
	for i, f := range fragments {
		ip, ok := wire.ParseIPv4(f, len(f))
		if !ok || !ip.Whole() || !ip.ChecksumOK() || ip.DontFragment() {
			t.Fatalf("fragment %d is no packet: % x", i, f)
		}
		if ip.FragmentOffset() != len(payload) || ip.MoreFragments() != (i < len(fragments)-1) {
			t.Fatalf("fragment %d is at %d, more %v; %d bytes before", i, ip.FragmentOffset(), ip.MoreFragments(), len(payload))
		}
		payload = append(payload, ip.Payload()...)
	}
	return payload
}

func TestFragmentsJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := lcoretest.Payload(rapid.SliceOfN(rapid.Byte(), 100, 300).Draw(t, "payload"))
		options := []lcoretest.Option{payload, lcoretest.ID(9)}
		if rapid.Bool().Draw(t, "options") {
			options = append(options, lcoretest.RouterAlert())
		}
		whole := packet(lcoretest.UDP(client, vip, options...))
		want := bytes.Clone(whole.Payload())
		mtu := rapid.IntRange(68, 200).Draw(t, "mtu")
		fragments := cut(whole, mtu)
		for _, f := range fragments {
			if len(f) > mtu {
				t.Fatalf("a fragment of %d bytes where %d fit", len(f), mtu)
			}
		}
		if diff := cmp.Diff(want, join(t, fragments)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestFragmentsOfFragments: a fragment that is cut again keeps its place.
func TestFragmentsOfFragments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := lcoretest.UDP(client, vip, lcoretest.ID(9), lcoretest.Payload(rapid.SliceOfN(rapid.Byte(), 200, 400).Draw(t, "payload")))
		want := bytes.Clone(packet(whole).Payload())
		var fragments [][]byte
		for _, f := range lcoretest.Fragments(whole, 160) {
			fragments = append(fragments, cut(packet(f), 100)...)
		}
		if diff := cmp.Diff(want, join(t, fragments)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestFragmentsOptions(t *testing.T) {
	whole := append([]byte{
		0x48, 0, 0, 132, 0, 9, 0, 0, 64, 17, 0, 0, 10, 8, 0, 2, 10, 0, 0, 1,
		148, 4, 0, 0, 7, 3, 4, 1, 1, 148, 2, 0, // router alert (copied), record route (not), no-operation, router alert cut short, end
	}, make([]byte, 100)...)
	for i, want := range []string{"\x94\x04\x00\x00\x07\x03\x04\x01\x01\x94\x02\x00", "\x94\x04\x00\x00\x01\x01\x01\x01\x01\x94\x02\x00"} {
		if got := string(cut(bytes.Clone(whole), 100)[i][20:32]); got != want {
			t.Errorf("fragment %d: options % x, want % x", i, got, want)
		}
	}
	for _, malformed := range []string{"\x07", "\x07\x01\x00", "\x07\x09\x00"} {
		options := []byte(malformed)
		if forget(options); string(options) != malformed {
			t.Errorf("% x became % x", malformed, options)
		}
	}
}

func TestFragmentsOfIPv6(t *testing.T) {
	src, dst := netip.MustParseAddr("fd09::1"), netip.MustParseAddr("fd09::11")
	whole := make([]byte, wire.IPv6Len+100)
	wire.IPv6(whole).Set(0xb8, 100, 4, 63, flow.FromNetip(src), flow.FromNetip(dst))
	for i := range 100 {
		whole[wire.IPv6Len+i] = byte(i)
	}
	fragments := cut(bytes.Clone(whole), 120) // 72 bytes each
	if len(fragments) != 2 {
		t.Fatalf("%d fragments", len(fragments))
	}
	var payload []byte
	for i, f := range fragments {
		ip, ok := wire.ParseIPv6(f, len(f))
		if !ok || len(ip) != len(f) || ip.Next() != 44 || ip.HopLimit() != 63 || ip.TrafficClass() != 0xb8 || ip.Src().Netip() != src || ip.Dst().Netip() != dst {
			t.Fatalf("fragment %d: % x", i, f)
		}
		h := ip.Payload()
		field := []uint16{0<<3 | 1, 72}[i]
		if h[0] != 4 || h[1] != 0 || binary.BigEndian.Uint16(h[2:]) != field || binary.BigEndian.Uint32(h[4:]) != 0x12345678 {
			t.Errorf("fragment %d: fragment header % x", i, h[:8])
		}
		payload = append(payload, h[8:]...)
	}
	if diff := cmp.Diff(whole[wire.IPv6Len:], payload); diff != "" {
		t.Error(diff)
	}
}

func TestNothingFits(t *testing.T) {
	if size, n := Fragments(packet(lcoretest.UDP(client, vip)), 27); size != 0 || n != 0 {
		t.Errorf("%d fragments of %d bytes", n, size)
	}
}
