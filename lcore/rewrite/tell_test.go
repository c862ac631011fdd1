package rewrite

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/lcore/burst"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// received is frame as a port receives it, with room in front, and where its TCP header begins.
func received(frame []byte, headroom int) (p burst.Packet, l4 int) {
	buffer := append(make([]byte, headroom), frame...)
	p = burst.Packet{Data: buffer[headroom:], Len: uint32(len(frame)), Segments: 1, Headroom: uint16(headroom)}
	l4 = wire.EthernetLen + wire.IPv4(p.Data[wire.EthernetLen:]).HeaderLen()
	if wire.Ethernet(frame).Type() == wire.TypeIPv6 {
		_, u := packet6(frame)
		l4 = wire.EthernetLen + int(u.Offset)
	}
	return p, l4
}

// TestInsert: the segment is the one that would have been built with the text in front of its payload; a wrong checksum stays as wrong.
func TestInsert(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src, dst := client, vip
		if rapid.Bool().Draw(t, "IPv6") {
			src, dst = client6, vip6
		}
		payload, text := rapid.SliceOfN(rapid.Byte(), 2, 50).Draw(t, "payload"), rapid.SliceOfN(rapid.Byte(), 0, ProxyMax).Draw(t, "text")
		headroom := rapid.SampledFrom([]int{burst.Headroom, 60}).Draw(t, "headroom")
		build := func(payload []byte) []byte {
			return lcoretest.TCP(src, dst, "PA", lcoretest.MSS(1460), lcoretest.Payload(payload))
		}
		frame, want := build(payload), build(append(bytes.Clone(text), payload...))
		p, l4 := received(frame, headroom)
		wrong := rapid.Bool().Draw(t, "wrong")
		if wrong {
			p.Data[l4+17] ^= 0x5a
		}
		ok := Insert(&p, wire.EthernetLen, l4, wire.TCP(p.Data[l4:]).HeaderLen(), text)
		if fits := len(text) <= headroom; ok != fits {
			t.Fatalf("%v, want %v", ok, fits)
		}
		switch {
		case !ok && !wrong && !bytes.Equal(p.Data, frame):
			t.Fatal("refused, but changed")
		case ok && !wrong && !bytes.Equal(p.Data, want):
			t.Fatalf("got  %s\n%x\nwant %s\n%x", lcoretest.Describe(p.Data), p.Data, lcoretest.Describe(want), want)
		case wrong && !strings.HasSuffix(lcoretest.Describe(p.Data), "csum bad tcp"):
			t.Fatalf("wrong before, now %s", lcoretest.Describe(p.Data))
		case int(p.Len) != len(p.Data):
			t.Fatalf("%d bytes, of which it knows %d", len(p.Data), p.Len)
		}
	})
}

// TestTOA: the option comes first, what does not fit beside it goes (F9.3), and nobody else's stays.
func TestTOA(t *testing.T) {
	forged := lcoretest.TCPOption(OptionTOA, 0, 80, 1, 2, 3, 4)
	sack := []lcoretest.Option{lcoretest.SACK(1, 2), lcoretest.Timestamp(7, 8), lcoretest.TCPOption(77, make([]byte, 12)...)} // 10 + 10 + 14
	for _, tt := range []struct {
		name     string
		src, dst netip.AddrPort
		opts     []lcoretest.Option
		mtu      int
		want     string
	}{
		{"IPv4", client, vip, nil, 1500, "A seq 1 ack 0 toa 10.8.0.2:20001 len 4 ttl 64 csum ok"},
		{"IPv6", client6, vip6, nil, 1500, "A seq 1 ack 0 toa [fd16::1]:20001 len 4 ttl 64 csum ok"},
		{"behind an extension header", client6, vip6, []lcoretest.Option{lcoretest.Extension(wire.DestOptions)}, 1500, "A seq 1 ack 0 toa [fd16::1]:20001 len 4 ttl 64 csum ok"},
		{"others behind it", client, vip, sack[:2], 1500, "A seq 1 ack 0 toa 10.8.0.2:20001 sack 1-2 ts 7 len 4 ttl 64 csum ok"},
		{"a client's own", client, vip, []lcoretest.Option{forged, lcoretest.Timestamp(7, 8)}, 1500, "A seq 1 ack 0 toa 10.8.0.2:20001 ts 7 len 4 ttl 64 csum ok"},
		{"no room: time stamps alone stay", client, vip, sack, 1500, "A seq 1 ack 0 toa 10.8.0.2:20001 ts 7 len 4 ttl 64 csum ok"},
		{"no room over IPv6", client6, vip6, sack, 1500, "A seq 1 ack 0 toa [fd16::1]:20001 ts 7 len 4 ttl 64 csum ok"},
		{"the way's MTU is too small", client, vip, []lcoretest.Option{lcoretest.TCPOption(OptionTOA, 0, 80)}, 51, "A seq 1 ack 0 len 4 ttl 64 csum ok"},
		{"it is just large enough", client, vip, nil, 52, "A seq 1 ack 0 toa 10.8.0.2:20001 len 4 ttl 64 csum ok"},
	} {
		frame := lcoretest.TCP(tt.src, tt.dst, "A", append(slices.Clone(tt.opts), lcoretest.Payload([]byte("data")))...)
		p, l4 := received(frame, burst.Headroom)
		told := TOA(&p, wire.EthernetLen, l4, end(tt.src), tt.mtu)
		_, got, _ := strings.Cut(lcoretest.Describe(p.Data), "80 ")
		if diff := cmp.Diff(tt.want, got); diff != "" || told != strings.Contains(tt.want, "toa") {
			t.Errorf("%s: told %v (-want +got):\n%s", tt.name, told, diff)
		}
		if told && p.Data[l4+wire.TCPLen] != OptionTOA {
			t.Errorf("%s: it is not the first one", tt.name)
		}
	}
}

// TestTOABytes: F9.1.
func TestTOABytes(t *testing.T) {
	p, l4 := received(lcoretest.TCP(client, vip, "A"), burst.Headroom)
	TOA(&p, wire.EthernetLen, l4, end(client), 1500)
	want := []byte{254, 8, 0x4e, 0x21, 10, 8, 0, 2} // kind, length, port 20001, 10.8.0.2
	if got := wire.TCP(p.Data[l4:]).Options(); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

// TestProxy has the examples of the protocol's text.
func TestProxy(t *testing.T) {
	from, to := netip.MustParseAddrPort("192.168.0.1:56324"), netip.MustParseAddrPort("192.168.0.11:443")
	longest := netip.MustParseAddrPort("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535")
	var room [ProxyMax]byte
	for _, tt := range []struct {
		version  service.ClientAddress
		from, to netip.AddrPort
		want     string
	}{
		{service.ProxyV1, from, to, "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"},
		{service.ProxyV1, client6, vip6, "PROXY TCP6 fd16::1 fd00::1 20001 80\r\n"},
		{service.ProxyV2, from, to, "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\xa8\x00\x01\xc0\xa8\x00\x0b\xdc\x04\x01\xbb"},
		{
			service.ProxyV2, client6, vip6,
			"\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x24\xfd\x16" + strings.Repeat("\x00", 13) + "\x01\xfd" + strings.Repeat("\x00", 14) + "\x01\x4e\x21\x00\x50",
		},
		{service.TOA, from, to, ""},
		{service.Untold, from, to, ""},
	} {
		if got := string(AppendProxy(room[:0], tt.version, end(tt.from), end(tt.to))); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	if n := len(AppendProxy(nil, service.ProxyV1, end(longest), end(longest))); n > ProxyMax {
		t.Errorf("%d bytes, more than %d", n, ProxyMax)
	}
}

func TestTellingAllocatesNothing(t *testing.T) {
	frame := lcoretest.TCP(client6, vip6, "A")
	buffer := append(make([]byte, burst.Headroom), frame...)
	_, l4 := received(frame, burst.Headroom)
	if n := testing.AllocsPerRun(10, func() {
		copy(buffer[burst.Headroom:], frame)
		p := burst.Packet{Data: buffer[burst.Headroom:], Len: uint32(len(frame)), Segments: 1, Headroom: burst.Headroom}
		var room [ProxyMax]byte
		TOA(&p, wire.EthernetLen, l4, end(client6), 1500)
		Insert(&p, wire.EthernetLen, l4, 40, AppendProxy(room[:0], service.ProxyV1, end(client6), end(vip6)))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
