package wire

import (
	"encoding/binary"

	"cleat/lcore/flow"
)

// ICMPv6 types (RFC 4443, RFC 4861). Its header has the form of ICMP's; only types, codes and the checksum's range, which takes the pseudo header
// in, are others. So a message of either is an ICMP.
const (
	Unreachable6                = 1
	PacketTooBig                = 2
	TimeExceeded6               = 3
	EchoRequest6                = 128
	EchoReply6                  = 129
	NeighborSolicitation        = 135
	NeighborAdvertisement       = 136
	Redirect6                   = 137
	firstInformational          = 128 // types below are errors
	neighborHopLimit            = 255 // of all neighbour discovery: nothing from behind a router has it
	optionSource                = 1   // link address options, of 8 bytes
	optionTarget                = 2
	neighborTarget              = 8
	neighborOptions             = 24
	linkOptionLen               = 8
	flagRouter            uint8 = 0x80
	flagSolicited         uint8 = 0x40
	flagOverride          uint8 = 0x20

	// NeighborLen is the length of a solicitation or advertisement with one link address.
	NeighborLen = neighborOptions + linkOptionLen
)

// Codes of Unreachable6.
const (
	NoRoute6         = 0
	AddrUnreachable6 = 3
	PortUnreachable6 = 4
)

// IsError6 reports whether an ICMPv6 message is an error about a packet, which it quotes (C7.1).
func (m ICMP) IsError6() bool { return m.Type() < firstInformational }

// MTU6 returns the MTU that PacketTooBig tells.
func (m ICMP) MTU6() uint32 { return binary.BigEndian.Uint32(m[icmpID:]) }

// SetError6 writes the header of an ICMPv6 error, whose quote is in Payload to the end of m, with its checksum; pseudo is the sum of its
// pseudo header. mtu is for PacketTooBig, otherwise 0.
func (m ICMP) SetError6(typ, code uint8, mtu, pseudo uint32) {
	m[icmpType], m[icmpCode] = typ, code
	binary.BigEndian.PutUint32(m[icmpID:], mtu)
	m.SetChecksum(0)
	m.SetChecksum(Checksum(m, pseudo))
}

// Neighbor is a neighbour solicitation or advertisement (RFC 4861 4.3, 4.4).
type Neighbor []byte

// ParseNeighbor returns what ip carries as a solicitation or advertisement if it passes all tests of RFC 4861 7.1 but those that need to know
// who we are: hop limit 255, checksum, code 0, options of a length; and a probe (RFC 4862 5.4.2, from ::) goes to solicited nodes
// and names no link address.
func ParseNeighbor(ip IPv6, u Upper) (Neighbor, bool) {
	m := u.Payload(ip)
	if !u.ICMPv6() || len(m) < neighborOptions || !ip.Whole() || ip.HopLimit() != neighborHopLimit || m[icmpCode] != 0 ||
		Checksum(m, u.Pseudo(ip)) != 0 {
		return nil, false
	}
	n := Neighbor(m)
	if n.Target().IsMulticast() || !optionsFit(m[neighborOptions:]) {
		return nil, false
	}
	_, link := n.Link()
	switch m[icmpType] {
	case NeighborSolicitation:
		return n, !ip.Src().IsZero() || ip.Dst() == SolicitedGroup(n.Target()) && !link
	case NeighborAdvertisement:
		return n, !(ip.Dst().IsMulticast() && n.Solicited())
	}
	return nil, false
}

func optionsFit(o []byte) bool {
	for len(o) > 0 {
		if len(o) < 2 || o[1] == 0 || 8*int(o[1]) > len(o) {
			return false
		}
		o = o[8*int(o[1]):]
	}
	return true
}

// Advertisement reports whether it is one, and not a solicitation.
func (n Neighbor) Advertisement() bool { return n[icmpType] == NeighborAdvertisement }

// Target returns the address that is asked for, or that speaks.
func (n Neighbor) Target() flow.Addr { return addr6(n[neighborTarget:]) }

// Solicited reports whether an advertisement answers a solicitation.
func (n Neighbor) Solicited() bool { return n[icmpID]&flagSolicited != 0 }

// Override reports whether an advertisement shall take the place of what is known already.
func (n Neighbor) Override() bool { return n[icmpID]&flagOverride != 0 }

// Link returns the link address that is told: in a solicitation the sender's, in an advertisement the target's.
func (n Neighbor) Link() (mac MAC, ok bool) {
	kind := uint8(optionSource)
	if n.Advertisement() {
		kind = optionTarget
	}
	for o := n[neighborOptions:]; len(o) >= linkOptionLen && o[1] != 0 && len(o) >= 8*int(o[1]); o = o[8*int(o[1]):] {
		if o[0] == kind && o[1] == 1 {
			return MAC(o[2:8]), true
		}
	}
	return MAC{}, false
}

// SetSolicitation writes IPv6 header and message, IPv6Len + NeighborLen bytes, of a question for target.
func (ip IPv6) SetSolicitation(src, dst, target flow.Addr, link MAC) {
	ip.setNeighbor(NeighborSolicitation, 0, src, dst, target, optionSource, link)
}

// SetAdvertisement writes IPv6 header and message, IPv6Len + NeighborLen bytes, of the word that target, a router's address, is at link.
func (ip IPv6) SetAdvertisement(dst, target flow.Addr, solicited bool, link MAC) {
	flags := flagRouter | flagOverride
	if solicited {
		flags |= flagSolicited
	}
	ip.setNeighbor(NeighborAdvertisement, flags, target, dst, target, optionTarget, link)
}

func (ip IPv6) setNeighbor(typ, flags uint8, src, dst, target flow.Addr, option uint8, link MAC) {
	ip.Set(0, NeighborLen, flow.ICMPv6, neighborHopLimit, src, dst)
	m := ICMP(ip[IPv6Len : IPv6Len+NeighborLen])
	m[icmpType], m[icmpCode] = typ, 0
	binary.BigEndian.PutUint32(m[icmpID:], uint32(flags)<<24)
	putAddr6(m[neighborTarget:], target)
	m[neighborOptions], m[neighborOptions+1] = option, 1
	*(*MAC)(m[neighborOptions+2:]) = link
	m.SetChecksum(0)
	m.SetChecksum(Checksum(m, PseudoIPv6(src, dst, flow.ICMPv6, NeighborLen)))
}

// SolicitedGroup returns the group in which the hosts listen whose address ends like a (RFC 4291 2.7.1).
func SolicitedGroup(a flow.Addr) flow.Addr {
	return flow.Addr{Hi: 0xff02 << 48, Lo: 0x1_ff00_0000 | a.Lo&0xff_ffff}
}

// AllHosts is the group of all hosts on a link.
var AllHosts = flow.Addr{Hi: 0xff02 << 48, Lo: 1}

// GroupMAC returns the link address of an IPv6 group (RFC 2464 7).
func GroupMAC(a flow.Addr) MAC {
	return MAC{0x33, 0x33, byte(a.Lo >> 24), byte(a.Lo >> 16), byte(a.Lo >> 8), byte(a.Lo)}
}

// LinkLocal returns the address that a port with that MAC address gives itself (RFC 4291 2.5.1, 2.5.6).
func LinkLocal(m MAC) flow.Addr {
	id := uint64(m[0]^2)<<56 | uint64(m[1])<<48 | uint64(m[2])<<40 | 0xfffe<<24 | uint64(m[3])<<16 | uint64(m[4])<<8 | uint64(m[5])
	return flow.Addr{Hi: 0xfe80 << 48, Lo: id}
}
