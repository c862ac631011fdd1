package rewrite

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/sequence"
	"cleat/lcore/wire"
)

var local, local6 = netip.MustParseAddrPort("10.9.0.100:1027"), netip.MustParseAddrPort("[fd09::100]:1027")

func end(ap netip.AddrPort) End { return End{flow.FromNetip(ap.Addr()), ap.Port()} }

// disguise makes of frame one from src to dst.
func disguise(frame []byte, src, dst netip.AddrPort) {
	if wire.Ethernet(frame).Type() == wire.TypeIPv6 {
		ip, u := packet6(frame)
		FullNAT6(ip, u, end(src), end(dst))
		return
	}
	FullNAT(packet(frame), end(src), end(dst))
}

// TestFullNAT: a packet becomes the one that would have been built between the other ends, over both families and all protocols.
func TestFullNAT(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to, src, dst := client, vip, local, rs
		if rapid.Bool().Draw(t, "IPv6") {
			from, to, src, dst = client6, vip6, local6, rs6
		}
		data := lcoretest.Payload(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "data"))
		build := map[string]func(src, dst netip.AddrPort, ttl uint8) []byte{
			"tcp": func(src, dst netip.AddrPort, ttl uint8) []byte {
				return lcoretest.TCP(src, dst, "PA", data, lcoretest.TTL(ttl))
			},
			"udp": func(src, dst netip.AddrPort, ttl uint8) []byte {
				return lcoretest.UDP(src, dst, data, lcoretest.TTL(ttl))
			},
			"sctp": func(src, dst netip.AddrPort, ttl uint8) []byte {
				return lcoretest.SCTP(src, dst, []uint8{0}, data, lcoretest.TTL(ttl))
			},
		}[rapid.SampledFrom([]string{"tcp", "udp", "sctp"}).Draw(t, "protocol")]
		frame := build(from, to, 64)
		disguise(frame, src, dst)
		if want := build(src, dst, 63); !bytes.Equal(frame, want) {
			t.Fatalf("got  %s\nwant %s", lcoretest.Describe(frame), lcoretest.Describe(want))
		}
	})
}

// TestFullNATFragments: a later fragment has no ports.
func TestFullNATFragments(t *testing.T) {
	data := lcoretest.Payload(make([]byte, 24))
	four, want4 := lcoretest.Fragments(lcoretest.UDP(client, vip, data, lcoretest.ID(9)), 16), lcoretest.Fragments(lcoretest.UDP(local, rs, data, lcoretest.ID(9), lcoretest.TTL(63)), 16)
	six, want6 := lcoretest.Fragments6(lcoretest.UDP(client6, vip6, data), 16), lcoretest.Fragments6(lcoretest.UDP(local6, rs6, data, lcoretest.TTL(63)), 16)
	for i := range four {
		disguise(four[i], local, rs)
		disguise(six[i], local6, rs6)
		if !bytes.Equal(four[i], want4[i]) || !bytes.Equal(six[i], want6[i]) {
			t.Errorf("fragment %d: %s\n%s", i, lcoretest.Describe(four[i]), lcoretest.Describe(six[i]))
		}
	}
}

// TestFullNATError: the error about a packet, sequence number and all, becomes the error about the packet as its sender knows it.
func TestFullNATError(t *testing.T) {
	var s sequence.Shift
	s.Begin(101, 5000, 0)
	at := func(seq uint32) lcoretest.Option { return lcoretest.Seq(seq, 9) }
	frame := lcoretest.ICMPError(router, local.Addr(), 3, 4, 1400, lcoretest.TCP(local, rs, "A", at(5200)))
	if !FullNATError(packet(frame), end(vip), end(client), &s) {
		t.Fatal("refused")
	}
	want := lcoretest.ICMPError(vip.Addr(), client.Addr(), 3, 4, 1400, lcoretest.TCP(client, vip, "A", at(200)), lcoretest.TTL(63))
	if !bytes.Equal(frame, want) {
		t.Errorf("got  %s\n%x\nwant %s\n%x", lcoretest.Describe(frame), frame, lcoretest.Describe(want), want)
	}

	frame = lcoretest.ICMPError(router6, local6.Addr(), 2, 0, 1400, lcoretest.TCP(local6, rs6, "A", at(5200)))
	ip, u := packet6(frame)
	if !FullNATError6(ip, u, end(vip6), end(client6), &s) {
		t.Fatal("IPv6: refused")
	}
	quoted := packet6Quote(ip, u)
	if got := binary.BigEndian.Uint32(quoted[4:]); got != 200 || wire.Checksum(u.Payload(ip), u.Pseudo(ip)) != 0 {
		t.Errorf("IPv6: sequence number %d, want 200, or the checksum is wrong: %s", got, lcoretest.Describe(frame))
	}

	if echo := packet(lcoretest.Echo(router, local.Addr(), 1, 2)); FullNATError(echo, end(vip), end(client), nil) {
		t.Error("an echo request was taken for an error")
	}
	if ip, u := packet6(lcoretest.Echo(router6, local6.Addr(), 1, 2)); FullNATError6(ip, u, end(vip6), end(client6), nil) {
		t.Error("IPv6: an echo request was taken for an error")
	}
}

// packet6Quote is the transport header that an ICMPv6 error quotes.
func packet6Quote(ip wire.IPv6, u wire.Upper) []byte {
	quote, _ := wire.ParseQuotedIPv6(wire.ICMP(u.Payload(ip)).Payload())
	about, _ := quote.Upper()
	return about.Payload(quote)
}

// TestSYNOptions: what is blanked is no longer there, room is made, all else stays, and so does the checksum right, wherever the options stand.
func TestSYNOptions(t *testing.T) {
	for _, odd := range []bool{false, true} {
		opts := []lcoretest.Option{lcoretest.MSS(1460), lcoretest.TCPOption(4), lcoretest.Timestamp(7, 0), lcoretest.TCPOption(3, 7)}
		if odd {
			opts = append([]lcoretest.Option{lcoretest.TCPOption(77, 1)}, opts...) // 3 bytes, so that those behind stand at odd offsets
		}
		frame := lcoretest.TCP(client, vip, "S", opts...)
		tcp := wire.TCP(packet(frame).Payload())
		Blank(tcp, wire.OptionTimestamp)
		LowerMSS(tcp, 20)
		if got, want := lcoretest.Describe(frame), "10.8.0.2 > 10.0.0.1 tcp 20001>80 S seq 1 mss 1440 ttl 64 csum ok"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if !bytes.Contains(tcp.Options(), []byte{4, 2}) || !bytes.Contains(tcp.Options(), []byte{3, 3, 7}) {
			t.Errorf("other options are gone: %x", tcp.Options())
		}
	}
	small := lcoretest.TCP(client, vip, "S", lcoretest.MSS(90))
	LowerMSS(packet(small).Payload(), 100)
	if got, want := lcoretest.Describe(small), "10.8.0.2 > 10.0.0.1 tcp 20001>80 S seq 1 mss 88 ttl 64 csum ok"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
