package wire

import (
	"encoding/binary"
	"math/bits"

	"cleat/lcore/flow"
)

// Checksum returns the Internet checksum (RFC 1071) of b, to which start is added: the sum of a pseudo
// header, or 0. Over bytes that hold their own checksum it returns 0 when that is right.
func Checksum(b []byte, start uint32) uint16 {
	return ^fold(uint32(bits.ReverseBytes16(sum(b))) + start)
}

// sum adds up b in little-endian words, 8 bytes at a time: a ones' complement sum comes out the
// same in either byte order, swapped (RFC 1071 2.B), and little-endian loads need no swap on the
// processors that carry cleat.
func sum(b []byte) uint16 {
	var s, c uint64
	for len(b) >= 32 {
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b[8:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b[16:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b[24:]), c)
		b = b[32:]
	}
	for len(b) >= 8 {
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b), c)
		b = b[8:]
	}
	var tail uint64
	if len(b) >= 4 {
		tail = uint64(binary.LittleEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		tail += uint64(binary.LittleEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		tail += uint64(b[0])
	}
	s, c = bits.Add64(s, tail, c)
	return fold64(s, c)
}

// sum20 is sum of the first 20 bytes of b: an IPv4 header without options.
func sum20(b []byte) uint16 {
	_ = b[19]
	s, c := bits.Add64(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), 0)
	s, c = bits.Add64(s, uint64(binary.LittleEndian.Uint32(b[16:])), c)
	return fold64(s, c)
}

// fold64 folds a sum of 64 bits and its carry to 16. It needs s + carry to fit 64 bits, which it does
// after adding something small.
func fold64(s, carry uint64) uint16 {
	s += carry
	s += bits.RotateLeft64(s, 32) // the upper half: both halves and the carry out of the lower one
	w := uint32(s >> 32)
	w += bits.RotateLeft32(w, 16)
	return uint16(w >> 16)
}

// fold folds a sum to 16 bits.
func fold(s uint32) uint16 { return uint16((s + bits.RotateLeft32(s, 16)) >> 16) }

// PseudoIPv4 returns the sum of an IPv4 pseudo header; length is that of the transport header and its
// data, bytes.
func PseudoIPv4(src, dst uint32, protocol uint8, length int) uint32 {
	return src>>16 + src&0xffff + dst>>16 + dst&0xffff + uint32(protocol) + uint32(length)
}

// PseudoIPv6 returns the sum of an IPv6 pseudo header (RFC 8200 8.1); length is that of the transport header
// and its data, bytes, at most 65535.
func PseudoIPv6(src, dst flow.Addr, protocol uint8, length int) uint32 {
	s, c := bits.Add64(src.Hi, src.Lo, 0)
	s, c = bits.Add64(s, dst.Hi, c)
	s, c = bits.Add64(s, dst.Lo, c)
	s, c = bits.Add64(s, uint64(protocol)+uint64(length), c)
	return uint32(fold64(s, c))
}

// Diff is by how much a sum changes when words of what it is over do: Σ(~old + new), as in
// equation 3 of RFC 1624. Diffs are added with +, some ten thousand of them. The same Diff of an
// address goes into the checksum of the IP header and into that of the pseudo header.
type Diff uint32

// Diff16 is the change of one 16-bit word that lies at an even offset.
func Diff16(old, new uint16) Diff { return Diff(^old) + Diff(new) }

// Diff32 is the change of two 16-bit words that lie at an even offset.
func Diff32(old, new uint32) Diff {
	return Diff(^old>>16) + Diff(^old&0xffff) + Diff(new>>16) + Diff(new&0xffff)
}

// DiffAddr is the change of an IPv6 address.
func DiffAddr(old, new flow.Addr) Diff { return Diff16(sumAddr(old), sumAddr(new)) }

func sumAddr(a flow.Addr) uint16 {
	s, c := bits.Add64(a.Hi, a.Lo, 0)
	return fold64(s, c)
}

// Update returns what checksum becomes by d.
func Update(checksum uint16, d Diff) uint16 { return ^fold(uint32(^checksum) + uint32(d)) }
