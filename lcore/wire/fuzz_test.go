package wire

import (
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// FuzzParse takes any bytes through every parser. What a parser takes, its accessors must read without a
// panic, and gopacket must read the same addresses and ports.
func FuzzParse(f *testing.F) {
	f.Add(lcoretest.TCP(client, vip, "S", lcoretest.MSS(1460)))
	f.Add(lcoretest.TCP(client, vip, "PA", lcoretest.RouterAlert(), lcoretest.Payload([]byte("data"))))
	f.Add(lcoretest.UDP(client, vip, lcoretest.VLAN(5)))
	f.Add(lcoretest.ICMPError(vip.Addr(), client.Addr(), 3, 4, 1400, lcoretest.TCP(client, vip, "S")))
	f.Add(lcoretest.ARPRequest(lcoretest.ClientMAC, client.Addr(), vip.Addr()))
	f.Add(lcoretest.Fragments(lcoretest.UDP(client, vip, lcoretest.Payload(make([]byte, 64))), 24)[1])
	f.Fuzz(func(t *testing.T, frame []byte) {
		eth, ok := ParseEthernet(frame)
		if !ok {
			return
		}
		typ, rest := eth.Type(), eth.Payload()
		for typ == TypeVLAN || typ == TypeQinQ {
			tag, ok := ParseVLAN(rest)
			if !ok {
				return
			}
			typ, rest = tag.Type(), tag.Payload()
		}
		if arp, ok := ParseARP(rest); ok {
			arp.Set(arp.Op(), arp.Sender(), arp.SenderIP(), arp.Target(), arp.TargetIP())
		}
		if ip, ok := ParseIPv6(rest, len(rest)); ok {
			_, _, _ = ip.Src(), ip.Dst(), ip.Payload()
		}
		if ip, ok := ParseIPv4(rest, len(rest)); ok {
			fuzzIPv4(t, ip, rest)
		}
	})
}

func fuzzIPv4(t *testing.T, ip IPv4, b []byte) {
	reference := &layers.IPv4{}
	if err := reference.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err == nil {
		if src := uint64(ip.Src()); src != addrOf(reference.SrcIP) || len(ip.Payload()) != len(reference.Payload) {
			t.Errorf("from %#x with %d bytes, gopacket says %s with %d", src, len(ip.Payload()), reference.SrcIP, len(reference.Payload))
		}
	}
	_ = ip.ChecksumOK()
	switch ip.Protocol() {
	case flow.TCP:
		if tcp, ok := ParseTCP(ip.Payload()); ok {
			_ = tcp[:tcp.HeaderLen()]
			Checksum(tcp, ip.Pseudo())
		}
	case flow.UDP:
		if udp, ok := ParseUDP(ip.Payload()); ok && udp.Whole() {
			udp.ComputeChecksum(PseudoIPv4(ip.Src(), ip.Dst(), flow.UDP, udp.Len()))
		}
	case flow.ICMP:
		m, ok := ParseICMP(ip.Payload())
		if !ok || !m.IsError() {
			return
		}
		if quote, ok := ParseQuotedIPv4(m.Payload()); ok {
			ports, ok := ParsePorts(quote.Payload())
			if ok {
				_, _ = ports.Src(), ports.Dst()
			}
		}
	}
}

func addrOf(b []byte) uint64 {
	b = b[len(b)-4:]
	return uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
}
