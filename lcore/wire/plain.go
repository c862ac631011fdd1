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

// ParsePlain returns the headers of a frame that lies in b to its end, if they are plain; then n is the frame's length without
// padding, at most len(b). It promises what ParseIPv4, ParseTCP and ParseUDP do, and that the header's checksum is right, unless good says
// that the port has verified it.
func ParsePlain(b []byte, good bool) (p *Plain, n int, ok bool) {
	if len(b) < PlainLen {
		return nil, 0, false
	}
	p = (*Plain)(b)
	const (
		typeVersionIHL = 0xff_ffff // the ethertype, and the version and header length behind it
		ipv4NoOptions  = TypeIPv4>>8 | TypeIPv4&0xff<<8 | 0x45<<16
		partOfSeveral  = 0xff3f // more fragments, and the offset
	)
	n = EthernetLen + p.TotalLen()
	if binary.LittleEndian.Uint32(p[etherType:])&typeVersionIHL != ipv4NoOptions ||
		binary.LittleEndian.Uint16(p[plainIP+ip4Fragment:])&partOfSeveral != 0 || n > len(b) {
		return nil, 0, false
	}
	switch p.Protocol() {
	case flow.TCP:
		header := int(p[plainL4+tcpOffset]>>4) * 4
		ok = header >= TCPLen && plainL4+header <= n
	case flow.UDP:
		ok = binary.BigEndian.Uint16(p[plainL4+udpLength:]) >= UDPLen && n >= plainL4+UDPLen
	}
	return p, n, ok && (good || sum20(p[plainIP:]) == 0xffff)
}

// AsPlain returns the headers of a frame that ParsePlain has found plain. Its padding may have been cut off b since.
func AsPlain(b []byte) *Plain { return (*Plain)(b[:PlainLen]) }

// To returns the destination MAC address as a number, the first byte in the lowest bits.
func (p *Plain) To() uint64 { return binary.LittleEndian.Uint64(p[etherDst:]) & (1<<48 - 1) }

// TotalLen returns the length of the IP packet, bytes.
func (p *Plain) TotalLen() int { return int(binary.BigEndian.Uint16(p[plainIP+ip4TotalLen:])) }

// TTL returns the number of hops that the packet may still take.
func (p *Plain) TTL() uint8 { return p[plainIP+ip4TTL] }

// Protocol returns flow.TCP or flow.UDP.
func (p *Plain) Protocol() uint8 { return p[plainIP+ip4Protocol] }

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

// SetSrc sets the source address; the checksums are the caller's.
func (p *Plain) SetSrc(a uint32) { binary.BigEndian.PutUint32(p[plainIP+ip4Src:], a) }

// SetDst sets the destination address; the checksums are the caller's.
func (p *Plain) SetDst(a uint32) { binary.BigEndian.PutUint32(p[plainIP+ip4Dst:], a) }

// SetSrcPort sets the source port; the checksum is the caller's.
func (p *Plain) SetSrcPort(port uint16) { binary.BigEndian.PutUint16(p[plainL4:], port) }

// SetDstPort sets the destination port; the checksum is the caller's.
func (p *Plain) SetDstPort(port uint16) { binary.BigEndian.PutUint16(p[plainL4+2:], port) }

// Older takes one from the TTL, which must be more than 1, and changes the header's checksum by that and by d.
func (p *Plain) Older(d Diff) {
	p[plainIP+ip4TTL]--
	c := p[plainIP+ip4Checksum : plainIP+ip4Checksum+2]
	binary.BigEndian.PutUint16(c, Update(binary.BigEndian.Uint16(c), d+decremented))
}

// UpdateTransport changes the checksum of TCP's or UDP's header by d; that of a datagram that has none is the caller's.
func (p *Plain) UpdateTransport(d Diff) {
	c := p[plainL4+tcpChecksum : plainL4+tcpChecksum+2]
	if p.Protocol() == flow.UDP {
		c = p[plainL4+udpChecksum : plainL4+udpChecksum+2]
	}
	binary.BigEndian.PutUint16(c, Update(binary.BigEndian.Uint16(c), d))
}
