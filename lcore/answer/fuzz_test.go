package answer

import (
	"strings"
	"testing"

	"cleat/lcore/burst"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

// FuzzAnswer offers any frame, in any segments, with its network header at any offset, to every answer: none may
// panic, or send a frame that gopacket cannot decode or whose checksums it refuses.
func FuzzAnswer(f *testing.F) {
	f.Add(lcoretest.ARPRequest(lcoretest.ClientMAC, client.Addr(), vip.Addr()), uint8(0), uint16(0))
	f.Add(lcoretest.Echo(client.Addr(), vip.Addr(), 7, 8, lcoretest.Payload(make([]byte, 99))), uint8(0), uint16(50))
	f.Add(lcoretest.TCP(client, vip, "S", lcoretest.VLAN(5), lcoretest.MSS(1460)), uint8(4), uint16(0))
	f.Add(lcoretest.TCP(client, vip, "PA", lcoretest.RouterAlert(), lcoretest.Payload([]byte("data"))), uint8(0), uint16(0))
	f.Add(lcoretest.UDP(client, vip, lcoretest.Payload(make([]byte, 1400))), uint8(0), uint16(300))
	f.Add(lcoretest.ICMPError(vip.Addr(), client.Addr(), 3, 4, 1400, lcoretest.TCP(client, vip, "S")), uint8(0), uint16(0))
	f.Fuzz(func(t *testing.T, frame []byte, tags uint8, segment uint16) {
		offset := l3 + int(tags%3)*wire.VLANLen
		first := max(int(segment), offset)
		if len(frame) < offset || len(frame) > 9000 {
			return
		}
		for name, answer := range map[string]func(*burst.Packet) bool{
			"arp":  func(p *burst.Packet) bool { return ARP(p, offset, own) },
			"echo": func(p *burst.Packet) bool { return Echo(p, offset, own) },
			"rst":  func(p *burst.Packet) bool { return Reset(p, offset, own) },
			"ttl":  func(p *burst.Packet) bool { return TimeExceeded(p, offset, own, fromIP) },
		} {
			sent := play(t, frame, first, answer)
			if sent == nil {
				continue
			}
			check(t, name, sent, offset)
		}
	})
}

func check(t *testing.T, name string, sent []byte, offset int) {
	// What lies between the addresses and the network header is not looked at: plain Ethernet of the
	// right type takes its place.
	plain := append(append([]byte(nil), sent[:12]...), 0x08, 0x00)
	if name == "arp" {
		plain[13] = 0x06
	}
	got := lcoretest.Describe(append(plain, sent[offset:]...))
	if strings.HasPrefix(got, "malformed") {
		t.Errorf("%s: %s", name, got)
	}
	switch name {
	case "echo": // its ICMP checksum is wrong where the request's was
		if strings.Contains(got+" ", "csum bad ip ") {
			t.Errorf("%s: %s", name, got)
		}
	case "rst", "ttl":
		if !strings.HasSuffix(got, "csum ok") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if wire.Ethernet(sent).Src() != own {
		t.Errorf("%s: from %x", name, wire.Ethernet(sent).Src())
	}
}
