package wire

import (
	"encoding/binary"

	"cleat/lcore/flow"
)

// IPv6 extension headers (IANA). AH and ESP are none here: they are what a packet carries.
const (
	HopByHop     = 0
	Routing      = 43
	FragmentIPv6 = 44
	NoNextHeader = 59
	DestOptions  = 60

	// FragmentIPv6Len is the length of a fragment header.
	FragmentIPv6Len = 8

	maxExtensions = 8 // a chain of more is taken for malformed
)

// Upper says what an IPv6 packet carries, and where.
type Upper struct {
	Offset   uint16 // of it, from the IPv6 header on; bytes
	Fragment uint16 // offset of the fragment header, 0: none
	Protocol uint8  // flow.TCP, …; NoNextHeader
	// Later: a fragment other than the first. What lies at Offset is a middle part of Protocol's data.
	Later bool
	// More: a fragment with others behind it.
	More bool
	// Underway: a routing header names another address that the packet goes to after its destination.
	Underway bool
}

// IsFragment reports whether this is one fragment of several, the first one included. A lone fragment with all data (RFC 6946) is none.
func (u Upper) IsFragment() bool { return u.Later || u.More }

// Place returns which datagram a fragment belongs to, and where in it, in bytes.
func (u Upper) Place(ip IPv6) (id uint32, offset int) {
	h := ip[u.Fragment:]
	return binary.BigEndian.Uint32(h[4:]), int(binary.BigEndian.Uint16(h[2:]) &^ 7)
}

// Upper walks the extension headers. It reports false if the chain does not lie in hand as a whole, is longer than maxExtensions, or is wrong; Offset is
// at most len(ip) otherwise.
func (ip IPv6) Upper() (u Upper, ok bool) {
	next, at := ip.Next(), IPv6Len
	for range maxExtensions + 1 {
		switch next {
		case HopByHop, Routing, DestOptions:
			if next == HopByHop && at != IPv6Len || at+8 > len(ip) { // RFC 8200 4.3: first or nowhere
				return u, false
			}
			if next == Routing && ip[at+3] != 0 { // segments left
				u.Underway = true
			}
			next, at = ip[at], at+8*(int(ip[at+1])+1)
		case FragmentIPv6:
			if at+FragmentIPv6Len > len(ip) || u.Fragment != 0 {
				return u, false
			}
			place := binary.BigEndian.Uint16(ip[at+2:])
			u.Fragment, u.Later, u.More = uint16(at), place>>3 != 0, place&1 != 0
			next, at = ip[at], at+FragmentIPv6Len
			if u.Later { // what follows are data, whatever next says of the whole
				u.Protocol, u.Offset = next, uint16(at)
				return u, at <= len(ip)
			}
		default:
			u.Protocol, u.Offset = next, uint16(at)
			return u, at <= len(ip)
		}
		if at > len(ip) {
			return u, false
		}
	}
	return u, false
}

// Payload returns what the packet carries, as far as it lies in hand.
func (u Upper) Payload(ip IPv6) []byte { return ip[u.Offset:] }

// PayloadLen returns the length of what the packet carries as its header says, bytes.
func (u Upper) PayloadLen(ip IPv6) int { return ip.TotalLen() - int(u.Offset) }

// Pseudo returns the sum of the pseudo header of what the packet carries, the start for Checksum over Payload (RFC 8200 8.1).
func (u Upper) Pseudo(ip IPv6) uint32 {
	return PseudoIPv6(ip.Src(), ip.Dst(), u.Protocol, u.PayloadLen(ip))
}

// ICMPv6 reports whether what the packet carries is an ICMPv6 message.
func (u Upper) ICMPv6() bool { return u.Protocol == flow.ICMPv6 && !u.Later }
