package wire

import "encoding/binary"

// UDP offsets and length (RFC 768), bytes.
const (
	udpSrcPort  = 0
	udpDstPort  = 2
	udpLength   = 4
	udpChecksum = 6

	// UDPLen is the length of a UDP header.
	UDPLen = 8
)

// UDP is a datagram from its header on, as far as it lies in hand.
type UDP []byte

// ParseUDP returns b, the payload of an IP packet, as a datagram. It promises UDPLen bytes in hand and
// Len ≥ UDPLen. Len may be more than the IP packet carries: that of a first fragment is.
func ParseUDP(b []byte) (UDP, bool) {
	return b, len(b) >= UDPLen && UDP(b).Len() >= UDPLen
}

// SrcPort returns the source port.
func (u UDP) SrcPort() uint16 { return binary.BigEndian.Uint16(u[udpSrcPort:]) }

// DstPort returns the destination port.
func (u UDP) DstPort() uint16 { return binary.BigEndian.Uint16(u[udpDstPort:]) }

// Len returns the length of header and data as the header says, bytes.
func (u UDP) Len() int { return int(binary.BigEndian.Uint16(u[udpLength:])) }

// Whole reports whether the datagram lies in hand to its end.
func (u UDP) Whole() bool { return len(u) >= u.Len() }

// Checksum returns the checksum; 0 means that the sender computed none.
func (u UDP) Checksum() uint16 { return binary.BigEndian.Uint16(u[udpChecksum:]) }

// SetSrcPort sets the source port; the checksum is the caller's.
func (u UDP) SetSrcPort(p uint16) { binary.BigEndian.PutUint16(u[udpSrcPort:], p) }

// SetDstPort sets the destination port; the checksum is the caller's.
func (u UDP) SetDstPort(p uint16) { binary.BigEndian.PutUint16(u[udpDstPort:], p) }

// SetChecksum sets the checksum as it is sent: a sum that comes out as 0 becomes 0xffff (F1.8), since 0
// means none.
func (u UDP) SetChecksum(c uint16) {
	if c == 0 {
		c = 0xffff
	}
	binary.BigEndian.PutUint16(u[udpChecksum:], c)
}

// UpdateChecksum changes the checksum, which must not be 0, by d. It does not become 0, which means that there is none (RFC 768).
func (u UDP) UpdateChecksum(d Diff) {
	c := Update(u.Checksum(), d)
	if c == 0 {
		c = 0xffff
	}
	u.SetChecksum(c)
}

// Set writes a header of UDPLen bytes without a checksum. u must hold UDPLen bytes; what they were does not matter. length is that of header
// and data.
func (u UDP) Set(src, dst uint16, length int) {
	u.SetSrcPort(src)
	u.SetDstPort(dst)
	binary.BigEndian.PutUint16(u[udpLength:], uint16(length))
	binary.BigEndian.PutUint16(u[udpChecksum:], 0)
}

// ComputeChecksum sets the checksum from all of the datagram, which must be Whole. pseudo is the
// sum of its pseudo header, over Len bytes.
func (u UDP) ComputeChecksum(pseudo uint32) {
	binary.BigEndian.PutUint16(u[udpChecksum:], 0)
	u.SetChecksum(Checksum(u[:u.Len()], pseudo))
}
