package rewrite

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// tunnels are all there are, with what each is called and what it adds to an IP header.
var tunnels = []struct {
	name    string
	options service.TunnelOptions
	shim    int
}{
	{"ipip", service.TunnelOptions{Type: service.IPIP}, 0},
	{"gre", service.TunnelOptions{Type: service.GRE}, 4},
	{"gre+csum", service.TunnelOptions{Type: service.GRE, Checksum: service.Checksum}, 8},
	{"gue 40000>6080", service.TunnelOptions{Type: service.GUE, Port: lcoretest.GUEPort}, 12},
	{"gue 40000>6080+csum", service.TunnelOptions{Type: service.GUE, Port: lcoretest.GUEPort, Checksum: service.Checksum}, 12},
	{"gue 40000>6080+csum", service.TunnelOptions{Type: service.GUE, Port: lcoretest.GUEPort, Checksum: service.RemoteChecksum}, 12},
}

// families are the ends of a tunnel, and a packet for it, of each family.
var families = []struct {
	name, src, dst string
	packet         []byte
	outer          int
}{
	{"IPv4", "10.9.0.1", "10.9.0.11", lcoretest.TCP(client, vip, "S", lcoretest.TTL(63), lcoretest.TOS(0xb9))[wire.EthernetLen:], 20},
	{"IPv6", "fd09::1", "fd09::11", lcoretest.TCP(netip.MustParseAddrPort("[fd16::1]:20001"), netip.MustParseAddrPort("[fd00::1]:80"), "S", lcoretest.TTL(63), lcoretest.TOS(0xb9))[wire.EthernetLen:], 40},
}

// wrapped is packet in a tunnel, as a frame.
func wrapped(t *Tunnel, packet []byte) []byte {
	frame := append(make([]byte, wire.EthernetLen+t.Overhead()), packet...)
	wire.Ethernet(frame).SetType(wire.TypeIPv4)
	if !t.Dst.Is4() {
		wire.Ethernet(frame).SetType(wire.TypeIPv6)
	}
	t.Encapsulate(frame[wire.EthernetLen:], len(frame)-wire.EthernetLen)
	return frame
}

// linked is packet as a frame.
func linked(packet []byte) []byte {
	frame := append(make([]byte, wire.EthernetLen), packet...)
	wire.Ethernet(frame).SetType(wire.TypeIPv4)
	if packet[0]>>4 == 6 {
		wire.Ethernet(frame).SetType(wire.TypeIPv6)
	}
	return frame
}

func TestEncapsulate(t *testing.T) {
	for _, kind := range tunnels {
		for _, out := range families {
			for _, in := range families {
				tunnel := &Tunnel{
					TunnelOptions: kind.options, Src: flow.FromNetip(netip.MustParseAddr(out.src)), Dst: flow.FromNetip(netip.MustParseAddr(out.dst)),
					SrcPort: 40000, ID: 7, DontFragment: true,
				}
				name := in.name + " in " + kind.name + " over " + out.name
				if got := tunnel.Overhead(); got != out.outer+kind.shim {
					t.Errorf("%s: overhead %d, want %d", name, got, out.outer+kind.shim)
				}
				want := out.src + " > " + out.dst + " " + kind.name + " [" + lcoretest.Describe(linked(in.packet)) + "] ttl 63 tos 0xb9"
				if out.name == "IPv4" {
					want += " df"
				}
				if got := lcoretest.Describe(wrapped(tunnel, in.packet)); got != want+" csum ok" {
					t.Errorf("%s:\ngot  %s\nwant %s", name, got, want+" csum ok")
				}
			}
		}
	}
}

// TestEncapsulateBytes has what the descriptions do not show: the fields of GRE and GUE, IPv4's identification, IPv6's flow label.
func TestEncapsulateBytes(t *testing.T) {
	inner := packet(lcoretest.UDP(client, vip, lcoretest.Payload([]byte("abc")), lcoretest.TTL(63))) // 31 bytes
	four := [2]flow.Addr{flow.V4(0x0a090001), flow.V4(0x0a09000b)}
	six := [2]flow.Addr{{Hi: 0xfd09 << 48, Lo: 1}, {Hi: 0xfd09 << 48, Lo: 0x11}}
	for _, tt := range []struct {
		what    string
		options service.TunnelOptions
		ends    [2]flow.Addr
		want    []byte
	}{
		{"ipip: 51 bytes, ID 0x1234, DF, TTL 63, protocol 4", service.TunnelOptions{}, four, []byte{
			0x45, 0x00, 0x00, 0x33, 0x12, 0x34, 0x40, 0x00, 0x3f, 0x04, 0x15, 0x76, 10, 9, 0, 1, 10, 9, 0, 11,
		}},
		{"gre: 55 bytes, protocol 47; no flags, IPv4", service.TunnelOptions{Type: service.GRE}, four, []byte{
			0x45, 0x00, 0x00, 0x37, 0x12, 0x34, 0x40, 0x00, 0x3f, 0x2f, 0x15, 0x47, 10, 9, 0, 1, 10, 9, 0, 11,
			0x00, 0x00, 0x08, 0x00,
		}},
		{"gue: 63 bytes, protocol 17; ports, 43 bytes, no checksum; data of protocol 4", service.TunnelOptions{Type: service.GUE, Port: 6080}, four, []byte{
			0x45, 0x00, 0x00, 0x3f, 0x12, 0x34, 0x40, 0x00, 0x3f, 0x11, 0x15, 0x5d, 10, 9, 0, 1, 10, 9, 0, 11,
			0x9c, 0x40, 0x17, 0xc0, 0x00, 0x2b, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00,
		}},
		{"over IPv6: 31 bytes, protocol 4, hop limit 63", service.TunnelOptions{}, six, []byte{
			0x60, 0x00, 0x00, 0x00, 0x00, 0x1f, 0x04, 0x3f,
			0xfd, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xfd, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11,
		}},
	} {
		tunnel := &Tunnel{TunnelOptions: tt.options, Src: tt.ends[0], Dst: tt.ends[1], SrcPort: 40000, ID: 0x1234, DontFragment: true}
		got := wrapped(tunnel, inner)[wire.EthernetLen:]
		if diff := cmp.Diff(append(bytes.Clone(tt.want), inner...), got); diff != "" {
			t.Errorf("%s:\n%s", tt.what, diff)
		}
	}
}

// TestEncapsulateAnything: whatever is inside arrives unchanged, under right checksums.
func TestEncapsulateAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind, out, in := rapid.SampledFrom(tunnels).Draw(t, "tunnel"), rapid.SampledFrom(families).Draw(t, "outer"), rapid.SampledFrom(families).Draw(t, "inner")
		tunnel := &Tunnel{
			TunnelOptions: kind.options, Src: flow.FromNetip(netip.MustParseAddr(out.src)), Dst: flow.FromNetip(netip.MustParseAddr(out.dst)),
			SrcPort: 40000, ID: rapid.Uint16().Draw(t, "ID"), DontFragment: rapid.Bool().Draw(t, "DF"),
		}
		packet := append(bytes.Clone(in.packet), rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "more")...)
		frame := wrapped(tunnel, packet)
		if !bytes.Equal(frame[wire.EthernetLen+tunnel.Overhead():], packet) {
			t.Fatal("the packet inside has changed")
		}
		if got := lcoretest.Describe(frame); !strings.HasSuffix(got, " csum ok") || !strings.Contains(got, " "+kind.name+" [") {
			t.Fatal(got)
		}
		want := service.TunnelOptions{Type: kind.options.Type, Port: kind.options.Port}
		if got, at, ok := Open(outerOf(frame, out.outer)); got != want || at != kind.shim || !ok {
			t.Fatalf("Open: %+v, %d, %v; want %+v, %d", got, at, ok, want, kind.shim)
		}
	})
}

// outerOf returns what the outer header of a frame, size bytes long, says that it carries, and that.
func outerOf(frame []byte, size int) (proto uint8, b []byte) {
	ip := frame[wire.EthernetLen:]
	if size == wire.IPv4Len {
		return wire.IPv4(ip).Protocol(), ip[size:]
	}
	return wire.IPv6(ip).Next(), ip[size:]
}

func TestOpenRefuses(t *testing.T) {
	gre, gue := make([]byte, 28), make([]byte, 32)
	gre[2], gue[9] = 0x08, 4
	changed := func(b []byte, i int, v byte) []byte {
		b = bytes.Clone(b)
		b[i] = v
		return b
	}
	for _, tt := range []struct {
		what  string
		proto uint8
		b     []byte
		at    int // -1: no tunnel
	}{
		{"GRE", protoGRE, gre, 4},
		{"with a checksum", protoGRE, changed(gre, 0, 0x80), 8},
		{"with a key", protoGRE, changed(gre, 0, 0x20), -1},
		{"version 1", protoGRE, changed(gre, 1, 1), -1},
		{"of Ethernet", protoGRE, changed(changed(gre, 2, 0x65), 3, 0x58), -1},
		{"cut off", protoGRE, gre[:7], -1},
		{"GUE", flow.UDP, gue, 12},
		{"with options of 8 bytes", flow.UDP, changed(gue, 8, 2), 20},
		{"with options behind the end", flow.UDP, changed(gue, 8, 6), -1},
		{"version 1", flow.UDP, changed(gue, 8, 0x40), -1},
		{"control", flow.UDP, changed(gue, 8, 0x20), -1},
		{"of TCP", flow.UDP, changed(gue, 9, flow.TCP), -1},
		{"cut off", flow.UDP, gue[:11], -1},
		{"TCP", flow.TCP, gue, -1},
	} {
		if _, at, ok := Open(tt.proto, tt.b); ok != (tt.at >= 0) || ok && at != tt.at {
			t.Errorf("%s: %d, %v; want %d", tt.what, at, ok, tt.at)
		}
	}
}

func TestEncapsulateDoesNotAllocate(t *testing.T) {
	for _, kind := range tunnels {
		tunnel := &Tunnel{TunnelOptions: kind.options, Src: flow.V4(1), Dst: flow.V4(2), SrcPort: 40000}
		frame := append(make([]byte, burst.Headroom), families[0].packet...)[burst.Headroom-tunnel.Overhead():]
		if n := testing.AllocsPerRun(10, func() { tunnel.Encapsulate(frame, len(frame)) }); n != 0 {
			t.Errorf("%s: %v allocations", kind.name, n)
		}
	}
}
