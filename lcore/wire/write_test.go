package wire

import (
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"

	"pgregory.net/rapid"
)

func TestSetWritesWholeHeaders(t *testing.T) {
	frame := lcoretest.TCP(client, vip, "S")
	b := frame[EthernetLen : EthernetLen+IPv4Len+TCPLen]
	for i := range b {
		b[i] = 0xff
	}
	IPv4(b).Set(0xc0, len(b), 9, flow.TCP, vipIP, clientIP)
	tcp := TCP(b[IPv4Len:])
	tcp.Set(80, 20001, 5, 6, RST|ACK, 7)
	tcp.SetChecksum(Checksum(tcp, IPv4(b).Pseudo()))
	if got, want := lcoretest.Describe(frame), "10.0.0.1 > 10.8.0.2 tcp 80>20001 RA seq 5 ack 6 ttl 9 csum ok"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if ip := IPv4(b); ip.TOS() != 0xc0 || ip.ID() != 0 || !ip.DontFragment() || ip.IsFragment() || tcp.Window() != 7 {
		t.Errorf("%x", b)
	}
}

func TestSetErrorQuotes(t *testing.T) {
	frame := lcoretest.ICMPError(vip.Addr(), client.Addr(), 9, 9, 0, lcoretest.TCP(client, vip, "S"))
	ip, _ := ParseIPv4(frame[EthernetLen:], len(frame)-EthernetLen)
	m := ICMP(ip.Payload())
	if m.IsError() {
		t.Error("type 9 is no error")
	}
	m.SetError(Unreachable, FragmentationNeeded, 1400)
	want := "10.0.0.1 > 10.8.0.2 icmp 3/4 mtu 1400 (10.8.0.2 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"
	if got := lcoretest.Describe(frame); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	quote, ok := ParseQuotedIPv4(m.Payload())
	ports, ok2 := ParsePorts(quote.Payload())
	if !ok || !ok2 || ports.Src() != 20001 || ports.Dst() != 80 || !m.IsError() || m.MTU() != 1400 {
		t.Errorf("%x", m)
	}
	ports.SetSrc(1)
	ports.SetDst(2)
	if ports.Src() != 1 || ports.Dst() != 2 || quote.Payload()[1] != 1 || quote.Payload()[3] != 2 {
		t.Errorf("%x", ports)
	}
}

func TestDecrementKeepsTheChecksumRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ttl := rapid.Uint8Range(1, 255).Draw(t, "ttl")
		frame := lcoretest.TCP(client, vip, "S", lcoretest.TTL(ttl), lcoretest.ID(rapid.Uint16().Draw(t, "id")))
		ip := IPv4(frame[EthernetLen:])
		ip.UpdateChecksum(ip.Decrement())
		if ip.TTL() != ttl-1 || !ip.ChecksumOK() {
			t.Fatalf("%s", lcoretest.Describe(frame))
		}
	})
}

func TestSetTypeKeepsTheChecksumRight(t *testing.T) {
	frame := lcoretest.Echo(client.Addr(), vip.Addr(), 1, 2)
	ICMP(frame[EthernetLen+IPv4Len:]).SetType(EchoReply)
	if got, want := lcoretest.Describe(frame), "10.8.0.2 > 10.0.0.1 icmp echo reply 1 seq 2 ttl 64 csum ok"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestChecksumOK(t *testing.T) {
	for _, frame := range [][]byte{lcoretest.TCP(client, vip, "S"), lcoretest.TCP(client, vip, "S", lcoretest.RouterAlert())} {
		ip := IPv4(frame[EthernetLen:])
		if !ip.ChecksumOK() {
			t.Errorf("%s: refused", lcoretest.Describe(frame))
		}
		for i := range ip.HeaderLen() {
			if i == ip4VersionIHL {
				continue // another length would be another header
			}
			ip[i] ^= 0x10
			if ip.ChecksumOK() {
				t.Errorf("%s: taken with byte %d wrong", lcoretest.Describe(frame), i)
			}
			ip[i] ^= 0x10
		}
	}
}

// F1.8: a sum of 0 is sent as 0xffff, both ways to get there.
func TestUDPChecksumIsNeverNone(t *testing.T) {
	frame := lcoretest.UDP(client, vip, lcoretest.Payload([]byte{0, 0}))
	ip, _ := ParseIPv4(frame[EthernetLen:], len(frame)-EthernetLen)
	udp := UDP(ip.Payload())
	old := udp.SrcPort()
	port := old + udp.Checksum() // with this one the sum is 0
	if port < old {
		port++ // end-around carry
	}
	udp.SetSrcPort(port)
	udp.UpdateChecksum(Diff16(old, port))
	if udp.Checksum() != 0xffff {
		t.Errorf("updated: %#04x, want 0xffff", udp.Checksum())
	}
	udp.SetChecksum(1)
	udp.ComputeChecksum(ip.Pseudo())
	if udp.Checksum() != 0xffff {
		t.Errorf("computed: %#04x, want 0xffff", udp.Checksum())
	}
	if got, want := lcoretest.Describe(frame), " csum ok"; got[len(got)-len(want):] != want {
		t.Error(got)
	}
}
