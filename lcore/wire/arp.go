package wire

import "encoding/binary"

// ARP offsets and length (RFC 826, Ethernet and IPv4), bytes.
const (
	arpFormat    = 0 // hardware type, protocol type, and the lengths of both kinds of address
	arpOp        = 6
	arpSender    = 8
	arpSenderIP  = 14
	arpTarget    = 18
	arpTargetIP  = 24
	arpEtherIPv4 = 0x0001_0800_06_04

	// ARPLen is the length of an ARP packet.
	ARPLen = 28
)

// ARP operations.
const (
	ARPRequest = 1
	ARPReply   = 2
)

// ARP is an ARP packet for IPv4 on Ethernet.
type ARP []byte

// ParseARP returns b as an ARP packet if ARPLen bytes lie in it and its addresses are Ethernet and
// IPv4 ones. Padding behind it is cut off.
func ParseARP(b []byte) (ARP, bool) {
	if len(b) < ARPLen || binary.BigEndian.Uint64(b[arpFormat:])>>16 != arpEtherIPv4 {
		return nil, false
	}
	return b[:ARPLen], true
}

// Op returns the operation.
func (a ARP) Op() uint16 { return binary.BigEndian.Uint16(a[arpOp:]) }

// Sender returns the link address of the one who speaks.
func (a ARP) Sender() MAC { return MAC(a[arpSender : arpSender+6]) }

// SenderIP returns the address of the one who speaks; 0 in a probe (RFC 5227).
func (a ARP) SenderIP() uint32 { return binary.BigEndian.Uint32(a[arpSenderIP:]) }

// Target returns the link address of the one who is spoken to; of no meaning in a request.
func (a ARP) Target() MAC { return MAC(a[arpTarget : arpTarget+6]) }

// TargetIP returns the address that is asked for, or the one that is answered.
func (a ARP) TargetIP() uint32 { return binary.BigEndian.Uint32(a[arpTargetIP:]) }

// Set writes the whole packet. a must hold ARPLen bytes; what they were does not matter.
func (a ARP) Set(op uint16, sender MAC, senderIP uint32, target MAC, targetIP uint32) {
	binary.BigEndian.PutUint64(a[arpFormat:], arpEtherIPv4<<16|uint64(op))
	*(*MAC)(a[arpSender:]) = sender
	binary.BigEndian.PutUint32(a[arpSenderIP:], senderIP)
	*(*MAC)(a[arpTarget:]) = target
	binary.BigEndian.PutUint32(a[arpTargetIP:], targetIP)
}
