package rewrite

import (
	"bytes"
	"net/netip"
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	client6 = netip.MustParseAddrPort("[fd16::1]:20001")
	vip6    = netip.MustParseAddrPort("[fd00::1]:80")
	rs6     = netip.MustParseAddrPort("[fd09::7]:8080")
	router6 = netip.MustParseAddr("fd08::9")
)

// packet6 returns the IPv6 packet in frame, and what it carries.
func packet6(frame []byte) (wire.IPv6, wire.Upper) {
	ip, ok := wire.ParseIPv6(frame[wire.EthernetLen:], len(frame)-wire.EthernetLen)
	u, whole := ip.Upper()
	if !ok || !whole {
		panic("no IPv6 packet: " + lcoretest.Describe(frame))
	}
	return ip, u
}

func in6(ip wire.IPv6, u wire.Upper)  { NATIn6(ip, u, flow.FromNetip(rs6.Addr()), rs6.Port()) }
func out6(ip wire.IPv6, u wire.Upper) { NATOut6(ip, u, flow.FromNetip(vip6.Addr()), vip6.Port()) }

func TestRewrite6(t *testing.T) {
	data := lcoretest.Payload([]byte("abc"))
	hop, dest := lcoretest.Extension(wire.HopByHop), lcoretest.Extension(wire.DestOptions)
	fragments := lcoretest.Fragments6(lcoretest.UDP(client6, vip6, lcoretest.Payload(make([]byte, 24))), 16)
	wrong := lcoretest.TCP(client6, vip6, "S")
	wrong[wire.EthernetLen+wire.IPv6Len+16] ^= 1
	for _, tt := range []struct {
		name    string
		frame   []byte
		rewrite func(wire.IPv6, wire.Upper)
		want    string
	}{
		{"NAT in", lcoretest.TCP(client6, vip6, "S"), in6, "fd16::1 > fd09::7 tcp 20001>8080 S seq 1 ttl 63 csum ok"},
		{"NAT out", lcoretest.TCP(rs6, client6, "SA", data), out6, "fd00::1 > fd16::1 tcp 80>20001 SA seq 1 ack 0 len 3 ttl 63 csum ok"},
		{"behind extension headers", lcoretest.TCP(client6, vip6, "S", hop, dest, lcoretest.MSS(1440)), in6, "fd16::1 > fd09::7 hop dest tcp 20001>8080 S seq 1 mss 1440 ttl 63 csum ok"},
		{"UDP in", lcoretest.UDP(client6, vip6, data), in6, "fd16::1 > fd09::7 udp 20001>8080 len 3 ttl 63 csum ok"},
		{"UDP out", lcoretest.UDP(rs6, client6, data), out6, "fd00::1 > fd16::1 udp 80>20001 len 3 ttl 63 csum ok"},
		{"F1.8: none is computed", lcoretest.UDP(client6, vip6, lcoretest.NoChecksum(), data, dest), in6, "fd16::1 > fd09::7 dest udp 20001>8080 len 3 ttl 63 csum ok"},
		{"last fragment", bytes.Clone(fragments[1]), in6, "fd16::1 > fd09::7 frag udp fragment 16+16 of 9 ttl 63 csum ok"},
		{"last fragment out", lcoretest.Fragments6(lcoretest.UDP(rs6, client6, lcoretest.Payload(make([]byte, 24))), 16)[1], out6, "fd00::1 > fd16::1 frag udp fragment 16+16 of 9 ttl 63 csum ok"},
		{"direct routing", lcoretest.UDP(client6, vip6, data), func(ip wire.IPv6, _ wire.Upper) { Forward6(ip) }, "fd16::1 > fd00::1 udp 20001>80 len 3 ttl 63 csum ok"},
		{"a wrong checksum stays wrong", wrong, in6, "fd16::1 > fd09::7 tcp 20001>8080 S seq 1 ttl 63 csum bad tcp"},
	} {
		tt.rewrite(packet6(tt.frame))
		if got := lcoretest.Describe(tt.frame); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// TestSCTPOverIPv6: its checksum knows no addresses, so only the port may change it.
func TestSCTPOverIPv6(t *testing.T) {
	for _, out := range []bool{false, true} {
		frame := lcoretest.SCTP(client6, vip6, []uint8{wire.ChunkInit})
		rewrite, port := in6, rs6.Port()
		if out {
			rewrite, port = out6, vip6.Port()
		}
		ip, u := packet6(frame)
		wire.SCTP(u.Payload(ip)).SetChecksum()
		rewrite(ip, u)
		sctp, ports := wire.SCTP(u.Payload(ip)), wire.Ports(u.Payload(ip))
		if !sctp.ChecksumOK() || !out && ports.Dst() != port || out && ports.Src() != port {
			t.Errorf("out %v: %d>%d, checksum right %v", out, ports.Src(), ports.Dst(), sctp.ChecksumOK())
		}
	}
}

// The fragments of a rewritten datagram must be those that the receiver can put together and verify.
func TestFragments6AreRewrittenAlike(t *testing.T) {
	whole := lcoretest.UDP(client6, vip6, lcoretest.Payload([]byte("a datagram in three fragments, or a few")))
	var joined []byte
	for _, frame := range lcoretest.Fragments6(whole, 16) {
		ip, u := packet6(frame)
		in6(ip, u)
		joined = append(joined, u.Payload(ip)...)
	}
	ip, u := packet6(whole)
	in6(ip, u)
	if diff := cmp.Diff(u.Payload(ip), joined); diff != "" {
		t.Error(diff)
	}
}

// Without all of the datagram in hand, a missing checksum stays missing.
func TestUDPWithoutChecksumInSegments6(t *testing.T) {
	frame := lcoretest.UDP(client6, vip6, lcoretest.NoChecksum(), lcoretest.Payload(make([]byte, 100)))
	ip, _ := wire.ParseIPv6(frame[wire.EthernetLen:90], len(frame)-wire.EthernetLen)
	u, _ := ip.Upper()
	in6(ip, u)
	if got, want := lcoretest.Describe(frame), "fd16::1 > fd09::7 udp 20001>8080 len 100 ttl 63 csum none"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func errorIn6(ip wire.IPv6, u wire.Upper) bool {
	return NATErrorIn6(ip, u, flow.FromNetip(rs6.Addr()), rs6.Port())
}

func errorOut6(ip wire.IPv6, u wire.Upper) bool {
	return NATErrorOut6(ip, u, flow.FromNetip(vip6.Addr()), vip6.Port())
}

func TestNATError6(t *testing.T) {
	sentIn, sentOut := lcoretest.TCP(client6, rs6, "S"), lcoretest.UDP(vip6, client6)
	for _, tt := range []struct {
		name    string
		frame   []byte
		rewrite func(wire.IPv6, wire.Upper) bool
		want    string // "": refused
	}{
		{
			"C7.3", lcoretest.ICMPError(router6, vip6.Addr(), 2, 0, 1400, sentOut), errorIn6,
			"fd08::9 > fd09::7 icmp6 2/0 mtu 1400 (fd09::7 > fd16::1 udp 8080>20001) ttl 63 csum ok",
		},
		{
			"C7.4", lcoretest.ICMPError(rs6.Addr(), client6.Addr(), 1, 4, 0, sentIn), errorOut6,
			"fd00::1 > fd16::1 icmp6 1/4 (fd16::1 > fd00::1 tcp 20001>80) ttl 63 csum ok",
		},
		{
			"about a packet with extension headers, in one", lcoretest.ICMPError(rs6.Addr(), client6.Addr(), 3, 0, 0,
				lcoretest.TCP(client6, rs6, "S", lcoretest.Extension(wire.HopByHop)), lcoretest.Extension(wire.DestOptions)), errorOut6,
			"fd00::1 > fd16::1 dest icmp6 3/0 (fd16::1 > fd00::1 hop tcp 20001>80) ttl 63 csum ok",
		},
		{"about a later fragment", lcoretest.ICMPError(router6, vip6.Addr(), 3, 0, 0, lcoretest.Fragments6(lcoretest.UDP(vip6, client6, lcoretest.Payload(make([]byte, 40))), 24)[1]), errorIn6, ""},
		{"no quote", lcoretest.ICMPError(router6, vip6.Addr(), 1, 3, 0, sentOut[:30]), errorIn6, ""},
		{"no ports", lcoretest.ICMPError(router6, vip6.Addr(), 1, 3, 0, sentOut[:56]), errorOut6, ""},
		{"an echo", lcoretest.Echo(rs6.Addr(), client6.Addr(), 1, 2, lcoretest.Payload(sentIn[14:])), errorOut6, ""},
	} {
		before := bytes.Clone(tt.frame)
		got := ""
		if tt.rewrite(packet6(tt.frame)) {
			got = lcoretest.Describe(tt.frame)
		} else if !bytes.Equal(before, tt.frame) {
			t.Errorf("%s: refused but changed", tt.name)
		}
		if got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// Whatever goes in to a real server and comes back arrives as it left, but for two hops.
func TestNATOut6UndoesNATIn6(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		addr := rapid.Custom(func(t *rapid.T) netip.AddrPort {
			a := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address"))
			a[0] = 0x20
			return netip.AddrPortFrom(netip.AddrFrom16(a), rapid.Uint16().Draw(t, "port"))
		})
		src, dst, server := addr.Draw(t, "client"), addr.Draw(t, "vip"), addr.Draw(t, "rs")
		payload := lcoretest.Payload(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "payload"))
		build := func(src, dst netip.AddrPort, ttl uint8) []byte {
			return lcoretest.UDP(src, dst, payload, lcoretest.TTL(ttl))
		}
		if rapid.Bool().Draw(t, "tcp") {
			build = func(src, dst netip.AddrPort, ttl uint8) []byte {
				return lcoretest.TCP(src, dst, "A", payload, lcoretest.TTL(ttl))
			}
		}
		frame := build(src, dst, 64)
		ip, u := packet6(frame)
		NATIn6(ip, u, flow.FromNetip(server.Addr()), server.Port())
		if diff := cmp.Diff(build(src, server, 63), frame); diff != "" {
			t.Fatal(diff)
		}
		back := build(server, src, 64)
		ip, u = packet6(back)
		NATOut6(ip, u, flow.FromNetip(dst.Addr()), dst.Port())
		if diff := cmp.Diff(build(dst, src, 63), back); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestRewrite6DoesNotAllocate(t *testing.T) {
	tcp, u := packet6(lcoretest.TCP(client6, vip6, "A"))
	about, e := packet6(lcoretest.ICMPError(router6, vip6.Addr(), 2, 0, 1400, lcoretest.UDP(vip6, client6)))
	allocs := testing.AllocsPerRun(10, func() {
		in6(tcp, u)
		out6(tcp, u)
		Forward6(tcp)
		errorIn6(about, e)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// FuzzNATError6 is FuzzNATError for IPv6.
func FuzzNATError6(f *testing.F) {
	f.Add(lcoretest.ICMPError(router6, vip6.Addr(), 2, 0, 1400, lcoretest.UDP(vip6, client6))[wire.EthernetLen:], false)
	f.Add(lcoretest.ICMPError(rs6.Addr(), client6.Addr(), 1, 4, 0, lcoretest.TCP(client6, rs6, "S"))[wire.EthernetLen:], true)
	f.Add(lcoretest.ICMPError(router6, vip6.Addr(), 3, 0, 0, lcoretest.TCP(vip6, client6, "S", lcoretest.Extension(0)), lcoretest.Extension(60))[wire.EthernetLen:], false)
	f.Fuzz(func(t *testing.T, b []byte, out bool) {
		ip, ok := wire.ParseIPv6(b, len(b))
		if !ok || ip.HopLimit() <= 1 {
			return
		}
		u, ok := ip.Upper()
		if !ok || !u.ICMPv6() {
			return
		}
		before := bytes.Clone(b)
		right := wire.Checksum(u.Payload(ip), u.Pseudo(ip)) == 0
		rewrite := errorIn6
		if out {
			rewrite = errorOut6
		}
		if !rewrite(ip, u) && !bytes.Equal(b, before) {
			t.Errorf("refused but changed: %x", before)
		}
		if (wire.Checksum(u.Payload(ip), u.Pseudo(ip)) == 0) != right {
			t.Errorf("checksum of %x spoilt: %x", before, b)
		}
	})
}

// One operation is one packet.
func BenchmarkNATIn6(b *testing.B) {
	ip, u := packet6(lcoretest.TCP(client6, vip6, "A", lcoretest.TTL(255)))
	addr, port := flow.FromNetip(rs6.Addr()), rs6.Port()
	for b.Loop() {
		NATIn6(ip, u, addr, port)
	}
}
