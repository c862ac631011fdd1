package wire

import "encoding/binary"

// ICMP offsets and length (RFC 792), bytes.
const (
	icmpType     = 0
	icmpCode     = 1
	icmpChecksum = 2
	icmpID       = 4
	icmpSeq      = 6
	icmpMTU      = 6 // RFC 1191

	// ICMPLen is the length of an ICMP header, the four bytes that depend on its type included.
	ICMPLen = 8
)

// ICMP types (IANA).
const (
	EchoReply        = 0
	Unreachable      = 3
	SourceQuench     = 4
	Redirect         = 5
	EchoRequest      = 8
	TimeExceeded     = 11
	ParameterProblem = 12
)

// Codes of Unreachable (RFC 792, RFC 1812 5.2.7.1).
const (
	NetUnreachable      = 0
	HostUnreachable     = 1
	ProtocolUnreachable = 2
	PortUnreachable     = 3
	FragmentationNeeded = 4
	AdminProhibited     = 13
)

// ICMP is an ICMP message for IPv4 from its header on, as far as it lies in hand.
type ICMP []byte

// ParseICMP returns b, the payload of an IPv4 packet, as a message if ICMPLen bytes lie in it.
func ParseICMP(b []byte) (ICMP, bool) { return b, len(b) >= ICMPLen }

// Type returns the type of the message.
func (m ICMP) Type() uint8 { return m[icmpType] }

// Code returns the code, whose meaning depends on the type.
func (m ICMP) Code() uint8 { return m[icmpCode] }

// Checksum returns the checksum.
func (m ICMP) Checksum() uint16 { return binary.BigEndian.Uint16(m[icmpChecksum:]) }

// ID returns the identifier of an echo.
func (m ICMP) ID() uint16 { return binary.BigEndian.Uint16(m[icmpID:]) }

// Seq returns the sequence number of an echo.
func (m ICMP) Seq() uint16 { return binary.BigEndian.Uint16(m[icmpSeq:]) }

// MTU returns the next hop's MTU that FragmentationNeeded tells; 0 if it tells none.
func (m ICMP) MTU() uint16 { return binary.BigEndian.Uint16(m[icmpMTU:]) }

// Payload returns what follows the header: of an error the packet that it is about.
func (m ICMP) Payload() []byte { return m[ICMPLen:] }

// IsError reports whether the message is an error about a packet, which it quotes (RFC 1122 3.2.2).
func (m ICMP) IsError() bool {
	switch m.Type() {
	case Unreachable, SourceQuench, Redirect, TimeExceeded, ParameterProblem:
		return true
	}
	return false
}

// SetType sets the type and updates the checksum.
func (m ICMP) SetType(t uint8) {
	d := Diff16(uint16(m[icmpType])<<8, uint16(t)<<8)
	m[icmpType] = t
	m.UpdateChecksum(d)
}

// SetChecksum sets the checksum.
func (m ICMP) SetChecksum(c uint16) { binary.BigEndian.PutUint16(m[icmpChecksum:], c) }

// UpdateChecksum changes the checksum by d.
func (m ICMP) UpdateChecksum(d Diff) { m.SetChecksum(Update(m.Checksum(), d)) }

// SetError writes the header of an error, whose quote is in Payload to the end of m, with its checksum. mtu is
// for FragmentationNeeded, otherwise 0. m must hold ICMPLen bytes; what they were does not matter.
func (m ICMP) SetError(typ, code uint8, mtu uint16) {
	m[icmpType], m[icmpCode] = typ, code
	binary.BigEndian.PutUint16(m[icmpID:], 0)
	binary.BigEndian.PutUint16(m[icmpMTU:], mtu)
	m.SetChecksum(0)
	m.SetChecksum(Checksum(m, 0))
}
