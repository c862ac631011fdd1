package rewrite

import (
	"math"
	"math/bits"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// Insert puts text into the TCP segment of p, whose IP header is at l3 and TCP header at l4, at that many bytes, an even number, behind the latter. What is in front
// of it moves into the headroom, so that a payload may lie wherever it lies. A checksum that was wrong stays wrong. It returns false, and changes nothing, if
// there is no room.
func Insert(p *burst.Packet, l3, l4, at int, text []byte) bool {
	ip, n := p.Data[l3:], len(text)
	if totalLen(ip)+n > math.MaxUint16 {
		return false
	}
	front := p.Data[l4 : l4+at]
	tail := wire.Checksum(front, pseudo(ip, l4-l3)) // what is behind has to add, if the checksum is right
	if !p.Prepend(n) {
		return false
	}
	copy(p.Data, p.Data[n:n+l4+at])
	copy(p.Data[l4+at:], text)
	ip = p.Data[l3:]
	grow(ip, n)
	if n%2 != 0 { // in the checksum its bytes stand the other way round from here on
		tail = bits.ReverseBytes16(tail)
	}
	t := wire.TCP(p.Data[l4:])
	t.SetChecksum(0)
	t.SetChecksum(wire.Checksum(t[:at+n&^1], pseudo(ip, l4-l3)+uint32(tail)+lastByte(text)))
	return true
}

// lastByte is what the last byte of text, which has no partner, adds to a checksum if their number is odd.
func lastByte(text []byte) uint32 {
	if n := len(text); n%2 != 0 {
		return uint32(text[n-1]) << 8
	}
	return 0
}

// totalLen is the length of an IP packet with its header, bytes.
func totalLen(ip []byte) int {
	if ip[0]>>4 == 6 {
		return wire.IPv6(ip).TotalLen()
	}
	return wire.IPv4(ip).TotalLen()
}

// grow makes an IP packet say that it is n bytes longer.
func grow(ip []byte, n int) {
	if ip[0]>>4 == 6 {
		six := wire.IPv6(ip)
		six.SetPayloadLen(six.PayloadLen() + n)
		return
	}
	four := wire.IPv4(ip)
	before := four.TotalLen()
	four.SetTotalLen(before + n)
	four.UpdateChecksum(wire.Diff16(uint16(before), uint16(before+n)))
}

// pseudo is the sum of the pseudo header of a segment that begins that many bytes behind the IP header.
func pseudo(ip []byte, offset int) uint32 {
	if ip[0]>>4 == 6 {
		six := wire.IPv6(ip)
		return wire.PseudoIPv6(six.Src(), six.Dst(), flow.TCP, six.TotalLen()-offset)
	}
	return wire.IPv4(ip).Pseudo()
}
