package lcore

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

// The property tests' small world has a twin over IPv6: every service, rule, address and frame of it.

// sixth is the twin of an IPv4 address: fd00::1 of 10.0.0.1, fd09::11 of 10.9.0.11, fd16:0:0:10::1 of 172.16.10.1, in a /64 for each /24.
func sixth(a netip.Addr) netip.Addr {
	b := a.As4()
	if b[0] == 10 && b[2] == 0 {
		return netip.MustParseAddr(fmt.Sprintf("fd%02d::%d", b[1], b[3]))
	}
	return netip.MustParseAddr(fmt.Sprintf("fd16:0:%x:%x::%x", b[1], b[2], b[3]))
}

var withPort = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+:\d+`)

// bothFamilies are wishes w and their twins.
func bothFamilies(w wishes) wishes {
	twins := func(text string) string {
		return withPort.ReplaceAllStringFunc(text, func(s string) string {
			ap := netip.MustParseAddrPort(s)
			return netip.AddrPortFrom(sixth(ap.Addr()), ap.Port()).String()
		})
	}
	for _, s := range w.services {
		s.vip, s.mask = twins(s.vip), map[int]int{0: 128, 32: 128, 24: 64}[s.mask]
		s.servers = slices.Clone(s.servers)
		for i := range s.servers {
			s.servers[i] = twins(s.servers[i])
		}
		if s.mark != 0 && len(s.servers) == 0 { // of which nothing would say that it is one of IPv6
			continue
		}
		w.services = append(w.services[:len(w.services):len(w.services)], s)
	}
	for _, r := range w.marks {
		r.Dst, r.DstMask = flow.FromNetip(sixth(r.Dst.Netip())), flow.MaskOf(128, false)
		w.marks = append(w.marks[:len(w.marks):len(w.marks)], r)
	}
	return w
}

// sixthFrame is the twin of a frame: TCP, UDP, ICMP and its quotes, fragments, ARP requests.
func sixthFrame(frame []byte) []byte {
	eth := wire.Ethernet(frame)
	if eth.Type() == wire.TypeARP {
		arp := wire.ARP(eth.Payload())
		return lcoretest.Solicitation(arp.Sender(), sixth(flow.V4(arp.SenderIP()).Netip()), sixth(flow.V4(arp.TargetIP()).Netip()))
	}
	ip, _ := wire.ParseIPv4(eth.Payload(), len(eth.Payload()))
	return append(append(slices.Clone(frame[:12]), 0x86, 0xdd), sixthPacket(ip, false)...)
}

// sixthPacket is the twin of a packet, or of one that an error quotes, whose checksum is left alone.
func sixthPacket(ip wire.IPv4, quote bool) wire.IPv6 {
	proto, payload := ip.Protocol(), slices.Clone(ip.Payload())
	src, dst := flow.FromNetip(sixth(flow.V4(ip.Src()).Netip())), flow.FromNetip(sixth(flow.V4(ip.Dst()).Netip()))
	at := map[uint8]int{flow.TCP: 16, flow.UDP: 6, flow.ICMP: 2}[proto]
	if proto == flow.ICMP {
		proto = flow.ICMPv6
		payload[0] = map[uint8]uint8{wire.EchoRequest: wire.EchoRequest6, wire.Unreachable: wire.Unreachable6}[payload[0]]
		if about, ok := wire.ParseQuotedIPv4(payload[wire.ICMPLen:]); ok && payload[0] == wire.Unreachable6 {
			payload = append(payload[:wire.ICMPLen:wire.ICMPLen], sixthPacket(about, true)...)
		}
	}
	if !quote {
		payload[at], payload[at+1] = 0, 0
		binary.BigEndian.PutUint16(payload[at:], wire.Checksum(payload, wire.PseudoIPv6(src, dst, proto, len(payload))))
	}
	if ip.IsFragment() {
		place := uint16(ip.FragmentOffset())
		if ip.MoreFragments() {
			place |= 1
		}
		payload = append([]byte{proto, 0, byte(place >> 8), byte(place), 0, 0, 0, 9}, payload...)
		proto = wire.FragmentIPv6
	}
	six := wire.IPv6(append(make([]byte, wire.IPv6Len), payload...))
	six.Set(ip.TOS(), len(payload), proto, ip.TTL(), src, dst)
	return six
}

// TestTwins: the twin of a frame is what it says it is.
func TestTwins(t *testing.T) {
	quoted := lcoretest.ICMPError(ip("10.9.0.11"), ip("172.16.0.1"), 3, 3, 0, datagram(alice, "10.9.0.11:53"))
	for _, tt := range []struct {
		frame []byte
		want  string
	}{
		{fromClient(alice, vip80, "S"), "fd16:0:10::1 > fd00::1 tcp 20001>80 S seq 1 ttl 64 csum ok"},
		{datagram(alice, "10.0.0.1:53", lcoretest.TTL(1)), "fd16:0:10::1 > fd00::1 udp 20001>53 ttl 1 csum ok"},
		{lcoretest.Echo(ip("172.16.0.1"), ip("10.0.0.1"), 1, 1), "fd16:0:10::1 > fd00::1 icmp6 echo request 1 seq 1 ttl 64 csum ok"},
		{quoted, "fd09::11 > fd16:0:10::1 icmp6 1/3 (fd16:0:10::1 > fd09::11 udp 20001>53) ttl 64 csum ok"},
		{lcoretest.Fragments(fromClient(alice, vip80, "A", data(64)), 64)[1], "fd16:0:10::1 > fd00::1 frag tcp fragment 64+20 of 9 ttl 64 csum ok"},
		{lcoretest.ARPRequest(gatewayMAC, ip("10.8.0.2"), ip("10.0.0.1")), "fd08::2 > ff02::1:ff00:1 who has fd00::1, from 02:00:00:00:08:02 ttl 255 csum ok"},
	} {
		if got := lcoretest.Describe(sixthFrame(tt.frame)); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// TestFamiliesAreAlike: what happens to a frame's twin is the twin of what happens to the frame: the same verdicts, and at the end the same
// tables but for addresses.
func TestFamiliesAreAlike(t *testing.T) {
	check(t, func(t trial) {
		w := drawWishes(t, "rr", "wrr", "wlc")
		w.settings.AnswerRate = 0
		w.settings.FTP = false // its lines name IPv4 addresses
		for i := range w.services {
			if len(w.services[i].servers) == 0 {
				w.services[i].servers = []string{"10.9.0.11:8000 0"}
			}
		}
		four, six := newRig(t, w), newRig(t, sixOnly(w))
		four.byMAC()
		six.byMAC()
		for range 30 {
			frame := drawPacket(t, w)
			t.Logf("packet: %v", described(frame))
			four.ports[outside].Inject(0, frame)
			six.ports[outside].Inject(0, sixthFrame(frame))
			four.turn()
			six.turn()
			a, b := four.counters(), six.counters()
			a.Verdicts[AnswerNeighbor], a.Verdicts[AnswerARP] = a.Verdicts[AnswerARP], 0
			if a.Verdicts != b.Verdicts || a.Connections != b.Connections || a.Templates != b.Templates || a.TemplateHits != b.TemplateHits {
				t.Fatalf("IPv4: %v\nIPv6: %v", a.Verdicts, b.Verdicts)
			}
			if len(four.ports[outside].Sent()) != len(six.ports[outside].Sent()) || len(four.ports[inside].Sent()) != len(six.ports[inside].Sent()) {
				t.Fatal("one family has sent more than the other")
			}
		}
		if diff := cmp.Diff(four.workers[0].loads, six.workers[0].loads); diff != "" {
			t.Fatalf("loads over IPv4 (-) and IPv6 (+):\n%s", diff)
		}
		six.conserve()
	})
}

// sixOnly are the twins of wishes w alone.
func sixOnly(w wishes) wishes {
	both := bothFamilies(w)
	both.services, both.marks = both.services[len(w.services):], both.marks[len(w.marks):]
	return both
}
