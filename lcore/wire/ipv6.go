package wire

import (
	"encoding/binary"

	"cleat/lcore/flow"
)

// IPv6 offsets and length (RFC 8200), bytes.
const (
	ip6Version    = 0 // version (4 bits), traffic class (8), flow label (20)
	ip6PayloadLen = 4
	ip6Next       = 6
	ip6HopLimit   = 7
	ip6Src        = 8
	ip6Dst        = 24

	// IPv6Len is the length of an IPv6 header without extension headers.
	IPv6Len = 40
)

// IPv6 is an IPv6 packet, or as much of it as lies in the first segment, without padding behind it.
type IPv6 []byte

// ParseIPv6 returns the packet that begins at b. size is how many bytes there are from b[0] on, in all
// segments together. It promises version 6, IPv6Len bytes in hand, IPv6Len + PayloadLen ≤ size, and no
// more than that in hand.
func ParseIPv6(b []byte, size int) (IPv6, bool) {
	ip, ok := ParseQuotedIPv6(b)
	if !ok || ip.TotalLen() > size {
		return nil, false
	}
	return ip, true
}

// TrafficClass returns DSCP (6 bits) and ECN (2 bits).
func (ip IPv6) TrafficClass() uint8 {
	return uint8(binary.BigEndian.Uint16(ip[ip6Version:]) >> 4)
}

// FlowLabel returns the flow label, 20 bits.
func (ip IPv6) FlowLabel() uint32 { return binary.BigEndian.Uint32(ip[ip6Version:]) & 0xfffff }

// PayloadLen returns the length of what follows the header, extension headers included, bytes.
func (ip IPv6) PayloadLen() int { return int(binary.BigEndian.Uint16(ip[ip6PayloadLen:])) }

// Next returns the number of what follows: an extension header or a transport protocol.
func (ip IPv6) Next() uint8 { return ip[ip6Next] }

// HopLimit returns the number of hops that the packet may still take.
func (ip IPv6) HopLimit() uint8 { return ip[ip6HopLimit] }

// Src returns the source address.
func (ip IPv6) Src() flow.Addr { return addr6(ip[ip6Src:]) }

// Dst returns the destination address.
func (ip IPv6) Dst() flow.Addr { return addr6(ip[ip6Dst:]) }

// Payload returns what follows the header, as far as it lies in hand.
func (ip IPv6) Payload() []byte { return ip[IPv6Len:] }

// Set writes a header of IPv6Len bytes with flow label 0. ip must hold IPv6Len bytes; what they were does not matter. payload is the length of
// what follows.
func (ip IPv6) Set(class uint8, payload int, next, hops uint8, src, dst flow.Addr) {
	binary.BigEndian.PutUint32(ip[ip6Version:], 6<<28|uint32(class)<<20)
	binary.BigEndian.PutUint16(ip[ip6PayloadLen:], uint16(payload))
	ip[ip6Next], ip[ip6HopLimit] = next, hops
	putAddr6(ip[ip6Src:], src)
	putAddr6(ip[ip6Dst:], dst)
}

func putAddr6(b []byte, a flow.Addr) {
	binary.BigEndian.PutUint64(b, a.Hi)
	binary.BigEndian.PutUint64(b[8:], a.Lo)
}

func addr6(b []byte) flow.Addr {
	return flow.Addr{Hi: binary.BigEndian.Uint64(b), Lo: binary.BigEndian.Uint64(b[8:])}
}

// ParseQuotedIPv6 returns the packet that begins at b, of which the tail may be missing, as in an ICMPv6 error.
func ParseQuotedIPv6(b []byte) (IPv6, bool) {
	if len(b) < IPv6Len || b[ip6Version]>>4 != 6 {
		return nil, false
	}
	return b[:min(IPv6Len+IPv6(b).PayloadLen(), len(b))], true
}

// TotalLen returns the length of header and payload as the header says, bytes.
func (ip IPv6) TotalLen() int { return IPv6Len + ip.PayloadLen() }

// Whole reports whether the packet lies in hand to its end.
func (ip IPv6) Whole() bool { return len(ip) == ip.TotalLen() }

// SetPayloadLen sets the length of what follows the header, bytes.
func (ip IPv6) SetPayloadLen(n int) { binary.BigEndian.PutUint16(ip[ip6PayloadLen:], uint16(n)) }

// Decrement takes one from the hop limit, which must not be 0.
func (ip IPv6) Decrement() { ip[ip6HopLimit]-- }

// SetSrc sets the source address; the checksums are the caller's.
func (ip IPv6) SetSrc(a flow.Addr) { putAddr6(ip[ip6Src:], a) }

// SetDst sets the destination address; the checksums are the caller's.
func (ip IPv6) SetDst(a flow.Addr) { putAddr6(ip[ip6Dst:], a) }
