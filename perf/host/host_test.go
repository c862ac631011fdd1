package host

import (
	"net/netip"
	"testing"
	"time"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

var (
	mine, mine6     = netip.MustParseAddr("10.8.0.2"), netip.MustParseAddr("fd08::2")
	other, other6   = netip.MustParseAddr("10.8.0.1"), netip.MustParseAddr("fd08::1")
	myMAC, otherMAC = wire.MAC{2, 0, 0, 0, 8, 2}, wire.MAC{2, 0, 0, 0, 8, 1}
)

func owner(a flow.Addr) (wire.MAC, bool) {
	return myMAC, a == flow.FromNetip(mine) || a == flow.FromNetip(mine6)
}

// packet is a frame in a buffer.
func packet(frame []byte) *burst.Packet {
	b := make([]byte, burst.Headroom+2048)
	data := append(b[burst.Headroom:burst.Headroom], frame...)
	return &burst.Packet{Data: data, Len: uint32(len(data)), Headroom: burst.Headroom, Segments: 1}
}

// next asks from the one to the other.
func next(from, to netip.Addr, mac wire.MAC) *Next {
	return &Next{Own: mac, From: flow.FromNetip(from), To: flow.FromNetip(to)}
}

func TestAnswer(t *testing.T) {
	echo := lcoretest.Echo(other, mine, 1, 2, lcoretest.Link(otherMAC, myMAC))
	for _, c := range []struct {
		what  string
		frame []byte
		want  string // "": none
	}{
		{"ARP", lcoretest.ARPRequest(otherMAC, other, mine), "arp 10.8.0.2 is at 02:00:00:00:08:02, to 10.8.0.1 at 02:00:00:00:08:01"},
		{"ARP for another", lcoretest.ARPRequest(otherMAC, other, netip.MustParseAddr("10.8.0.3")), ""},
		{"echo", echo, "10.8.0.2 > 10.8.0.1 icmp echo reply 1 seq 2 ttl 64 csum ok"},
		{"echo over IPv6", lcoretest.Echo(other6, mine6, 1, 2, lcoretest.Link(otherMAC, myMAC)), "fd08::2 > fd08::1 icmp6 echo reply 1 seq 2 ttl 64 csum ok"},
		{"echo of another", lcoretest.Echo(other, other, 1, 2), ""},
		{"TCP", lcoretest.TCP(netip.AddrPortFrom(other, 1), netip.AddrPortFrom(mine, 2), "S"), ""},
		{"nothing", nil, ""},
		{"cut off", echo[:20], ""},
	} {
		p := packet(c.frame)
		ok := Answer(p, owner)
		if ok != (c.want != "") {
			t.Errorf("%s: %v", c.what, ok)
		} else if ok && lcoretest.Describe(p.Data) != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.what, lcoretest.Describe(p.Data), c.want)
		}
	}
}

// TestNext: of each family, a question, its answer by the other side's Answer, and what is learnt.
func TestNext(t *testing.T) {
	for _, c := range []struct{ from, to netip.Addr }{{other, mine}, {other6, mine6}} {
		n := next(c.from, c.to, otherMAC)
		if n.Known() || !n.Due(0) {
			t.Errorf("%v: known %v, due %v at first", c.to, n.Known(), n.Due(0))
		}
		p := packet(nil)
		n.Ask(p, time.Second)
		if n.Due(time.Second+Interval-1) || !n.Due(time.Second+Interval) {
			t.Errorf("%v: not due again after exactly %v", c.to, Interval)
		}
		question := packet(p.Data)
		if n.Learn(question) || n.Known() {
			t.Errorf("%v: learnt from its own question", c.to)
		}
		if !Answer(p, owner) {
			t.Fatalf("%v: no answer to %s", c.to, lcoretest.Describe(question.Data))
		}
		stranger := next(c.from, c.from, otherMAC)
		if stranger.Learn(p) {
			t.Errorf("%v: learnt from an answer about %v", c.from, c.to)
		}
		if !n.Learn(p) || n.MAC != myMAC || n.Due(time.Hour) {
			t.Errorf("%v: %+v after %s", c.to, n, lcoretest.Describe(p.Data))
		}
	}
	if n := next(other, mine, otherMAC); n.Learn(packet([]byte{1, 2, 3})) || n.Learn(packet(lcoretest.TCP(netip.AddrPortFrom(mine, 1), netip.AddrPortFrom(other, 2), "S"))) {
		t.Error("learnt from nothing")
	}
}

func TestParseMAC(t *testing.T) {
	for text, ok := range map[string]bool{
		"02:00:00:00:08:02": true, "02-00-00-00-08-02": true,
		"": false, "02:00": false, "ff:ff:ff:ff:ff:ff": false, "01:00:5e:00:00:01": false, "00:00:00:00:00:00": false, "02:00:00:00:00:00:00:01": false,
	} {
		m, err := ParseMAC("mac", text)
		if (err == nil) != ok || ok && m != myMAC {
			t.Errorf("%q: %v, %v", text, m, err)
		}
	}
}
