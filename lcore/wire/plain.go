package wire

import (
	"encoding/binary"
	"math/bits"

	"cleat/lcore/flow"
)

// PlainLen is the length of the headers of a plain frame, from Ethernet's to TCP's, bytes.
const PlainLen = EthernetLen + IPv4Len + TCPLen

// Plain is the headers of a plain frame: untagged Ethernet, IPv4 without options, whole, TCP or UDP. Nearly all frames are plain, and
// where all headers lie is known beforehand: that is what the fast way of the data path is for. The UDP frames among them are at
// least as long as TCP's headers, as all are on a wire.
type Plain [PlainLen]byte

// Offsets of a plain frame.
const (
	plainIP = EthernetLen
	plainL4 = EthernetLen + IPv4Len
)

// Strange returns bits that are set where the addressing, the ethertype, the IP version and header length or the fragmentation are another one's than those of a plain
// frame to a MAC address, given as a number with the first byte in the lowest bits. A frame that is not Strange, lies in memory to its end, Fits and is ChecksumOK is plain:
// then it keeps what ParseIPv4, ParseTCP and ParseUDP promise. These are several methods so that the compiler takes them into the loop that asks.
func (p *Plain) Strange(to uint64) uint64 {
	const (
		typeVersionIHL = 0xff_ffff // the ethertype, and the version and header length behind it
		ipv4NoOptions  = TypeIPv4>>8 | TypeIPv4&0xff<<8 | 0x45<<16
		partOfSeveral  = 0xff3f // more fragments, and the offset
	)
	return (binary.LittleEndian.Uint64(p[etherDst:])^to)<<16 |
		uint64((binary.LittleEndian.Uint32(p[etherType:])^ipv4NoOptions)&typeVersionIHL) |
		uint64(binary.LittleEndian.Uint16(p[plainIP+ip4Fragment:])&partOfSeveral)
}

// Fits reports whether a frame of n bytes without padding, Len, has room for its transport header.
func (p *Plain) Fits(n int) bool {
	if p.Protocol() == flow.TCP {
		header := int(p[plainL4+tcpOffset]) >> 4 * 4
		return header >= TCPLen && plainL4+header <= n
	}
	return p.Protocol() == flow.UDP && binary.BigEndian.Uint16(p[plainL4+udpLength:]) >= UDPLen && n >= plainL4+UDPLen
}

// ChecksumOK reports whether the IP header's checksum is right.
func (p *Plain) ChecksumOK() bool { return sum20(p[plainIP:]) == 0xffff }

// AsPlain returns the headers of a frame that ParsePlain has found plain. Its padding may have been cut off b since.
func AsPlain(b []byte) *Plain { return (*Plain)(b[:PlainLen]) }

// Len returns the length of the frame without padding, bytes.
func (p *Plain) Len() int { return EthernetLen + p.TotalLen() }

// TotalLen returns the length of the IP packet, bytes.
func (p *Plain) TotalLen() int { return int(binary.BigEndian.Uint16(p[plainIP+ip4TotalLen:])) }

// TTL returns the number of hops that the packet may still take.
func (p *Plain) TTL() uint8 { return p[plainIP+ip4TTL] }

// Protocol returns flow.TCP or flow.UDP.
func (p *Plain) Protocol() uint8 { return p[plainIP+ip4Protocol] }

// Ends returns source and destination address as they lie in the frame: an End's address the former in the lower half, the latter in the upper.
func (p *Plain) Ends() uint64 { return binary.LittleEndian.Uint64(p[plainIP+ip4Src:]) }

// EndPorts returns source and destination port likewise.
func (p *Plain) EndPorts() uint32 { return binary.LittleEndian.Uint32(p[plainL4:]) }

// Src returns the source address.
func (p *Plain) Src() uint32 { return binary.BigEndian.Uint32(p[plainIP+ip4Src:]) }

// Dst returns the destination address.
func (p *Plain) Dst() uint32 { return binary.BigEndian.Uint32(p[plainIP+ip4Dst:]) }

// SrcPort returns the source port.
func (p *Plain) SrcPort() uint16 { return binary.BigEndian.Uint16(p[plainL4:]) }

// DstPort returns the destination port.
func (p *Plain) DstPort() uint16 { return binary.BigEndian.Uint16(p[plainL4+2:]) }

// Flags returns TCP's flags.
func (p *Plain) Flags() uint8 { return p[plainL4+tcpFlags] }

// IsACK reports whether of TCP's flags that move a connection's state ACK alone is set.
func (p *Plain) IsACK() bool { return p.Flags()&(FIN|SYN|RST|ACK) == ACK }

// NoChecksum reports whether a UDP datagram came without a checksum.
func (p *Plain) NoChecksum() bool {
	return p.Protocol() == flow.UDP && binary.LittleEndian.Uint16(p[plainL4+udpChecksum:]) == 0
}

// Link is a pair of MAC addresses as they lie in a frame: destination and source.
type Link [2 * len(MAC{})]byte

// LinkOf returns the Link from src to dst.
func LinkOf(src, dst *MAC) (l Link) {
	*(*MAC)(l[etherDst:]) = *dst
	*(*MAC)(l[etherSrc:]) = *src
	return l
}

// SetLinks is SetLink for whoever has a Link.
func (p *Plain) SetLinks(l *Link) { *(*Link)(p[etherDst:]) = *l }

// SetLink addresses the frame.
func (p *Plain) SetLink(src, dst *MAC) {
	*(*MAC)(p[etherDst:]) = *dst
	*(*MAC)(p[etherSrc:]) = *src
}

// Older takes one from the TTL, which must be more than 1, and brings the IP header's checksum up to date with that and with a change of addresses.
func (p *Plain) Older(change uint64) {
	p[plainIP+ip4TTL]--
	c := p[plainIP+ip4Checksum : plainIP+ip4Checksum+2]
	binary.LittleEndian.PutUint16(c, update(binary.LittleEndian.Uint16(c), change+older))
}

// SetDst writes another destination address and port, as they lie in the frame, and returns by how much that changes sums over the address, and over the port: for
// Older, and for UpdateTCP or UpdateUDP.
func (p *Plain) SetDst(a uint32, port uint16) (address, ports uint64) {
	was, wasPort := binary.LittleEndian.Uint32(p[plainIP+ip4Dst:]), binary.LittleEndian.Uint16(p[plainL4+2:])
	binary.LittleEndian.PutUint32(p[plainIP+ip4Dst:], a)
	binary.LittleEndian.PutUint16(p[plainL4+2:], port)
	return uint64(^was) + uint64(a), uint64(^wasPort) + uint64(port)
}

// SetSrc writes another source likewise.
func (p *Plain) SetSrc(a uint32, port uint16) (address, ports uint64) {
	was, wasPort := binary.LittleEndian.Uint32(p[plainIP+ip4Src:]), binary.LittleEndian.Uint16(p[plainL4:])
	binary.LittleEndian.PutUint32(p[plainIP+ip4Src:], a)
	binary.LittleEndian.PutUint16(p[plainL4:], port)
	return uint64(^was) + uint64(a), uint64(^wasPort) + uint64(port)
}

// UpdateTCP brings TCP's checksum up to date with a change of the sum that it is about.
func (p *Plain) UpdateTCP(change uint64) {
	c := p[plainL4+tcpChecksum : plainL4+tcpChecksum+2]
	binary.LittleEndian.PutUint16(c, update(binary.LittleEndian.Uint16(c), change))
}

// UpdateUDP brings UDP's, which must not be that of a datagram that has none, up to date likewise.
func (p *Plain) UpdateUDP(change uint64) {
	c := p[plainL4+udpChecksum : plainL4+udpChecksum+2]
	sum := update(binary.LittleEndian.Uint16(c), change)
	if sum == 0 { // RFC 768: 0 means none
		sum = 0xffff
	}
	binary.LittleEndian.PutUint16(c, sum)
}

// older is by how much a TTL of one less changes the header's sum of words in little-endian order: ^old + old − 1, whatever old was. A ones' complement sum
// comes out the same in either byte order, swapped (RFC 1071 2.B), so nothing is swapped here.
const older = 0xfffe

// Outer is what the outer IPv4 header of an ipip tunnel (RFC 2003) begins with, as SetOuter takes it: the TOS of the packet inside, of whose ECN bits "congestion experienced"
// stays inside (RFC 6040), the length, id, and "don't fragment" if df and the packet inside has it.
func (p *Plain) Outer(id uint16, df bool) uint64 {
	tos, dont := uint64(p[plainIP+ip4TOS]), uint64(0)
	tos &^= tos & (tos >> 1) & 1
	if df {
		dont = uint64(p[plainIP+ip4Fragment] & (ip4DF >> 8))
	}
	return 4<<4 | IPv4Len/4 | tos<<8 | uint64(bits.ReverseBytes16(uint16(p.TotalLen()+IPv4Len)))<<16 | uint64(bits.ReverseBytes16(id))<<32 | dont<<48
}

// SetOuter writes Ethernet's type and the outer IPv4 header of an ipip tunnel. ends are its addresses as they lie in it, the source in the lower half.
func (p *Plain) SetOuter(outer uint64, ttl uint8, ends uint64) {
	const ipip = 4
	hops := uint64(ttl) | ipip<<8
	s, c := bits.Add64(outer, ends, 0)
	s, c = bits.Add64(s, hops, c)
	binary.BigEndian.PutUint16(p[etherType:], TypeIPv4)
	binary.LittleEndian.PutUint64(p[plainIP:], outer)
	binary.LittleEndian.PutUint32(p[plainIP+ip4TTL:], uint32(hops)|uint32(^fold64(s, c))<<16)
	binary.LittleEndian.PutUint64(p[plainIP+ip4Src:], ends)
}

// update is Update for a change of less than 40 bits.
func update(checksum uint16, d uint64) uint16 {
	s := uint64(^checksum) + d
	s = s&0xffff + s>>16&0xffff + s>>32
	return ^uint16(s + s>>16)
}
