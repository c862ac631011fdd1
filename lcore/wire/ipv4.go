package wire

import "encoding/binary"

// IPv4 offsets and length (RFC 791), bytes.
const (
	ip4VersionIHL = 0
	ip4TOS        = 1
	ip4TotalLen   = 2
	ip4ID         = 4
	ip4Fragment   = 6
	ip4TTL        = 8
	ip4Protocol   = 9
	ip4Checksum   = 10
	ip4Src        = 12
	ip4Dst        = 16

	// IPv4Len is the length of an IPv4 header without options.
	IPv4Len = 20

	ip4DF         = 0x4000
	ip4MF         = 0x2000
	ip4OffsetMask = 0x1fff // in units of 8 bytes
)

// IPv4 is an IPv4 packet, or as much of it as lies in the first segment, without padding behind it.
type IPv4 []byte

// ParseIPv4 returns the packet that begins at b. size is how many bytes there are from b[0] on, in all
// segments together: len(b) where there is one. It promises
//
//   - version 4, and HeaderLen bytes, at least 20, in hand;
//   - HeaderLen ≤ TotalLen ≤ size;
//   - no more than TotalLen bytes in hand, so that Payload holds no padding.
//
// It does not look at the checksum.
func ParseIPv4(b []byte, size int) (IPv4, bool) {
	ip, ok := ParseQuotedIPv4(b)
	if !ok || ip.TotalLen() > size {
		return nil, false
	}
	return ip, true
}

// ParseQuotedIPv4 returns the packet that begins at b, of which the tail may be missing, as in
// an ICMP error. It promises what ParseIPv4 does but for TotalLen ≤ size.
func ParseQuotedIPv4(b []byte) (IPv4, bool) {
	if len(b) < IPv4Len || b[ip4VersionIHL]>>4 != 4 {
		return nil, false
	}
	ip := IPv4(b)
	header, total := ip.HeaderLen(), ip.TotalLen()
	if header < IPv4Len || header > len(b) || header > total {
		return nil, false
	}
	return ip[:min(total, len(b))], true
}

// HeaderLen returns the length of the header with its options, bytes.
func (ip IPv4) HeaderLen() int { return int(ip[ip4VersionIHL]&0xf) * 4 }

// TOS returns DSCP (6 bits) and ECN (2 bits).
func (ip IPv4) TOS() uint8 { return ip[ip4TOS] }

// TotalLen returns the length of header and payload as the header says, bytes.
func (ip IPv4) TotalLen() int { return int(binary.BigEndian.Uint16(ip[ip4TotalLen:])) }

// PayloadLen returns the length of the payload as the header says, bytes, all segments together.
func (ip IPv4) PayloadLen() int { return ip.TotalLen() - ip.HeaderLen() }

// Whole reports whether the packet lies in hand to its end.
func (ip IPv4) Whole() bool { return len(ip) == ip.TotalLen() }

// ID returns the identification that the fragments of a packet share.
func (ip IPv4) ID() uint16 { return binary.BigEndian.Uint16(ip[ip4ID:]) }

// DontFragment reports whether routers must not fragment the packet.
func (ip IPv4) DontFragment() bool { return ip.fragment()&ip4DF != 0 }

// MoreFragments reports whether this is a fragment and not the last one.
func (ip IPv4) MoreFragments() bool { return ip.fragment()&ip4MF != 0 }

// FragmentOffset returns where in the original payload this fragment lies, bytes. Only at 0 does
// a transport header follow.
func (ip IPv4) FragmentOffset() int { return int(ip.fragment()&ip4OffsetMask) * 8 }

// IsFragment reports whether this is one fragment of several, the first one included.
func (ip IPv4) IsFragment() bool { return ip.fragment()&(ip4MF|ip4OffsetMask) != 0 }

func (ip IPv4) fragment() uint16 { return binary.BigEndian.Uint16(ip[ip4Fragment:]) }

// TTL returns the number of hops that the packet may still take.
func (ip IPv4) TTL() uint8 { return ip[ip4TTL] }

// Protocol returns the number of the transport protocol (flow.TCP, …).
func (ip IPv4) Protocol() uint8 { return ip[ip4Protocol] }

// Checksum returns the header checksum.
func (ip IPv4) Checksum() uint16 { return binary.BigEndian.Uint16(ip[ip4Checksum:]) }

// Src returns the source address.
func (ip IPv4) Src() uint32 { return binary.BigEndian.Uint32(ip[ip4Src:]) }

// Dst returns the destination address.
func (ip IPv4) Dst() uint32 { return binary.BigEndian.Uint32(ip[ip4Dst:]) }

// Payload returns what follows the header, as far as it lies in hand.
func (ip IPv4) Payload() []byte { return ip[ip.HeaderLen():] }

// SetTTL sets the number of hops; the checksum is the caller's.
func (ip IPv4) SetTTL(n uint8) { ip[ip4TTL] = n }

// SetFragment says which fragment this is: offset in bytes, a multiple of 8, and whether more follow; or that the packet is whole (0, false)
// and must not be fragmented (dont). The checksum is the caller's.
func (ip IPv4) SetFragment(offset int, more, dont bool) {
	f := uint16(offset / 8)
	if more {
		f |= ip4MF
	}
	if dont {
		f |= ip4DF
	}
	binary.BigEndian.PutUint16(ip[ip4Fragment:], f)
}

// SetTotalLen sets the length of header and payload, bytes; the checksum is the caller's.
func (ip IPv4) SetTotalLen(n int) { binary.BigEndian.PutUint16(ip[ip4TotalLen:], uint16(n)) }

// ComputeChecksum sets the header checksum.
func (ip IPv4) ComputeChecksum() {
	ip.SetChecksum(0)
	ip.SetChecksum(Checksum(ip[:ip.HeaderLen()], 0))
}

// SetChecksum sets the header checksum.
func (ip IPv4) SetChecksum(c uint16) { binary.BigEndian.PutUint16(ip[ip4Checksum:], c) }

// SetSrc sets the source address; the checksums are the caller's.
func (ip IPv4) SetSrc(a uint32) { binary.BigEndian.PutUint32(ip[ip4Src:], a) }

// SetDst sets the destination address; the checksums are the caller's.
func (ip IPv4) SetDst(a uint32) { binary.BigEndian.PutUint32(ip[ip4Dst:], a) }

// ChecksumOK reports whether the header checksum is right.
func (ip IPv4) ChecksumOK() bool {
	if ip.HeaderLen() == IPv4Len { // nearly always: see BenchmarkChecksumOK
		return sum20(ip) == 0xffff
	}
	return Checksum(ip[:ip.HeaderLen()], 0) == 0
}

// Pseudo returns the sum of the pseudo header of what the packet carries (RFC 9293 3.1): the start
// for Checksum over Payload.
func (ip IPv4) Pseudo() uint32 {
	return PseudoIPv4(ip.Src(), ip.Dst(), ip.Protocol(), ip.PayloadLen())
}

// UpdateChecksum changes the header checksum by d.
func (ip IPv4) UpdateChecksum(d Diff) { ip.SetChecksum(Update(ip.Checksum(), d)) }

// decremented is by how much a TTL of one less changes the header's sum: ^old + old − 0x0100, whatever old was.
const decremented Diff = 0xfeff

// Decrement takes one from the TTL, which must not be 0, and returns by how much that changes the
// header checksum.
func (ip IPv4) Decrement() Diff {
	ip[ip4TTL]--
	return decremented
}

// Set writes a header of IPv4Len bytes without options: not fragmented and not to be (DF, ID 0: RFC 6864
// 4.1), with its checksum. ip must hold IPv4Len bytes; what they were does not matter. total is the length of header and
// payload.
func (ip IPv4) Set(tos uint8, total int, ttl, protocol uint8, src, dst uint32) {
	ip.SetOuter(tos, total, 0, true, ttl, protocol, src, dst)
}

// SetOuter is Set for a packet that may be fragmented, unless dont says that it must not; id tells its fragments from others between the same
// hosts. It sums the header up as it writes it: to read back what was just written in other pieces would make the processor wait.
func (ip IPv4) SetOuter(tos uint8, total int, id uint16, dont bool, ttl, protocol uint8, src, dst uint32) {
	fragment := uint16(0)
	if dont {
		fragment = ip4DF
	}
	_ = ip[IPv4Len-1]
	first, hops := uint16(4<<4|IPv4Len/4)<<8|uint16(tos), uint16(ttl)<<8|uint16(protocol)
	sum := uint32(first) + uint32(uint16(total)) + uint32(id) + uint32(fragment) + uint32(hops) + src>>16 + src&0xffff + dst>>16 + dst&0xffff
	binary.BigEndian.PutUint16(ip[ip4VersionIHL:], first)
	binary.BigEndian.PutUint16(ip[ip4TotalLen:], uint16(total))
	binary.BigEndian.PutUint16(ip[ip4ID:], id)
	binary.BigEndian.PutUint16(ip[ip4Fragment:], fragment)
	binary.BigEndian.PutUint16(ip[ip4TTL:], hops)
	binary.BigEndian.PutUint16(ip[ip4Checksum:], ^fold(sum))
	ip.SetSrc(src)
	ip.SetDst(dst)
}

// AllowFragments takes DF off a header that Set has written; id then tells the packet's fragments from others between the same hosts.
func (ip IPv4) AllowFragments(id uint16) {
	binary.BigEndian.PutUint16(ip[ip4ID:], id)
	binary.BigEndian.PutUint16(ip[ip4Fragment:], 0)
	ip.ComputeChecksum()
}
