package wire

import "encoding/binary"

// Ports is the start of a TCP, UDP or SCTP header, which all begin with the same two numbers. It is
// for quotes in ICMP errors, where no more than 8 bytes of a transport header need to be.
type Ports []byte

// ParsePorts returns b, the payload of an IP packet, if the two ports lie in it: 4 bytes.
func ParsePorts(b []byte) (Ports, bool) { return b, len(b) >= 4 }

// Src returns the source port.
func (p Ports) Src() uint16 { return binary.BigEndian.Uint16(p) }

// Dst returns the destination port.
func (p Ports) Dst() uint16 { return binary.BigEndian.Uint16(p[2:]) }

// SetSrc sets the source port; the checksums are the caller's.
func (p Ports) SetSrc(port uint16) { binary.BigEndian.PutUint16(p, port) }

// SetDst sets the destination port; the checksums are the caller's.
func (p Ports) SetDst(port uint16) { binary.BigEndian.PutUint16(p[2:], port) }
