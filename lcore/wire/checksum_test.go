package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"

	"pgregory.net/rapid"
)

// plainSum is the twin of sum: RFC 1071 word by word, in network byte order.
func plainSum(b []byte) uint32 {
	s := uint32(0)
	for i, octet := range b {
		if i%2 == 0 {
			s += uint32(octet) << 8
		} else {
			s += uint32(octet)
		}
		s = s>>16 + s&0xffff
	}
	return s
}

func plainChecksum(b []byte, start uint32) uint16 {
	s := plainSum(b) + start
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

func TestChecksumOfRFC1071(t *testing.T) {
	b := []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7} // section 3: sum ddf2
	if got := Checksum(b, 0); got != 0xffff&^0xddf2 {
		t.Errorf("got %#04x, want %#04x", got, 0xffff&^0xddf2)
	}
}

func TestChecksumIsThePlainOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 1600).Draw(t, "n")
		b := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 0x7f, 0x80, 0xfe, 0xff}), n, n).Draw(t, "b")
		start := rapid.Uint32Range(0, 0xfffff).Draw(t, "start")
		if got, want := Checksum(b, start), plainChecksum(b, start); got != want {
			t.Fatalf("got %#04x, want %#04x", got, want)
		}
	})
}

func TestPseudoHeadersAreTheSumsOfTheirBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "addresses")
		proto := rapid.Byte().Draw(t, "protocol")
		n := rapid.IntRange(0, 0xffff).Draw(t, "length")
		tail := []byte{0, proto, byte(n >> 8), byte(n)}

		four := PseudoIPv4(binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), proto, n)
		if got, want := Checksum(nil, four), plainChecksum(append(b[:8:8], tail...), 0); got != want {
			t.Fatalf("IPv4: got %#04x, want %#04x", got, want)
		}
		src, dst := netip.AddrFrom16([16]byte(b)), netip.AddrFrom16([16]byte(b[16:]))
		six := PseudoIPv6(flow.FromNetip(src), flow.FromNetip(dst), proto, n)
		if got, want := Checksum(nil, six), plainChecksum(append(b[:32:32], tail...), 0); got != want {
			t.Fatalf("IPv6: got %#04x, want %#04x", got, want)
		}
	})
}

// RFC 1624 section 4: checksum dd2f, a word changes from 5555 to 3285: 0000, not ffff.
func TestUpdateOfRFC1624(t *testing.T) {
	if got := Update(0xdd2f, Diff16(0x5555, 0x3285)); got != 0 {
		t.Errorf("got %#04x, want 0", got)
	}
}

func TestUpdateIsAFullComputation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 0x80, 0xff}), 20, 60).Draw(t, "b")
		b[0] = 0x45 // as in every header that is summed up, not all is zero
		before := Checksum(b, 0)
		var d Diff
		for range rapid.IntRange(1, 5).Draw(t, "changes") {
			at := rapid.IntRange(1, len(b)/2-2).Draw(t, "at") * 2
			if rapid.Bool().Draw(t, "32 bits") {
				old, new := binary.BigEndian.Uint32(b[at:]), rapid.Uint32().Draw(t, "new")
				binary.BigEndian.PutUint32(b[at:], new)
				d += Diff32(old, new)
			} else {
				old, new := binary.BigEndian.Uint16(b[at:]), rapid.Uint16().Draw(t, "new")
				binary.BigEndian.PutUint16(b[at:], new)
				d += Diff16(old, new)
			}
		}
		if got, want := Update(before, d), plainChecksum(b, 0); got != want {
			t.Fatalf("got %#04x, want %#04x", got, want)
		}
	})
}

func BenchmarkChecksum(b *testing.B) {
	for _, n := range []int{20, 64, 576, 1460} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			data := make([]byte, n)
			b.SetBytes(int64(n))
			for b.Loop() {
				Checksum(data, 0)
			}
		})
	}
}

func BenchmarkUpdate(b *testing.B) {
	c, a := uint16(0x1234), uint32(0x0a000001)
	for b.Loop() {
		c = Update(c, Diff32(a, a+1)+Diff16(80, 8080))
		a++
	}
}

func BenchmarkChecksumOK(b *testing.B) {
	for _, frame := range [][]byte{lcoretest.TCP(client, vip, "S"), lcoretest.TCP(client, vip, "S", lcoretest.RouterAlert())} {
		ip := IPv4(frame[EthernetLen:])
		b.Run(fmt.Sprint(ip.HeaderLen()), func(b *testing.B) {
			for b.Loop() {
				if !ip.ChecksumOK() {
					b.Fatal("wrong")
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	frame := lcoretest.TCP(client, vip, "S")
	for b.Loop() {
		eth, _ := ParseEthernet(frame)
		ip, ok := ParseIPv4(eth.Payload(), len(eth.Payload()))
		tcp, ok2 := ParseTCP(ip.Payload())
		if !ok || !ok2 || tcp.DstPort() != 80 || ip.Src() != clientIP {
			b.Fatal("refused")
		}
	}
}
