package sequence

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

// TestShift holds sequence numbers to a stream whose every byte knows its place on both sides: packets in order, the last one again, and
// acknowledgments of any of them that the other side could send after that.
func TestShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Shift
		seq := rapid.Uint32().Draw(t, "first")
		other := seq // what the other side sees
		for range rapid.IntRange(1, 12).Draw(t, "packets") {
			size := rapid.Uint32Range(30, 90).Draw(t, "size")
			grows := rapid.SampledFrom([]int{0, 0, 3, -4, 1}).Draw(t, "grows")
			for range rapid.IntRange(1, 2).Draw(t, "times") {
				if got := s.Seq(seq); got != other {
					t.Fatalf("packet at %d goes out as %d, want %d", seq, got, other)
				}
				s.Changed(seq, grows)
			}
			if got := s.Ack(other); got != seq {
				t.Fatalf("acknowledgment of all before is %d, want %d", got, seq)
			}
			seq, other = seq+size, other+size+uint32(grows)
			if got := s.Ack(other); got != seq {
				t.Fatalf("acknowledgment of %d is %d, want %d", other, got, seq)
			}
		}
	})
}

func segment(opts ...lcoretest.Option) (wire.IPv4, wire.TCP) {
	frame := lcoretest.TCP(netip.MustParseAddrPort("10.9.0.13:21"), netip.MustParseAddrPort("172.16.0.1:20001"), "A", opts...)
	ip, _ := wire.ParseIPv4(frame[wire.EthernetLen:], len(frame)-wire.EthernetLen)
	tcp, ok := wire.ParseTCP(ip.Payload())
	if !ok {
		panic("no TCP")
	}
	return ip, tcp
}

// TestSelectiveAcknowledgments: their edges shift with the acknowledgment, wherever they stand, and the checksum stays right.
func TestSelectiveAcknowledgments(t *testing.T) {
	for name, padding := range map[string]int{"even": 2, "odd": 1} {
		var s Shift
		s.Changed(1000, -3)
		ip, tcp := segment(lcoretest.Seq(1, 1030), lcoretest.Payload([]byte(strings.Repeat("x", 12))))
		// Room for options is made of the payload: a header of 8 words.
		tcp[12] = 8 << 4
		options := tcp[wire.TCPLen:32]
		for i := range padding {
			options[i] = wire.OptionNop
		}
		copy(options[padding:], []byte{wire.OptionSACK, 10})
		edges := options[padding+2:]
		binary.BigEndian.PutUint32(edges, 1100)
		binary.BigEndian.PutUint32(edges[4:], 990)
		tcp.SetChecksum(0)
		tcp.SetChecksum(wire.Checksum(tcp, ip.Pseudo()))
		s.Acknowledge(tcp)
		if a, b, c := tcp.Ack(), binary.BigEndian.Uint32(edges), binary.BigEndian.Uint32(edges[4:]); a != 1033 || b != 1103 || c != 990 {
			t.Errorf("%s: %d, %d-%d, want 1033, 1103-990", name, a, b, c)
		}
		if wire.Checksum(tcp, ip.Pseudo()) != 0 {
			t.Errorf("%s: checksum is wrong", name)
		}
	}
}

// FuzzAcknowledge: options of any length and none are passed over; without ACK nothing changes.
func FuzzAcknowledge(f *testing.F) {
	f.Add([]byte{1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2})
	f.Add([]byte{5, 3, 0, 0})
	f.Add([]byte{5, 0, 0, 5})
	f.Fuzz(func(t *testing.T, options []byte) {
		options = options[:min(len(options), 40)/4*4]
		ip, tcp := segment(lcoretest.Seq(1, 1030), lcoretest.Payload(options))
		tcp[12] = uint8(wire.TCPLen+len(options)) / 4 << 4
		tcp.SetChecksum(0)
		tcp.SetChecksum(wire.Checksum(tcp, ip.Pseudo()))
		var s Shift
		s.Changed(1000, 7)
		s.Acknowledge(tcp)
		if tcp.Ack() != 1023 || wire.Checksum(tcp, ip.Pseudo()) != 0 {
			t.Errorf("%x: acknowledgment %d, want 1023, or the checksum is wrong", options, tcp.Ack())
		}
	})
}

// TestSettle: when the other side has the packet that grew, its numbers no longer matter, and those of the other end of the number space are
// shifted like all behind it.
func TestSettle(t *testing.T) {
	var s Shift
	s.Begin(1001, 5000, 40) // 1001…1100 here are 6001…6140 there
	for _, ack := range []uint32{6001, 6020, 6040} {
		if s.Settle(ack); s.Seq(1001) != 6001 || s.Seq(1050) != 6090 {
			t.Fatalf("acknowledged up to %d: %d, %d, want 6001, 6090", ack, s.Seq(1001), s.Seq(1050))
		}
	}
	far := uint32(1001 + 1<<31 + 7)
	if s.Settle(6041); s.Seq(1001) != 6041 || s.Seq(far) != far+5040 || s.Ack(far+5040) != far {
		t.Errorf("acknowledged: %d, %d, want 6041, %d", s.Seq(1001), s.Seq(far), far+5040)
	}
}

func TestAllocatesNothing(t *testing.T) {
	_, tcp := segment(lcoretest.Seq(1, 1030))
	var s Shift
	s.Changed(1000, 7)
	if n := testing.AllocsPerRun(10, func() {
		s.Advance(tcp)
		s.Acknowledge(tcp)
		s.Settle(5)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
