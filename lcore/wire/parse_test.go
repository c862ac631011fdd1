package wire

import (
	"bytes"
	"net/netip"
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

var (
	client = netip.MustParseAddrPort("10.8.0.2:20001")
	vip    = netip.MustParseAddrPort("10.0.0.1:80")
)

const (
	clientIP = 0x0a080002
	vipIP    = 0x0a000001
)

func TestEthernet(t *testing.T) {
	frame := lcoretest.TCP(client, vip, "S", lcoretest.VLAN(5))
	eth, ok := ParseEthernet(frame)
	if !ok || eth.Src() != lcoretest.ClientMAC || eth.Dst() != lcoretest.DirectorMAC || eth.Type() != TypeVLAN {
		t.Fatalf("%v: %x > %x type %#x", ok, eth.Src(), eth.Dst(), eth.Type())
	}
	tag, ok := ParseVLAN(eth.Payload())
	if !ok || tag.ID() != 5 || tag.TCI() != 5 || tag.Type() != TypeIPv4 || tag.Payload()[0] != 0x45 {
		t.Errorf("%v: tag %d, type %#x", ok, tag.ID(), tag.Type())
	}
	eth.SetSrc(lcoretest.DirectorMAC)
	eth.SetDst(lcoretest.RealMAC)
	eth.SetType(TypeQinQ)
	if got, want := lcoretest.DescribeLink(frame), "02:00:00:00:00:02 > 02:00:00:00:00:03 vlan 5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !Broadcast.IsMulticast() || eth.Dst().IsMulticast() {
		t.Error("IsMulticast")
	}
}

func TestARP(t *testing.T) {
	frame := lcoretest.ARPRequest(lcoretest.ClientMAC, client.Addr(), vip.Addr())
	arp, ok := ParseARP(frame[EthernetLen:])
	if !ok || arp.Op() != ARPRequest || arp.Sender() != lcoretest.ClientMAC || arp.SenderIP() != clientIP || arp.TargetIP() != vipIP {
		t.Fatalf("%v: %x", ok, arp)
	}
	clear(arp)
	arp.Set(ARPReply, lcoretest.DirectorMAC, vipIP, lcoretest.ClientMAC, clientIP)
	if got, want := lcoretest.Describe(frame), "arp 10.0.0.1 is at 02:00:00:00:00:02, to 10.8.0.2 at 02:00:00:00:00:01"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if arp.Target() != lcoretest.ClientMAC {
		t.Errorf("target %x", arp.Target())
	}
	for i := range 6 { // each byte of what says Ethernet and IPv4
		other := bytes.Clone(arp)
		other[i]++
		if _, ok := ParseARP(other); ok {
			t.Errorf("taken with byte %d wrong", i)
		}
	}
}

// The fields of every header as gopacket, an independent decoder, reads them.
func TestHeadersAreWhatGopacketReads(t *testing.T) {
	data := lcoretest.Payload([]byte("some data that makes the frame long enough"))
	for _, frame := range [][]byte{
		lcoretest.TCP(client, vip, "SA", lcoretest.Seq(0x80000001, 77), lcoretest.MSS(1460), lcoretest.TOS(0x2e), lcoretest.ID(7), lcoretest.DF()),
		lcoretest.TCP(client, vip, "FRPU", lcoretest.TTL(3), lcoretest.RouterAlert(), data),
		lcoretest.UDP(client, vip, data),
		lcoretest.UDP(client, vip, lcoretest.NoChecksum()),
		lcoretest.Echo(client.Addr(), vip.Addr(), 0x1234, 0xfedc, data),
		lcoretest.Fragments(lcoretest.UDP(client, vip, lcoretest.ID(9), data), 24)[0],
		lcoretest.Fragments(lcoretest.UDP(client, vip, lcoretest.ID(9), data), 24)[1],
	} {
		got := readIPv4(t, frame[EthernetLen:])
		if diff := cmp.Diff(gopacketIPv4(frame), got); diff != "" {
			t.Errorf("%s:\n%s", lcoretest.Describe(frame), diff)
		}
	}
}

type fields map[string]uint64

func readIPv4(t *testing.T, b []byte) fields {
	ip, ok := ParseIPv4(b, len(b))
	if !ok || !ip.Whole() || !ip.ChecksumOK() {
		t.Fatalf("refused: %x", b)
	}
	f := fields{
		"header": uint64(ip.HeaderLen()), "tos": uint64(ip.TOS()), "total": uint64(ip.TotalLen()), "id": uint64(ip.ID()),
		"offset": uint64(ip.FragmentOffset()), "df": bit(ip.DontFragment()), "mf": bit(ip.MoreFragments()),
		"ttl": uint64(ip.TTL()), "protocol": uint64(ip.Protocol()), "checksum": uint64(ip.Checksum()),
		"src": uint64(ip.Src()), "dst": uint64(ip.Dst()), "payload": uint64(len(ip.Payload())),
	}
	if ip.IsFragment() != (ip.MoreFragments() || ip.FragmentOffset() > 0) || ip.PayloadLen() != len(ip.Payload()) {
		t.Errorf("fragment %v, payload %d", ip.IsFragment(), ip.PayloadLen())
	}
	if ip.IsFragment() {
		return f
	}
	readTransport(t, ip, f)
	return f
}

func readTransport(t *testing.T, ip IPv4, f fields) {
	switch ip.Protocol() {
	case flow.TCP:
		tcp, ok := ParseTCP(ip.Payload())
		if !ok || Checksum(tcp, ip.Pseudo()) != 0 {
			t.Fatalf("TCP refused: %x", tcp)
		}
		f["sport"], f["dport"], f["seq"], f["ack"] = uint64(tcp.SrcPort()), uint64(tcp.DstPort()), uint64(tcp.Seq()), uint64(tcp.Ack())
		f["tcp header"], f["flags"], f["window"], f["l4 checksum"] = uint64(tcp.HeaderLen()), uint64(tcp.Flags()), uint64(tcp.Window()), uint64(tcp.Checksum())
	case flow.UDP:
		udp, ok := ParseUDP(ip.Payload())
		if !ok || !udp.Whole() || udp.Checksum() != 0 && Checksum(udp, ip.Pseudo()) != 0 {
			t.Fatalf("UDP refused: %x", udp)
		}
		f["sport"], f["dport"], f["udp len"], f["l4 checksum"] = uint64(udp.SrcPort()), uint64(udp.DstPort()), uint64(udp.Len()), uint64(udp.Checksum())
	case flow.ICMP:
		m, ok := ParseICMP(ip.Payload())
		if !ok || Checksum(m, 0) != 0 {
			t.Fatalf("ICMP refused: %x", m)
		}
		f["type"], f["code"], f["icmp id"], f["seq"], f["l4 checksum"] = uint64(m.Type()), uint64(m.Code()), uint64(m.ID()), uint64(m.Seq()), uint64(m.Checksum())
	}
}

func gopacketIPv4(frame []byte) fields {
	packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	ip := packet.NetworkLayer().(*layers.IPv4)
	f := fields{
		"header": uint64(ip.IHL) * 4, "tos": uint64(ip.TOS), "total": uint64(ip.Length), "id": uint64(ip.Id),
		"offset": uint64(ip.FragOffset) * 8, "df": bit(ip.Flags&layers.IPv4DontFragment != 0), "mf": bit(ip.Flags&layers.IPv4MoreFragments != 0),
		"ttl": uint64(ip.TTL), "protocol": uint64(ip.Protocol), "checksum": uint64(ip.Checksum),
		"src": addrOf(ip.SrcIP), "dst": addrOf(ip.DstIP), "payload": uint64(len(ip.Payload)),
	}
	for _, layer := range packet.Layers() {
		switch l := layer.(type) {
		case *layers.TCP:
			f["sport"], f["dport"], f["seq"], f["ack"] = uint64(l.SrcPort), uint64(l.DstPort), uint64(l.Seq), uint64(l.Ack)
			f["tcp header"], f["window"], f["l4 checksum"] = uint64(l.DataOffset)*4, uint64(l.Window), uint64(l.Checksum)
			f["flags"] = bit(l.FIN)*uint64(FIN) + bit(l.SYN)*uint64(SYN) + bit(l.RST)*uint64(RST) +
				bit(l.PSH)*uint64(PSH) + bit(l.ACK)*uint64(ACK) + bit(l.URG)*uint64(URG)
		case *layers.UDP:
			f["sport"], f["dport"], f["udp len"], f["l4 checksum"] = uint64(l.SrcPort), uint64(l.DstPort), uint64(l.Length), uint64(l.Checksum)
		case *layers.ICMPv4:
			f["type"], f["code"] = uint64(l.TypeCode.Type()), uint64(l.TypeCode.Code())
			f["icmp id"], f["seq"], f["l4 checksum"] = uint64(l.Id), uint64(l.Seq), uint64(l.Checksum)
		}
	}
	return f
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func TestIPv6(t *testing.T) {
	src, dst := netip.MustParseAddrPort("[fd00::1:2]:5"), netip.MustParseAddrPort("[fd00::3]:6")
	b := lcoretest.UDP(src, dst, lcoretest.TOS(0xb9), lcoretest.TTL(9), lcoretest.Payload([]byte("abc")))[EthernetLen:]
	ip, ok := ParseIPv6(append(b, 0, 0, 0), len(b)+3)
	if !ok || ip.Src() != flow.FromNetip(src.Addr()) || ip.Dst() != flow.FromNetip(dst.Addr()) {
		t.Fatalf("%v: %v > %v", ok, ip.Src(), ip.Dst())
	}
	if ip.TrafficClass() != 0xb9 || ip.HopLimit() != 9 || ip.Next() != flow.UDP || ip.PayloadLen() != 11 || len(ip.Payload()) != 11 {
		t.Errorf("%x", ip)
	}
	udp, ok := ParseUDP(ip.Payload())
	if !ok || Checksum(udp, PseudoIPv6(ip.Src(), ip.Dst(), ip.Next(), udp.Len())) != 0 {
		t.Errorf("checksum of %x", udp)
	}
	ip[1], ip[2], ip[3] = 0x9a, 0xbc, 0xde
	if ip.FlowLabel() != 0xabcde {
		t.Errorf("flow label %#x", ip.FlowLabel())
	}
}

func TestParseRefuses(t *testing.T) {
	ip4 := lcoretest.TCP(client, vip, "S", lcoretest.RouterAlert())[EthernetLen:][:44]
	ip6 := lcoretest.UDP(netip.MustParseAddrPort("[::1]:5"), netip.MustParseAddrPort("[::2]:6"))[EthernetLen:]
	tcp := lcoretest.TCP(client, vip, "S", lcoretest.MSS(1))[EthernetLen+IPv4Len:]
	udp := ip6[IPv6Len:]
	four := func(b []byte) bool { _, ok := ParseIPv4(b, len(b)); return ok }
	quoted := func(b []byte) bool { _, ok := ParseQuotedIPv4(b); return ok }
	six := func(b []byte) bool { _, ok := ParseIPv6(b, len(b)); return ok }
	segment := func(b []byte) bool { _, ok := ParseTCP(b); return ok }
	datagram := func(b []byte) bool { _, ok := ParseUDP(b); return ok }
	for _, tt := range []struct {
		name  string
		parse func([]byte) bool
		b     []byte
		want  bool
	}{
		{"IPv4", four, ip4, true},
		{"IPv4 without its last byte", four, ip4[:43], false},
		{"IPv4 with padding", four, append(bytes.Clone(ip4), 0, 0), true},
		{"IPv4 of version 5", four, set(ip4, 0, 0x56), false},
		{"IPv4 header of 16 bytes", four, set(ip4, 0, 0x44), false},
		{"IPv4 header longer than the packet", four, set(ip4, 0, 0x4f), false},
		{"IPv4 shorter than its header", four, set(ip4, 3, 23), false},
		{"IPv4 quoted, without its end", quoted, ip4[:32], true},
		{"IPv4 quoted, without its options", quoted, ip4[:23], false},
		{"IPv4 quoted, without its header", quoted, ip4[:19], false},
		{"IPv6", six, ip6, true},
		{"IPv6 without its last byte", six, ip6[:47], false},
		{"IPv6 without its header", six, ip6[:39], false},
		{"IPv6 of version 4", six, set(ip6, 0, 0x40), false},
		{"TCP", segment, tcp, true},
		{"TCP without its options", segment, tcp[:23], false},
		{"TCP without its header", segment, tcp[:19], false},
		{"TCP header of 16 bytes", segment, set(tcp, 12, 0x40), false},
		{"UDP", datagram, udp, true},
		{"UDP of 7 bytes", datagram, set(udp, 5, 7), false},
		{"UDP without its header", datagram, udp[:7], false},
		{"UDP whose data is in the next segment", datagram, set(udp, 5, 99), true},
	} {
		if got := tt.parse(tt.b); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	frame := lcoretest.TCP(client, vip, "S")
	allocs := testing.AllocsPerRun(10, func() {
		eth, _ := ParseEthernet(frame)
		ip, _ := ParseIPv4(eth.Payload(), len(frame)-EthernetLen)
		tcp, _ := ParseTCP(ip.Payload())
		if !ip.ChecksumOK() || Checksum(tcp, ip.Pseudo()) != 0 {
			t.Error("wrong checksum")
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// set returns b with another byte at i.
func set(b []byte, i int, to byte) []byte {
	b = bytes.Clone(b)
	b[i] = to
	return b
}
