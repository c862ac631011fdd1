package rewrite

import (
	"bytes"
	"math/bits"
	"net/netip"
	"slices"
	"testing"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	client = netip.MustParseAddrPort("10.8.0.2:20001")
	vip    = netip.MustParseAddrPort("10.0.0.1:80")
	rs     = netip.MustParseAddrPort("192.168.0.7:8080")
	router = netip.MustParseAddr("10.8.0.1")
)

func v4(a netip.Addr) uint32 { return flow.FromNetip(a).Uint32() }

// packet returns the IPv4 packet in frame.
func packet(frame []byte) wire.IPv4 {
	ip, ok := wire.ParseIPv4(frame[wire.EthernetLen:], len(frame)-wire.EthernetLen)
	if !ok {
		panic("not an IPv4 packet: " + lcoretest.Describe(frame))
	}
	return ip
}

func in(ip wire.IPv4)  { NATIn(ip, v4(rs.Addr()), rs.Port()) }
func out(ip wire.IPv4) { NATOut(ip, v4(vip.Addr()), vip.Port()) }

func TestRewrite(t *testing.T) {
	data := lcoretest.Payload([]byte("abc"))
	fragments := lcoretest.Fragments(lcoretest.UDP(client, vip, lcoretest.ID(9), lcoretest.Payload(make([]byte, 24))), 16)
	for _, tt := range []struct {
		name    string
		frame   []byte
		rewrite func(wire.IPv4)
		want    string
	}{
		{"NAT in", lcoretest.TCP(client, vip, "S"), in, "10.8.0.2 > 192.168.0.7 tcp 20001>8080 S seq 1 ttl 63 csum ok"},
		{"NAT out", lcoretest.TCP(rs, client, "SA", data), out, "10.0.0.1 > 10.8.0.2 tcp 80>20001 SA seq 1 ack 0 len 3 ttl 63 csum ok"},
		{"with options", lcoretest.TCP(client, vip, "S", lcoretest.RouterAlert(), lcoretest.MSS(1460)), in, "10.8.0.2 > 192.168.0.7 tcp 20001>8080 S seq 1 mss 1460 ttl 63 csum ok"},
		{"the last hop", lcoretest.TCP(client, vip, "S", lcoretest.TTL(2)), in, "10.8.0.2 > 192.168.0.7 tcp 20001>8080 S seq 1 ttl 1 csum ok"},
		{"UDP in", lcoretest.UDP(client, vip, data), in, "10.8.0.2 > 192.168.0.7 udp 20001>8080 len 3 ttl 63 csum ok"},
		{"UDP out", lcoretest.UDP(rs, client, data), out, "10.0.0.1 > 10.8.0.2 udp 80>20001 len 3 ttl 63 csum ok"},
		{"F1.8: none is computed", lcoretest.UDP(client, vip, lcoretest.NoChecksum(), data), in, "10.8.0.2 > 192.168.0.7 udp 20001>8080 len 3 ttl 63 csum ok"},
		{"first fragment", bytes.Clone(fragments[0]), in, "10.8.0.2 > 192.168.0.7 udp fragment 0+16 of 9 ttl 63 csum ok"},
		{"last fragment", bytes.Clone(fragments[1]), in, "10.8.0.2 > 192.168.0.7 udp fragment 16+16 of 9 ttl 63 csum ok"},
		{"direct routing", lcoretest.UDP(client, vip, data), Forward, "10.8.0.2 > 10.0.0.1 udp 20001>80 len 3 ttl 63 csum ok"},
		{"a wrong checksum stays wrong", wrong(lcoretest.TCP(client, vip, "S")), in, "10.8.0.2 > 192.168.0.7 tcp 20001>8080 S seq 1 ttl 63 csum bad tcp"},
	} {
		tt.rewrite(packet(tt.frame))
		if got := lcoretest.Describe(tt.frame); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// wrong spoils the TCP checksum of an untagged frame without options.
func wrong(frame []byte) []byte {
	frame[wire.EthernetLen+wire.IPv4Len+16] ^= 1
	return frame
}

// The fragments of a rewritten datagram must be those that the receiver can put together and verify.
func TestFragmentsAreRewrittenAlike(t *testing.T) {
	payload := lcoretest.Payload([]byte("a datagram in three fragments, or a few"))
	whole := lcoretest.UDP(client, vip, lcoretest.ID(9), payload)
	var joined []byte
	for _, frame := range lcoretest.Fragments(whole, 16) {
		in(packet(frame))
		joined = append(joined, packet(frame).Payload()...)
	}
	in(packet(whole))
	if diff := cmp.Diff([]byte(packet(whole).Payload()), joined); diff != "" {
		t.Error(diff)
	}
}

// Without all of the datagram in hand, a missing checksum stays missing.
func TestUDPWithoutChecksumInSegments(t *testing.T) {
	frame := lcoretest.UDP(client, vip, lcoretest.NoChecksum(), lcoretest.Payload(make([]byte, 100)))
	ip, _ := wire.ParseIPv4(frame[wire.EthernetLen:90], len(frame)-wire.EthernetLen)
	in(ip)
	if got, want := lcoretest.Describe(frame), "10.8.0.2 > 192.168.0.7 udp 20001>8080 len 100 ttl 63 csum none"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNATError(t *testing.T) {
	sentIn, sentOut := lcoretest.TCP(client, rs, "S"), lcoretest.UDP(vip, client)
	errorIn := func(ip wire.IPv4) bool { return NATErrorIn(ip, v4(rs.Addr()), rs.Port()) }
	errorOut := func(ip wire.IPv4) bool { return NATErrorOut(ip, v4(vip.Addr()), vip.Port()) }
	for _, tt := range []struct {
		name    string
		frame   []byte
		rewrite func(wire.IPv4) bool
		want    string // "": refused
	}{
		{
			"C7.3", lcoretest.ICMPError(router, vip.Addr(), 3, 4, 1400, sentOut), errorIn,
			"10.8.0.1 > 192.168.0.7 icmp 3/4 mtu 1400 (192.168.0.7 > 10.8.0.2 udp 8080>20001 csum ok) ttl 63 csum ok",
		},
		{
			"C7.4", lcoretest.ICMPError(rs.Addr(), client.Addr(), 3, 3, 0, sentIn), errorOut,
			"10.0.0.1 > 10.8.0.2 icmp 3/3 (10.8.0.2 > 10.0.0.1 tcp 20001>80 csum ok) ttl 63 csum ok",
		},
		{"about a later fragment", lcoretest.ICMPError(router, vip.Addr(), 11, 0, 0, lcoretest.Fragments(lcoretest.UDP(vip, client, lcoretest.Payload(make([]byte, 40))), 24)[1]), errorIn, ""},
		{"no quote", lcoretest.ICMPError(router, vip.Addr(), 3, 3, 0, sentOut[:20]), errorIn, ""},
		{"no ports", lcoretest.ICMPError(router, vip.Addr(), 3, 3, 0, sentOut[:37]), errorIn, ""},
		{"an echo", lcoretest.Echo(rs.Addr(), client.Addr(), 1, 2, lcoretest.Payload(sentIn[14:])), errorOut, ""},
		{"no message", lcoretest.ICMPError(router, vip.Addr(), 3, 3, 0, sentOut)[:wire.EthernetLen+wire.IPv4Len+4], errorIn, ""},
	} {
		before := bytes.Clone(tt.frame)
		ip, ok := wire.ParseQuotedIPv4(tt.frame[wire.EthernetLen:])
		ok = ok && tt.rewrite(ip)
		got := ""
		if ok {
			got = lcoretest.Describe(tt.frame)
		} else if !bytes.Equal(before, tt.frame) {
			t.Errorf("%s: refused but changed", tt.name)
		}
		if got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestLink(t *testing.T) {
	frame := lcoretest.TCP(client, vip, "S")
	from, to := wire.MAC(lcoretest.DirectorMAC), wire.MAC(lcoretest.RealMAC)
	Link(frame, &from, &to)
	if got, want := lcoretest.DescribeLink(frame), "02:00:00:00:00:02 > 02:00:00:00:00:03"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Whatever goes in to a real server and comes back arrives as it left, but for two hops.
func TestNATOutUndoesNATIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		addr := rapid.Custom(func(t *rapid.T) netip.AddrPort {
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address"))), rapid.Uint16().Draw(t, "port"))
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
		NATIn(packet(frame), v4(server.Addr()), server.Port())
		if diff := cmp.Diff(build(src, server, 63), frame); diff != "" {
			t.Fatal(diff)
		}
		back := build(server, src, 64)
		NATOut(packet(back), v4(dst.Addr()), dst.Port())
		if diff := cmp.Diff(build(dst, src, 63), back); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestRewriteDoesNotAllocate(t *testing.T) {
	tcp, none := packet(lcoretest.TCP(client, vip, "A")), packet(lcoretest.UDP(client, vip, lcoretest.NoChecksum()))
	about := packet(lcoretest.ICMPError(router, vip.Addr(), 3, 4, 1400, lcoretest.UDP(vip, client)))
	allocs := testing.AllocsPerRun(10, func() {
		in(tcp)
		out(tcp)
		in(none)
		Forward(tcp)
		NATErrorIn(about, v4(rs.Addr()), rs.Port())
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// One operation is one packet, of a burst of different ones as in the data path.
func BenchmarkNATIn(b *testing.B) {
	for name, frame := range map[string][]byte{"tcp": lcoretest.TCP(client, vip, "A"), "udp": lcoretest.UDP(client, vip)} {
		var packets [burst.Size]wire.IPv4
		for i := range packets {
			packets[i] = packet(bytes.Clone(frame))
		}
		b.Run(name, func(b *testing.B) {
			addr, port, i := v4(rs.Addr()), rs.Port(), 0
			for b.Loop() {
				NATIn(packets[i%burst.Size], addr, port)
				i++
			}
		})
	}
}

// TestPlain: what wire.Plain does to a plain frame is what NATIn and NATOut do, and Forward.
func TestPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frame := make([]byte, 60)
		ip := wire.IPv4(frame[wire.EthernetLen:])
		proto := rapid.SampledFrom([]uint8{flow.TCP, flow.UDP}).Draw(t, "proto")
		ip.Set(0, 46, rapid.ByteRange(2, 255).Draw(t, "ttl"), proto, rapid.Uint32().Draw(t, "src"), rapid.Uint32().Draw(t, "dst"))
		for i := wire.IPv4Len; i < len(ip); i++ {
			ip[i] = rapid.Byte().Draw(t, "byte")
		}
		if proto == flow.UDP {
			ip[wire.IPv4Len+7] |= 1 // a checksum is there
		}
		addr, port := rapid.Uint32().Draw(t, "addr"), rapid.Uint16().Draw(t, "port")
		for name, do := range map[string]func(*wire.Plain, wire.IPv4){
			"in": func(p *wire.Plain, ip wire.IPv4) {
				update(p)(p.SetDst(bits.ReverseBytes32(addr), bits.ReverseBytes16(port)))
				NATIn(ip, addr, port)
			},
			"out": func(p *wire.Plain, ip wire.IPv4) {
				update(p)(p.SetSrc(bits.ReverseBytes32(addr), bits.ReverseBytes16(port)))
				NATOut(ip, addr, port)
			},
			"forward": func(p *wire.Plain, ip wire.IPv4) { p.Older(0); Forward(ip) },
		} {
			plain, general := slices.Clone(frame), slices.Clone(frame)
			do(wire.AsPlain(plain), wire.IPv4(general[wire.EthernetLen:wire.EthernetLen+46]))
			if !bytes.Equal(plain, general) {
				t.Fatalf("%s of %x:\n%x, want\n%x", name, frame, plain, general)
			}
		}
	})
}

// update makes a plain frame older and brings its checksums up to date with changes of address and port.
func update(p *wire.Plain) func(address, port uint64) {
	return func(address, port uint64) {
		p.Older(address)
		if p.Protocol() == flow.TCP {
			p.UpdateTCP(address + port)
		} else {
			p.UpdateUDP(address + port)
		}
	}
}

// TestOuter: the outer header that wire.Plain writes is that of an ipip Tunnel.
func TestOuter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const headroom = wire.IPv4Len
		total := rapid.IntRange(wire.PlainLen-wire.EthernetLen, 100).Draw(t, "total")
		frame := make([]byte, headroom+wire.EthernetLen+total)
		ip := wire.IPv4(frame[headroom+wire.EthernetLen:])
		ip.Set(rapid.Byte().Draw(t, "tos"), total, rapid.Byte().Draw(t, "ttl"), flow.TCP, rapid.Uint32().Draw(t, "src"), rapid.Uint32().Draw(t, "dst"))
		if rapid.Bool().Draw(t, "fragments") {
			ip.AllowFragments(7)
		}
		pmtu, id := rapid.Bool().Draw(t, "PMTU"), rapid.Uint16().Draw(t, "id")
		tunnel := Tunnel{Src: flow.V4(rapid.Uint32().Draw(t, "own")), Dst: flow.V4(rapid.Uint32().Draw(t, "server")), ID: id, DontFragment: pmtu && ip.DontFragment()}

		want := slices.Clone(frame)
		tunnel.Encapsulate(want[wire.EthernetLen:], headroom+total)
		outer, ttl := wire.AsPlain(frame[headroom:]).Outer(id, pmtu), ip.TTL()
		ends := uint64(bits.ReverseBytes32(tunnel.Src.Uint32())) | uint64(bits.ReverseBytes32(tunnel.Dst.Uint32()))<<32
		wire.AsPlain(frame).SetOuter(outer, ttl, ends)
		if !bytes.Equal(frame[wire.EthernetLen:], want[wire.EthernetLen:]) || wire.Ethernet(frame).Type() != wire.TypeIPv4 {
			t.Fatalf("%x, want\n%x", frame, want)
		}
	})
}
