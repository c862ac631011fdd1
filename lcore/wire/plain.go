package wire

import (
	"encoding/binary"

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

// ParsePlain returns the length without padding of a frame that lies in b to its end, at most len(b), if its headers are plain and it is addressed to a MAC
// address, given as a number with the first byte in the lowest bits; else 0. It promises what ParseIPv4, ParseTCP and ParseUDP do, and that the IP header's checksum is right, unless good says that the port has
// verified it.
func ParsePlain(b []byte, to uint64, good bool) (n int) {
	if len(b) < PlainLen {
		return 0
	}
	p := (*Plain)(b)
	n = EthernetLen + p.TotalLen()
	if p.strange(to) != 0 || n > len(b) || !good && sum20(p[plainIP:]) != 0xffff {
		return 0
	}
	switch p.Protocol() {
	case flow.TCP:
		if header := int(p[plainL4+tcpOffset]>>4) * 4; header < TCPLen || plainL4+header > n {
			return 0
		}
	case flow.UDP:
		if binary.BigEndian.Uint16(p[plainL4+udpLength:]) < UDPLen || n < plainL4+UDPLen {
			return 0
		}
	default:
		return 0
	}
	return n
}

// strange returns bits that are set where the addressing, the ethertype, the IP version and header length or the fragmentation are another one's than those of a plain
// frame to a MAC address.
func (p *Plain) strange(to uint64) uint64 {
	const (
		typeVersionIHL = 0xff_ffff // the ethertype, and the version and header length behind it
		ipv4NoOptions  = TypeIPv4>>8 | TypeIPv4&0xff<<8 | 0x45<<16
		partOfSeveral  = 0xff3f // more fragments, and the offset
	)
	return (binary.LittleEndian.Uint64(p[etherDst:])^to)<<16 |
		uint64((binary.LittleEndian.Uint32(p[etherType:])^ipv4NoOptions)&typeVersionIHL) |
		uint64(binary.LittleEndian.Uint16(p[plainIP+ip4Fragment:])&partOfSeveral)
}

// AsPlain returns the headers of a frame that ParsePlain has found plain. Its padding may have been cut off b since.
func AsPlain(b []byte) *Plain { return (*Plain)(b[:PlainLen]) }

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

// NoChecksum reports whether a UDP datagram came without a checksum.
func (p *Plain) NoChecksum() bool {
	return p.Protocol() == flow.UDP && binary.LittleEndian.Uint16(p[plainL4+udpChecksum:]) == 0
}

// SetLink addresses the frame.
func (p *Plain) SetLink(src, dst *MAC) {
	*(*MAC)(p[etherDst:]) = *dst
	*(*MAC)(p[etherSrc:]) = *src
}

// Older takes one from the TTL, which must be more than 1.
func (p *Plain) Older() {
	p[plainIP+ip4TTL]--
	p.updateIP(older)
}

// ReplaceDst gives a frame another destination address and port, as they lie in the frame, and takes one from the TTL. The checksum must not be that of a datagram that has none.
func (p *Plain) ReplaceDst(a uint32, port uint16) {
	was, wasPort := binary.LittleEndian.Uint32(p[plainIP+ip4Dst:]), binary.LittleEndian.Uint16(p[plainL4+2:])
	binary.LittleEndian.PutUint32(p[plainIP+ip4Dst:], a)
	binary.LittleEndian.PutUint16(p[plainL4+2:], port)
	p.replaced(uint64(^was)+uint64(a), uint64(^wasPort)+uint64(port))
}

// ReplaceSrc gives it another source likewise.
func (p *Plain) ReplaceSrc(a uint32, port uint16) {
	was, wasPort := binary.LittleEndian.Uint32(p[plainIP+ip4Src:]), binary.LittleEndian.Uint16(p[plainL4:])
	binary.LittleEndian.PutUint32(p[plainIP+ip4Src:], a)
	binary.LittleEndian.PutUint16(p[plainL4:], port)
	p.replaced(uint64(^was)+uint64(a), uint64(^wasPort)+uint64(port))
}

// older is by how much a TTL of one less changes the header's sum of words in little-endian order: ^old + old − 1, whatever old was. A ones' complement sum
// comes out the same in either byte order, swapped (RFC 1071 2.B), so nothing is swapped here.
const older = 0xfffe

// replaced makes a frame one hop older and brings the checksums up to date with by how much the sum of an address and of a port has changed.
func (p *Plain) replaced(address, port uint64) {
	p[plainIP+ip4TTL]--
	p.updateIP(address + older)
	if p.Protocol() == flow.UDP {
		c := p[plainL4+udpChecksum : plainL4+udpChecksum+2]
		sum := update(binary.LittleEndian.Uint16(c), address+port)
		if sum == 0 { // RFC 768: 0 means none
			sum = 0xffff
		}
		binary.LittleEndian.PutUint16(c, sum)
		return
	}
	c := p[plainL4+tcpChecksum : plainL4+tcpChecksum+2]
	binary.LittleEndian.PutUint16(c, update(binary.LittleEndian.Uint16(c), address+port))
}

func (p *Plain) updateIP(d uint64) {
	c := p[plainIP+ip4Checksum : plainIP+ip4Checksum+2]
	binary.LittleEndian.PutUint16(c, update(binary.LittleEndian.Uint16(c), d))
}

// update is Update for a change of less than 40 bits.
func update(checksum uint16, d uint64) uint16 {
	s := uint64(^checksum) + d
	s = s&0xffff + s>>16&0xffff + s>>32
	return ^uint16(s + s>>16)
}
