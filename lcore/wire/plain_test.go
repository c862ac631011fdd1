package wire

import (
	"bytes"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
)

// ours is the MAC address that frames are for.
var ours = MAC{2, 3, 4, 5, 6, 7}

// TestPlain: a frame is plain if, and only if, the general parsers find what a plain one is, and then both read the same.
func TestPlain(t *testing.T) {
	plain := 0
	rapid.Check(t, func(t *rapid.T) {
		b, good := drawFrame(t)
		ok := len(b) >= PlainLen
		if ok {
			p := AsPlain(b)
			ok = p.Strange(0x070605040302) == 0 && p.Len() <= len(b) && p.Fits(p.Len()) && (good || p.ChecksumOK())
		}
		ip, isIP := ParseIPv4(b[EthernetLen:], len(b)-EthernetLen)
		want := len(b) >= PlainLen && Ethernet(b).Dst() == ours && Ethernet(b).Type() == TypeIPv4 && isIP && ip.HeaderLen() == IPv4Len && !ip.IsFragment() && (good || ip.ChecksumOK())
		if want {
			switch ip.Protocol() {
			case flow.TCP:
				_, want = ParseTCP(ip.Payload())
			case flow.UDP:
				_, want = ParseUDP(ip.Payload())
			default:
				want = false
			}
		}
		if ok != want {
			t.Fatalf("%x: plain %v, want %v", b, ok, want)
		}
		if !ok {
			return
		}
		plain++
		p := AsPlain(b)
		ports := Ports(ip.Payload())
		if p.Len() != EthernetLen+ip.TotalLen() || p.TotalLen() != ip.TotalLen() || p.TTL() != ip.TTL() || p.Protocol() != ip.Protocol() ||
			p.Src() != ip.Src() || p.Dst() != ip.Dst() || p.SrcPort() != ports.Src() || p.DstPort() != ports.Dst() ||
			!bytes.Equal(binary.LittleEndian.AppendUint64(nil, p.Ends()), ip[12:20]) || !bytes.Equal(binary.LittleEndian.AppendUint32(nil, p.EndPorts()), ports[:4]) {
			t.Fatalf("%x: read otherwise", b)
		}
		if p.Protocol() == flow.TCP && p.Flags() != TCP(ip.Payload()).Flags() {
			t.Fatal("flags")
		}
		if p.Protocol() == flow.UDP && p.NoChecksum() != (UDP(ip.Payload()).Checksum() == 0) {
			t.Fatal("checksum")
		}
	})
	if plain < 10 {
		t.Errorf("only %d frames were plain: the test shows nothing", plain)
	}
}

// drawFrame draws a frame that is plain but for a byte or two.
func drawFrame(t *rapid.T) (b []byte, good bool) {
	b = make([]byte, rapid.SampledFrom([]int{60, 60, 100, PlainLen, PlainLen - 1}).Draw(t, "len"))
	e := Ethernet(b)
	e.SetDst(ours)
	if rapid.IntRange(0, 9).Draw(t, "to") == 0 {
		b[rapid.IntRange(0, 5).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "of")
	}
	e.SetType(TypeIPv4)
	total := rapid.SampledFrom([]int{len(b) - EthernetLen, 40, 40, 40, 28, 27, 39, len(b) - EthernetLen + 1}).Draw(t, "total")
	ip := IPv4(b[EthernetLen:])
	ip.Set(0, total, rapid.Byte().Draw(t, "ttl"), rapid.SampledFrom([]uint8{flow.TCP, flow.TCP, flow.UDP, flow.UDP, flow.ICMP}).Draw(t, "proto"), rapid.Uint32().Draw(t, "src"), rapid.Uint32().Draw(t, "dst"))
	if ip.Protocol() == flow.UDP {
		b[plainL4+5] = rapid.SampledFrom([]byte{20, 8, 7}).Draw(t, "length")
		b[plainL4+7] = rapid.Byte().Draw(t, "checksum")
	} else if len(b) >= PlainLen {
		b[plainL4+tcpOffset] = rapid.SampledFrom([]byte{0x50, 0x50, 0x50, 0x40, 0x60}).Draw(t, "offset")
		b[plainL4+tcpFlags] = rapid.Byte().Draw(t, "flags")
	}
	for range rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "spoilt") {
		at := rapid.IntRange(12, 33).Draw(t, "at")
		b[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	}
	if ip.HeaderLen() <= len(ip) && rapid.SampledFrom([]bool{true, true, false}).Draw(t, "right") {
		ip.ComputeChecksum()
	}
	return b, rapid.Bool().Draw(t, "good")
}
