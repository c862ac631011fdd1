package wire_test

import (
	"bytes"
	"net/netip"
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

var (
	here  = netip.MustParseAddrPort("[fd16::1]:20001")
	there = netip.MustParseAddrPort("[fd00::1]:80")
)

func parse6(t testing.TB, frame []byte) wire.IPv6 {
	t.Helper()
	ip, ok := wire.ParseIPv6(frame[wire.EthernetLen:], len(frame)-wire.EthernetLen)
	if !ok {
		t.Fatalf("no IPv6 packet: %s", lcoretest.Describe(frame))
	}
	return ip
}

func TestUpper(t *testing.T) {
	ext := lcoretest.Extension
	data := lcoretest.Payload(make([]byte, 40))
	fragments := lcoretest.Fragments6(lcoretest.UDP(here, there, data), 24)
	many := make([]lcoretest.Option, 9)
	for i := range many {
		many[i] = ext(wire.DestOptions)
	}
	for _, tt := range []struct {
		name  string
		frame []byte
		want  wire.Upper
		ok    bool
	}{
		{"none", lcoretest.TCP(here, there, "S"), wire.Upper{Offset: 40, Protocol: flow.TCP}, true},
		{"hop-by-hop, destination", lcoretest.UDP(here, there, ext(wire.HopByHop), ext(wire.DestOptions)), wire.Upper{Offset: 56, Protocol: flow.UDP}, true},
		{"routing", lcoretest.UDP(here, there, ext(wire.Routing)), wire.Upper{Offset: 48, Protocol: flow.UDP, Underway: true}, true},
		{"a lone fragment", lcoretest.UDP(here, there, ext(wire.FragmentIPv6)), wire.Upper{Offset: 48, Fragment: 40, Protocol: flow.UDP}, true},
		{"the first fragment", fragments[0], wire.Upper{Offset: 48, Fragment: 40, Protocol: flow.UDP, More: true}, true},
		{"the last fragment", fragments[1], wire.Upper{Offset: 48, Fragment: 40, Protocol: flow.UDP, Later: true}, true},
		{"eight are enough", lcoretest.UDP(here, there, many[:8]...), wire.Upper{Offset: 104, Protocol: flow.UDP}, true},
		{"nine are too many", lcoretest.UDP(here, there, many...), wire.Upper{}, false},
		{"two fragment headers", lcoretest.UDP(here, there, ext(wire.FragmentIPv6), ext(wire.FragmentIPv6)), wire.Upper{}, false},
		{"hop-by-hop options in second place", lcoretest.UDP(here, there, ext(wire.DestOptions), ext(wire.HopByHop)), wire.Upper{}, false},
	} {
		u, ok := parse6(t, tt.frame).Upper()
		if ok != tt.ok || ok && u != tt.want {
			t.Errorf("%s: %+v, %v; want %+v, %v", tt.name, u, ok, tt.want, tt.ok)
		}
	}
}

// TestUpperIsBounded: a chain that leads out of what is in hand is refused, wherever it is cut.
func TestUpperIsBounded(t *testing.T) {
	frame := lcoretest.UDP(here, there, lcoretest.Extension(wire.HopByHop), lcoretest.Extension(wire.FragmentIPv6), lcoretest.Extension(wire.DestOptions))
	whole := parse6(t, frame)
	for n := wire.IPv6Len; n < 64; n++ {
		if u, ok := whole[:n].Upper(); ok {
			t.Errorf("cut to %d bytes: %+v", n, u)
		}
	}
	if u, ok := whole[:64].Upper(); !ok || len(u.Payload(whole[:64])) != 0 || u.PayloadLen(whole) != wire.UDPLen {
		t.Errorf("headers alone: %+v, %v", u, ok)
	}
}

// TestNeighborIsParsed: the tests of RFC 4861 7.1.
func TestNeighborIsParsed(t *testing.T) {
	us, them := there.Addr(), netip.MustParseAddr("fd08::9")
	mac, ours := wire.MAC{2, 0, 0, 0, 8, 9}, wire.MAC{2, 0, 0, 0, 8, 1}
	group := wire.GroupMAC(wire.SolicitedGroup(flow.FromNetip(us)))
	bent := func(at int, to byte) []byte { // with the checksum made right again
		frame := lcoretest.Solicitation(mac, them, us)
		frame[at] = to
		ip := parse6(t, frame)
		m := wire.ICMP(ip.Payload())
		m.SetChecksum(0)
		m.SetChecksum(wire.Checksum(m, wire.PseudoIPv6(ip.Src(), ip.Dst(), flow.ICMPv6, len(m))))
		return frame
	}
	const message = wire.EthernetLen + wire.IPv6Len
	for _, tt := range []struct {
		name  string
		frame []byte
		ok    bool
	}{
		{"solicitation", lcoretest.Solicitation(mac, them, us), true},
		{"probe", lcoretest.Solicitation(mac, netip.IPv6Unspecified(), us), true},
		{"advertisement", lcoretest.Advertisement(mac, them, ours, us, 0x60), true},
		{"to all", lcoretest.Advertisement(mac, them, [6]byte{0x33, 0x33, 0, 0, 0, 1}, netip.MustParseAddr("ff02::1"), 0x20), true},
		{"solicited, to all", lcoretest.Advertisement(mac, them, [6]byte{0x33, 0x33, 0, 0, 0, 1}, netip.MustParseAddr("ff02::1"), 0x60), false},
		{"through a router", lcoretest.Solicitation(mac, them, us, lcoretest.TTL(254)), false},
		{"code", bent(message+1, 1), false},
		{"for a group", bent(message+8, 0xff), false},
		{"an option without length", bent(message+25, 0), false},
		{"an option that is too long", bent(message+25, 2), false},
		{"an echo", lcoretest.Echo(them, us, 1, 1, lcoretest.TTL(255), lcoretest.Payload(make([]byte, 24))), false},
	} {
		ip := parse6(t, tt.frame)
		u, _ := ip.Upper()
		n, ok := wire.ParseNeighbor(ip, u)
		if ok != tt.ok {
			t.Errorf("%s: %v", tt.name, ok)
		}
		if !ok {
			continue
		}
		if got, told := n.Link(); told && got != mac || told == ip.Src().IsZero() {
			t.Errorf("%s: link address %x, %v", tt.name, got, told)
		}
	}
	if want := (wire.MAC{0x33, 0x33, 0xff, 0, 0, 1}); group != want {
		t.Errorf("group %x, want %x", group, want)
	}
	if got := wire.LinkLocal(wire.MAC{0x02, 0, 0, 0, 8, 1}).Netip().String(); got != "fe80::ff:fe00:801" {
		t.Errorf("link-local address %s", got)
	}
}

// FuzzUpper: whatever the chain of headers is, it is followed to its end within what is in hand, or refused.
func FuzzUpper(f *testing.F) {
	f.Add([]byte(parse6(f, lcoretest.UDP(here, there, lcoretest.Extension(0), lcoretest.Extension(43), lcoretest.Extension(44), lcoretest.Extension(60)))))
	f.Add([]byte(parse6(f, lcoretest.Solicitation(wire.MAC{2}, here.Addr(), there.Addr()))))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		for _, ip := range quoted(b) {
			u, ok := ip.Upper()
			if ok && (int(u.Offset) < wire.IPv6Len || int(u.Offset) > len(ip) || u.Fragment != 0 && int(u.Fragment)+wire.FragmentIPv6Len > int(u.Offset)) {
				t.Errorf("%x: %+v", b, u)
			}
			if !ok {
				continue
			}
			if n, ok := wire.ParseNeighbor(ip, u); ok {
				n.Link()
			}
		}
		if !bytes.Equal(b, before) {
			t.Errorf("%x was changed", before)
		}
	})
}

// quoted is the packet at b, whole and as a quote, if it is one.
func quoted(b []byte) (all []wire.IPv6) {
	if ip, ok := wire.ParseIPv6(b, len(b)); ok {
		all = append(all, ip)
	}
	if ip, ok := wire.ParseQuotedIPv6(b); ok {
		all = append(all, ip)
	}
	return all
}
