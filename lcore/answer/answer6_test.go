package answer

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

var (
	client6 = netip.MustParseAddrPort("[fd16::1]:20001")
	vip6    = netip.MustParseAddrPort("[fd00::1]:80")
	from6   = flow.FromNetip(netip.MustParseAddr("fd08::fe"))
)

func echo6(p *burst.Packet) bool { return Echo6(p, l3, own) }
func rst6(p *burst.Packet) bool  { return Reset6(p, l3, own) }
func port6(p *burst.Packet) bool { return Unreachable6(p, l3, own, from6, wire.PortUnreachable6) }
func big6(p *burst.Packet) bool  { return TooBig6(p, l3, own, from6, 1400) }
func hop0(p *burst.Packet) bool  { return TimeExceeded6(p, l3, own, from6) }
func ndp(p *burst.Packet) bool   { return Neighbor(p, l3, own) }

func TestAnswers6(t *testing.T) {
	data := lcoretest.Payload(make([]byte, 100))
	ext := lcoretest.Extension(wire.DestOptions)
	fragments := lcoretest.Fragments6(lcoretest.UDP(client6, vip6, data), 64)
	all := netip.MustParseAddr("ff02::1")
	for _, tt := range []struct {
		name   string
		frame  []byte
		answer func(*burst.Packet) bool
		want   string // "": no answer
	}{
		{"echo", lcoretest.Echo(client6.Addr(), vip6.Addr(), 7, 8, data), echo6, "fd00::1 > fd16::1 icmp6 echo reply 7 seq 8 len 100 ttl 64 csum ok"},
		{"echo reply", lcoretest.EchoReply(client6.Addr(), vip6.Addr(), 7, 8), echo6, ""},
		{"echo with extension headers", lcoretest.Echo(client6.Addr(), vip6.Addr(), 7, 8, ext), echo6, ""},
		{"echo to a group", lcoretest.Echo(client6.Addr(), all, 7, 8), echo6, ""},
		{"echo to a group on the link", lcoretest.Echo(client6.Addr(), vip6.Addr(), 7, 8, lcoretest.Link(lcoretest.ClientMAC, wire.GroupMAC(wire.AllHosts))), echo6, ""},
		{"echo to a TCP segment", lcoretest.TCP(client6, vip6, "S"), echo6, ""},

		{"RST to SYN", lcoretest.TCP(client6, vip6, "S", lcoretest.Seq(41, 0), lcoretest.MSS(1440)), rst6, "fd00::1 > fd16::1 tcp 80>20001 RA seq 0 ack 42 ttl 64 csum ok"},
		{"RST to data and FIN without ACK", lcoretest.TCP(client6, vip6, "F", lcoretest.Seq(0xffffffff, 0), data, ext), rst6, "fd00::1 > fd16::1 tcp 80>20001 RA seq 0 ack 100 ttl 64 csum ok"},
		{"RST to ACK", lcoretest.TCP(client6, vip6, "A", lcoretest.Seq(41, 99)), rst6, "fd00::1 > fd16::1 tcp 80>20001 R seq 99 ttl 64 csum ok"},
		{"RST to RST", lcoretest.TCP(client6, vip6, "RA"), rst6, ""},
		{"RST to a fragment", lcoretest.Fragments6(lcoretest.TCP(client6, vip6, "A", data), 64)[0], rst6, ""},
		{"RST to a datagram", lcoretest.UDP(client6, vip6), rst6, ""},

		{"port unreachable", lcoretest.UDP(client6, vip6, data), port6, "fd08::fe > fd16::1 icmp6 1/4 (fd16::1 > fd00::1 udp 20001>80) ttl 64 csum ok"},
		{"too big", lcoretest.TCP(client6, vip6, "A", data), big6, "fd08::fe > fd16::1 icmp6 2/0 mtu 1400 (fd16::1 > fd00::1 tcp 20001>80) ttl 64 csum ok"},
		{"time exceeded", lcoretest.TCP(client6, vip6, "A", ext), hop0, "fd08::fe > fd16::1 icmp6 3/0 (fd16::1 > fd00::1 dest tcp 20001>80) ttl 64 csum ok"},
		{"about a first fragment", fragments[0], hop0, "fd08::fe > fd16::1 icmp6 3/0 (fd16::1 > fd00::1 frag udp 20001>80) ttl 64 csum ok"},
		{"about a later fragment", fragments[1], hop0, ""},
		{"about an echo", lcoretest.Echo(client6.Addr(), vip6.Addr(), 7, 8), big6, "fd08::fe > fd16::1 icmp6 2/0 mtu 1400 (fd16::1 > fd00::1 icmp6) ttl 64 csum ok"},
		{"F1.4: about an ICMPv6 error", lcoretest.ICMPError(client6.Addr(), vip6.Addr(), 1, 4, 0, lcoretest.UDP(vip6, client6)), big6, ""},
		{"about a group", lcoretest.UDP(client6, netip.MustParseAddrPort("[ff05::1]:9")), port6, ""},
		{"about loopback", lcoretest.UDP(netip.MustParseAddrPort("[::1]:9"), vip6), port6, ""},
		{"about IPv4", lcoretest.UDP(client, vip), port6, ""},

		{"solicitation", lcoretest.Solicitation(lcoretest.ClientMAC, client6.Addr(), vip6.Addr()), ndp, "fd00::1 > fd16::1 fd00::1 is at 02:00:00:00:00:02 flags RSO ttl 255 csum ok"},
		{"solicitation without a link address", lcoretest.Solicitation(lcoretest.ClientMAC, client6.Addr(), vip6.Addr(), lcoretest.Payload(vip6.Addr().AsSlice())), ndp, "fd00::1 > fd16::1 fd00::1 is at 02:00:00:00:00:02 flags RSO ttl 255 csum ok"},
		{"advertisement", lcoretest.Advertisement(lcoretest.ClientMAC, client6.Addr(), own, vip6.Addr(), 0x60), ndp, ""},
		{"a TCP segment", lcoretest.TCP(client6, vip6, "S"), ndp, ""},
	} {
		sent := play(t, tt.frame, 0, tt.answer)
		got := ""
		if sent != nil {
			got = lcoretest.Describe(sent)
			if link := lcoretest.DescribeLink(sent); link != "02:00:00:00:00:02 > 02:00:00:00:00:01" {
				t.Errorf("%s: link %s", tt.name, link)
			}
		}
		if got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// TestProbe: whoever tries an address of ours learns, with all others, that it is taken (RFC 4862 5.4.3).
func TestProbe(t *testing.T) {
	sent := play(t, lcoretest.Solicitation(lcoretest.ClientMAC, netip.IPv6Unspecified(), vip6.Addr()), 0, ndp)
	if got, want := lcoretest.Describe(sent), "fd00::1 > ff02::1 fd00::1 is at 02:00:00:00:00:02 flags RO ttl 255 csum ok"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := lcoretest.DescribeLink(sent), "02:00:00:00:00:02 > 33:33:00:00:00:01"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// How much an error quotes: all of a short packet, of a long one up to 1280 bytes in all, of one in segments the first.
func TestErrorQuotes6(t *testing.T) {
	for _, tt := range []struct{ payload, segment, quoted int }{{0, 0, 48}, {1184, 0, 1232}, {1185, 0, 1232}, {1472, 214, 200}, {8000, 0, 1232}} {
		frame := lcoretest.UDP(client6, vip6, lcoretest.Payload(bytes.Repeat([]byte{7}, tt.payload)))
		sent := play(t, frame, tt.segment, hop0)
		quote := sent[l3+errorLen6:]
		if len(quote) != tt.quoted || !bytes.Equal(quote, frame[l3:l3+tt.quoted]) || !strings.HasSuffix(lcoretest.Describe(sent), "csum ok") {
			t.Errorf("payload %d, segment %d: %d bytes quoted, want %d: %s", tt.payload, tt.segment, len(quote), tt.quoted, lcoretest.Describe(sent))
		}
	}
}

func TestNeighborFramesOfOurOwn(t *testing.T) {
	target := flow.FromNetip(client6.Addr())
	for _, tt := range []struct {
		frame      []byte
		link, want string
	}{
		{
			AppendSolicitation(nil, own, from6, wire.MAC{}, target),
			"02:00:00:00:00:02 > 33:33:ff:00:00:01", "fd08::fe > ff02::1:ff00:1 who has fd16::1, from 02:00:00:00:00:02 ttl 255 csum ok",
		},
		{
			AppendSolicitation([]byte("in front"), own, from6, lcoretest.ClientMAC, target)[len("in front"):],
			"02:00:00:00:00:02 > 02:00:00:00:00:01", "fd08::fe > fd16::1 who has fd16::1, from 02:00:00:00:00:02 ttl 255 csum ok",
		},
		{
			AppendAnnouncement(nil, own, flow.FromNetip(vip6.Addr())),
			"02:00:00:00:00:02 > 33:33:00:00:00:01", "fd00::1 > ff02::1 fd00::1 is at 02:00:00:00:00:02 flags RO ttl 255 csum ok",
		},
	} {
		if got := lcoretest.DescribeLink(tt.frame); got != tt.link {
			t.Errorf("got  %s\nwant %s", got, tt.link)
		}
		if got := lcoretest.Describe(tt.frame); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// FuzzAnswer6 is FuzzAnswer for IPv6.
func FuzzAnswer6(f *testing.F) {
	f.Add(lcoretest.Solicitation(lcoretest.ClientMAC, client6.Addr(), vip6.Addr()), uint16(0))
	f.Add(lcoretest.Solicitation(lcoretest.ClientMAC, netip.IPv6Unspecified(), vip6.Addr()), uint16(0))
	f.Add(lcoretest.Echo(client6.Addr(), vip6.Addr(), 7, 8, lcoretest.Payload(make([]byte, 99))), uint16(60))
	f.Add(lcoretest.TCP(client6, vip6, "PA", lcoretest.Extension(0), lcoretest.Payload([]byte("data"))), uint16(0))
	f.Add(lcoretest.UDP(client6, vip6, lcoretest.Payload(make([]byte, 1400))), uint16(300))
	f.Add(lcoretest.ICMPError(vip6.Addr(), client6.Addr(), 2, 0, 1400, lcoretest.TCP(client6, vip6, "S")), uint16(0))
	f.Fuzz(func(t *testing.T, frame []byte, segment uint16) {
		if len(frame) < l3 || len(frame) > 9000 {
			return
		}
		for name, answer := range map[string]func(*burst.Packet) bool{"echo": echo6, "rst": rst6, "hop": hop0, "big": big6, "ndp": ndp} {
			sent := play(t, frame, max(int(segment), l3), answer)
			if sent == nil {
				continue
			}
			got := lcoretest.Describe(append(append(sent[:12:12], 0x86, 0xdd), sent[l3:]...))
			if strings.HasPrefix(got, "malformed") || name != "echo" && !strings.HasSuffix(got, "csum ok") { // an echo's is wrong where the request's was
				t.Errorf("%s: %s", name, got)
			}
		}
	})
}

func TestAnswers6DoNotAllocate(t *testing.T) {
	segment := lcoretest.TCP(client6, vip6, "S")
	replay := lcoretest.NewReplay(lcoretest.NewPool(t, 1), lcoretest.Solicitation(lcoretest.ClientMAC, client6.Addr(), vip6.Addr()),
		lcoretest.Echo(client6.Addr(), vip6.Addr(), 7, 8), segment, segment, segment)
	answers := []func(*burst.Packet) bool{ndp, echo6, rst6, big6, hop0}
	pkts, i := make([]burst.Packet, 1), 0
	allocs := testing.AllocsPerRun(20, func() {
		replay.Receive(pkts)
		if !answers[i%len(answers)](&pkts[0]) {
			t.Errorf("answer %d was not made", i)
		}
		replay.Transmit(pkts)
		i++
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
