package answer

import (
	"bytes"
	"net/netip"
	"testing"

	"cleat/lcore/burst"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"

	"github.com/google/go-cmp/cmp"
)

const (
	l3     = wire.EthernetLen
	fromIP = 0x0a0800fe // 10.8.0.254, an address of the director's
)

var (
	client = netip.MustParseAddrPort("10.8.0.2:20001")
	vip    = netip.MustParseAddrPort("10.0.0.1:80")
	own    = wire.MAC(lcoretest.DirectorMAC)
)

func echo(p *burst.Packet) bool { return Echo(p, l3, own) }
func arp(p *burst.Packet) bool  { return ARP(p, l3, own) }
func rst(p *burst.Packet) bool  { return Reset(p, l3, own) }
func port(p *burst.Packet) bool { return Unreachable(p, l3, own, fromIP, wire.PortUnreachable) }
func frag(p *burst.Packet) bool { return FragmentationNeeded(p, l3, own, fromIP, 1400) }
func ttl0(p *burst.Packet) bool { return TimeExceeded(p, l3, own, fromIP) }

// play has frame received by a port, in segments if segment is not 0, answered, and sent. It returns what was
// sent, nil if there was no answer.
func play(t testing.TB, frame []byte, segment int, answer func(*burst.Packet) bool) []byte {
	t.Helper()
	pool := lcoretest.NewPool(t, 1)
	port := lcoretest.NewPort(pool, 1)
	port.Segment = segment
	port.Inject(0, frame)
	pkts := make([]burst.Packet, 1)
	port.Queue(0).Receive(pkts)
	before, first := pkts[0], bytes.Clone(pkts[0].Data)
	if answer(&pkts[0]) {
		port.Queue(0).Transmit(pkts)
		return port.Sent()[0]
	}
	if !bytes.Equal(pkts[0].Data, first) || pkts[0].Len != before.Len || pkts[0].Segments != before.Segments || pkts[0].Headroom != before.Headroom {
		t.Errorf("no answer, but the packet was changed: %s", lcoretest.Describe(frame))
	}
	pool.Free(pkts)
	return nil
}

func TestAnswers(t *testing.T) {
	data := lcoretest.Payload(make([]byte, 100))
	reserved := netip.MustParseAddrPort("240.0.0.1:9")
	for _, tt := range []struct {
		name   string
		frame  []byte
		answer func(*burst.Packet) bool
		want   string // "": no answer
	}{
		{"ARP request", lcoretest.ARPRequest(lcoretest.ClientMAC, client.Addr(), vip.Addr()), arp, "arp 10.0.0.1 is at 02:00:00:00:00:02, to 10.8.0.2 at 02:00:00:00:00:01"},
		{"ARP reply", lcoretest.ARPReply(lcoretest.ClientMAC, client.Addr(), own, vip.Addr()), arp, ""},
		{"ARP request from a group", lcoretest.ARPRequest(wire.Broadcast, client.Addr(), vip.Addr(), lcoretest.Link(lcoretest.ClientMAC, own)), arp, ""},
		{"no ARP at all", lcoretest.TCP(client, vip, "S"), arp, ""},

		{"echo", lcoretest.Echo(client.Addr(), vip.Addr(), 7, 8, data), echo, "10.0.0.1 > 10.8.0.2 icmp echo reply 7 seq 8 len 100 ttl 64 csum ok"},
		{"empty echo", lcoretest.Echo(client.Addr(), vip.Addr(), 7, 8, lcoretest.TTL(1)), echo, "10.0.0.1 > 10.8.0.2 icmp echo reply 7 seq 8 ttl 64 csum ok"},
		{"echo reply", lcoretest.EchoReply(client.Addr(), vip.Addr(), 7, 8), echo, ""},
		{"fragment of an echo", lcoretest.Fragments(lcoretest.Echo(client.Addr(), vip.Addr(), 7, 8, data), 64)[0], echo, ""},
		{"echo with options", lcoretest.Echo(client.Addr(), vip.Addr(), 7, 8, lcoretest.RouterAlert()), echo, ""},
		{"echo to all on the link", lcoretest.Echo(client.Addr(), vip.Addr(), 7, 8, lcoretest.Link(lcoretest.ClientMAC, wire.Broadcast)), echo, ""},
		{"echo to a group", lcoretest.Echo(client.Addr(), netip.MustParseAddr("224.0.0.1"), 7, 8), echo, ""},
		{"echo from nobody", lcoretest.Echo(netip.MustParseAddr("0.0.0.0"), vip.Addr(), 7, 8), echo, ""},
		{"echo to a TCP segment", lcoretest.TCP(client, vip, "S"), echo, ""},

		{"RST to SYN", lcoretest.TCP(client, vip, "S", lcoretest.Seq(41, 0), lcoretest.MSS(1460)), rst, "10.0.0.1 > 10.8.0.2 tcp 80>20001 RA seq 0 ack 42 ttl 64 csum ok"},
		{"RST to ACK", lcoretest.TCP(client, vip, "A", lcoretest.Seq(41, 99)), rst, "10.0.0.1 > 10.8.0.2 tcp 80>20001 R seq 99 ttl 64 csum ok"},
		{"RST to data", lcoretest.TCP(client, vip, "PA", lcoretest.Seq(41, 99), data), rst, "10.0.0.1 > 10.8.0.2 tcp 80>20001 R seq 99 ttl 64 csum ok"},
		{"RST to data and FIN without ACK", lcoretest.TCP(client, vip, "F", lcoretest.Seq(0xffffffff, 0), data, lcoretest.RouterAlert()), rst, "10.0.0.1 > 10.8.0.2 tcp 80>20001 RA seq 0 ack 100 ttl 64 csum ok"},
		{"RST to RST", lcoretest.TCP(client, vip, "R"), rst, ""},
		{"RST to RST ACK", lcoretest.TCP(client, vip, "RA"), rst, ""},
		{"RST to a damaged segment", damaged(lcoretest.TCP(client, vip, "S")), rst, ""},
		{"RST to a reserved address", lcoretest.TCP(reserved, vip, "S"), rst, ""},
		{"RST to a fragment", lcoretest.Fragments(lcoretest.TCP(client, vip, "A", data), 64)[0], rst, ""},
		{"RST to a datagram", lcoretest.UDP(client, vip, data), rst, ""},

		{"port unreachable", lcoretest.UDP(client, vip, data), port, "10.8.0.254 > 10.8.0.2 icmp 3/3 (10.8.0.2 > 10.0.0.1 udp 20001>80 csum ok) ttl 64 csum ok"},
		{"fragmentation needed", lcoretest.TCP(client, vip, "A", lcoretest.DF(), data), frag, "10.8.0.254 > 10.8.0.2 icmp 3/4 mtu 1400 (10.8.0.2 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"},
		{"time exceeded", lcoretest.TCP(client, vip, "A", lcoretest.TTL(1)), ttl0, "10.8.0.254 > 10.8.0.2 icmp 11/0 (10.8.0.2 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"},
		{"about an echo", lcoretest.Echo(client.Addr(), vip.Addr(), 7, 8, lcoretest.TTL(1)), ttl0, "10.8.0.254 > 10.8.0.2 icmp 11/0 (10.8.0.2 > 10.0.0.1 icmpv4 csum ok) ttl 64 csum ok"},
		{"about a first fragment", lcoretest.Fragments(lcoretest.UDP(client, vip, data), 64)[0], ttl0, "10.8.0.254 > 10.8.0.2 icmp 11/0 (10.8.0.2 > 10.0.0.1 udp 20001>80 csum ok) ttl 64 csum ok"},
		{"about a later fragment", lcoretest.Fragments(lcoretest.UDP(client, vip, data), 64)[1], ttl0, ""},
		{"about an ICMP error", lcoretest.ICMPError(client.Addr(), vip.Addr(), 3, 3, 0, lcoretest.UDP(vip, client)), port, ""},
		{"about a broadcast", lcoretest.UDP(client, netip.MustParseAddrPort("255.255.255.255:67")), port, ""},
		{"about a broadcast on the link", lcoretest.UDP(client, vip, lcoretest.Link(lcoretest.ClientMAC, wire.Broadcast)), port, ""},
		{"about a group", lcoretest.UDP(client, netip.MustParseAddrPort("239.1.2.3:5")), port, ""},
		{"about loopback", lcoretest.UDP(netip.MustParseAddrPort("127.0.0.1:5"), vip), port, ""},
		{"about IPv6", lcoretest.UDP(netip.MustParseAddrPort("[fd00::1]:5"), netip.MustParseAddrPort("[fd00::2]:5")), port, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sent := play(t, tt.frame, 0, tt.answer)
			got := ""
			if sent != nil {
				got = lcoretest.Describe(sent)
				if link := lcoretest.DescribeLink(sent); link != "02:00:00:00:00:02 > 02:00:00:00:00:01" {
					t.Errorf("link %s", link)
				}
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// damaged flips a bit of the first sequence number of an untagged segment.
func damaged(frame []byte) []byte {
	frame[l3+wire.IPv4Len+4] ^= 1
	return frame
}

// TestAnswersFromUsAreMarkedSo: a RST must not be fragmented and needs no identification; what ICMP says may be, and is identified by what
// it answers (as the kernel: oracle b44, g05, g06).
func TestAnswersFromUsAreMarkedSo(t *testing.T) {
	for _, tt := range []struct {
		frame  []byte
		answer func(*burst.Packet) bool
		tos    uint8
		df     bool
		id     uint16
	}{
		{lcoretest.Echo(client.Addr(), vip.Addr(), 7, 8, lcoretest.TOS(0x28), lcoretest.ID(5), lcoretest.DF()), echo, 0x28, false, 5},
		{lcoretest.TCP(client, vip, "S", lcoretest.TOS(0x28), lcoretest.ID(5), lcoretest.DF()), rst, 0, true, 0},
		{lcoretest.UDP(client, vip, lcoretest.TOS(0x28), lcoretest.ID(5), lcoretest.DF()), port, 0xc0, false, 5},
	} {
		sent := play(t, tt.frame, 0, tt.answer)
		ip := wire.IPv4(sent[l3:])
		if ip.TOS() != tt.tos || ip.ID() != tt.id || ip.DontFragment() != tt.df {
			t.Errorf("%s: TOS %#x, ID %d, DF %v", lcoretest.Describe(sent), ip.TOS(), ip.ID(), ip.DontFragment())
		}
	}
}

// How much an error quotes: all of a short packet, of a long one up to 576 bytes in all, of one in segments
// the first.
func TestErrorQuotes(t *testing.T) {
	for _, tt := range []struct{ payload, segment, quoted int }{
		{0, 0, 28},
		{100, 0, 128},
		{520, 0, 548},
		{521, 0, 548},
		{1472, 0, 548},
		{1472, 214, 200},
		{8000, 0, 548},
	} {
		frame := lcoretest.UDP(client, vip, lcoretest.Payload(bytes.Repeat([]byte{7}, tt.payload)))
		sent := play(t, frame, tt.segment, ttl0)
		quote := sent[l3+errorLen:]
		if len(quote) != tt.quoted || !bytes.Equal(quote, frame[l3:l3+tt.quoted]) {
			t.Errorf("payload %d, segment %d: %d bytes quoted, want %d", tt.payload, tt.segment, len(quote), tt.quoted)
		}
		if got := lcoretest.Describe(sent); got != "10.8.0.254 > 10.8.0.2 icmp 11/0 (10.8.0.2 > 10.0.0.1 udp 20001>80 csum ok) ttl 64 csum ok" {
			t.Error(got)
		}
	}
}

func TestErrorNeedsHeadroom(t *testing.T) {
	sent := play(t, lcoretest.UDP(client, vip), 0, func(p *burst.Packet) bool {
		headroom := p.Headroom
		defer func() { p.Headroom = headroom }()
		p.Headroom = errorLen - 1
		return ttl0(p)
	})
	if sent != nil {
		t.Errorf("answered by %s", lcoretest.Describe(sent))
	}
}

func TestSegments(t *testing.T) {
	data := lcoretest.Payload(bytes.Repeat([]byte("data"), 700))
	for _, tt := range []struct {
		frame  []byte
		answer func(*burst.Packet) bool
		want   string
	}{
		{lcoretest.Echo(client.Addr(), vip.Addr(), 7, 8, data), echo, "10.0.0.1 > 10.8.0.2 icmp echo reply 7 seq 8 len 2800 ttl 64 csum ok"},
		{lcoretest.TCP(client, vip, "P", lcoretest.Seq(1, 0), data), rst, "10.0.0.1 > 10.8.0.2 tcp 80>20001 RA seq 0 ack 2801 ttl 64 csum ok"},
	} {
		if got := lcoretest.Describe(play(t, tt.frame, 64, tt.answer)); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// What the port found out about the checksum is believed.
func TestResetBelievesThePort(t *testing.T) {
	for _, tt := range []struct {
		flags uint16
		frame []byte
		want  bool
	}{
		{burst.L4CsumBad, lcoretest.TCP(client, vip, "S"), false},
		{burst.L4CsumGood, damaged(lcoretest.TCP(client, vip, "S")), true},
	} {
		sent := play(t, tt.frame, 0, func(p *burst.Packet) bool {
			p.Flags = tt.flags
			return rst(p)
		})
		if (sent != nil) != tt.want {
			t.Errorf("flags %#x: %v", tt.flags, sent)
		}
	}
}

// The answer has the tag of the question, whether it lies in the frame or the port stripped it.
func TestTags(t *testing.T) {
	data := lcoretest.Payload([]byte("as long as Ethernet wants it"))
	tagged := lcoretest.UDP(client, vip, data, lcoretest.VLAN(5))
	untagged := lcoretest.UDP(client, vip, data)
	inFrame := play(t, tagged, 0, func(p *burst.Packet) bool { return TimeExceeded(p, l3+wire.VLANLen, own, fromIP) })
	stripped := play(t, untagged, 0, func(p *burst.Packet) bool {
		p.Flags, p.VLAN = burst.VLANStripped|burst.L4CsumGood|burst.HashValid, 5
		return ttl0(p)
	})
	if diff := cmp.Diff(inFrame, stripped); diff != "" {
		t.Error(diff)
	}
	if got, want := lcoretest.DescribeLink(stripped), "02:00:00:00:00:02 > 02:00:00:00:00:01 vlan 5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestARPFramesOfOurOwn(t *testing.T) {
	neighbor := wire.MAC(lcoretest.ClientMAC)
	for _, tt := range []struct {
		frame      []byte
		link, want string
	}{
		{
			AppendARPRequest(nil, own, fromIP, wire.Broadcast, 0x0a080002),
			"02:00:00:00:00:02 > ff:ff:ff:ff:ff:ff", "arp who has 10.8.0.2 tell 10.8.0.254 at 02:00:00:00:00:02",
		},
		{
			AppendARPRequest([]byte("in front"), own, fromIP, neighbor, 0x0a080002)[len("in front"):],
			"02:00:00:00:00:02 > 02:00:00:00:00:01", "arp who has 10.8.0.2 tell 10.8.0.254 at 02:00:00:00:00:02",
		},
		{
			AppendARPAnnouncement(nil, own, 0x0a000001),
			"02:00:00:00:00:02 > ff:ff:ff:ff:ff:ff", "arp who has 10.0.0.1 tell 10.0.0.1 at 02:00:00:00:00:02",
		},
	} {
		if got := lcoretest.DescribeLink(tt.frame); got != tt.link {
			t.Errorf("got  %s\nwant %s", got, tt.link)
		}
		if got := lcoretest.Describe(tt.frame); got != tt.want || len(tt.frame) != wire.EthernetMin {
			t.Errorf("%d bytes\ngot  %s\nwant %s", len(tt.frame), got, tt.want)
		}
	}
}

func TestAnswersDoNotAllocate(t *testing.T) {
	pool := lcoretest.NewPool(t, 1)
	segment := lcoretest.TCP(client, vip, "S")
	replay := lcoretest.NewReplay(pool, lcoretest.ARPRequest(lcoretest.ClientMAC, client.Addr(), vip.Addr()),
		lcoretest.Echo(client.Addr(), vip.Addr(), 7, 8), segment, segment, segment)
	answers := []func(*burst.Packet) bool{arp, echo, rst, frag, ttl0}
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
