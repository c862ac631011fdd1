package answer

import (
	"testing"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

// TestInside: the packet inside, from at on, becomes all that is quoted, as far as an error may be long.
func TestInside(t *testing.T) {
	vip4, long := flow.V4(0x0a000001), lcoretest.Payload(make([]byte, 1300))
	for _, tt := range []struct {
		name   string
		inside []byte // a frame
		from   flow.Addr
		typ    uint8
		code   uint8
		mtu    uint16
		want   string // "": refused
		length int    // of the packet
	}{
		{"IPv4", lcoretest.TCP(client, vip, "A"), vip4, 3, 4, 1380, "10.0.0.1 > 10.8.0.2 icmp 3/4 mtu 1380 (10.8.0.2 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok", 28 + 40},
		{"a long one", lcoretest.UDP(client, vip, long), vip4, 3, 1, 0, "10.0.0.1 > 10.8.0.2 icmp 3/1 (10.8.0.2 > 10.0.0.1 udp 20001>80 csum ok) ttl 64 csum ok", 576},
		{"IPv6", lcoretest.TCP(client6, vip6, "A"), flow.FromNetip(vip6.Addr()), 2, 0, 1360, "fd00::1 > fd16::1 icmp6 2/0 mtu 1360 (fd16::1 > fd00::1 tcp 20001>80) ttl 64 csum ok", 48 + 60},
		{"a long one of IPv6", lcoretest.UDP(client6, vip6, long), flow.FromNetip(vip6.Addr()), 1, 3, 0, "fd00::1 > fd16::1 icmp6 1/3 (fd16::1 > fd00::1 udp 20001>80) ttl 64 csum ok", 1280},
		{"neither", lcoretest.ARPRequest(lcoretest.ClientMAC, client.Addr(), vip.Addr()), vip4, 3, 1, 0, "", 0},
	} {
		for _, at := range []int{wire.IPv4Len + wire.ICMPLen + wire.IPv4Len, 100} { // as near as a tunnel lets it be, and farther
			frame := append(make([]byte, l3+at), tt.inside[l3:]...)
			p := &burst.Packet{Data: frame, Len: uint32(len(frame)), Segments: 1}
			ok := Inside(p, l3, at, tt.from, tt.typ, tt.code, tt.mtu)
			if ok != (tt.want != "") {
				t.Errorf("%s: %v", tt.name, ok)
			}
			if !ok {
				continue
			}
			if got := lcoretest.Describe(p.Data); got != tt.want {
				t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
			}
			if len(p.Data) != l3+tt.length {
				t.Errorf("%s: %d bytes, want %d", tt.name, len(p.Data)-l3, tt.length)
			}
		}
	}
}
