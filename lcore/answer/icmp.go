package answer

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

const (
	errorLen = wire.IPv4Len + wire.ICMPLen // in front of the quoted packet
	maxError = 576                         // RFC 1812 4.3.2.3: an ICMP error is no longer, bytes
	tosError = 6 << 5                      // RFC 1812 4.3.2.5: precedence "internetwork control"
)

// Unreachable answers an IPv4 packet with "destination unreachable" of the given code
// (wire.PortUnreachable, …), sent by from, one of our addresses.
func Unreachable(p *burst.Packet, l3 int, own wire.MAC, from uint32, code uint8) bool {
	return icmpError(p, l3, own, from, wire.Unreachable, code, 0)
}

// FragmentationNeeded answers an IPv4 packet that is too long for its next link and must not be
// fragmented; mtu is that link's, bytes (RFC 1191).
func FragmentationNeeded(p *burst.Packet, l3 int, own wire.MAC, from uint32, mtu uint16) bool {
	return icmpError(p, l3, own, from, wire.Unreachable, wire.FragmentationNeeded, mtu)
}

// TimeExceeded answers an IPv4 packet whose TTL does not allow another hop (F1.3).
func TimeExceeded(p *burst.Packet, l3 int, own wire.MAC, from uint32) bool {
	return icmpError(p, l3, own, from, wire.TimeExceeded, 0, 0)
}

// icmpError puts the headers of an error in front of the packet, which thereby becomes its quote: as
// much as lies in the first segment and maxError allows.
func icmpError(p *burst.Packet, l3 int, own wire.MAC, from uint32, typ, code uint8, mtu uint16) bool {
	about, ok := parse(p, l3)
	if !ok || !deservesError(about) || !p.Prepend(errorLen) {
		return false
	}
	copy(p.Data[:l3], p.Data[errorLen:]) // the Ethernet header and its tags
	p.Trim(l3 + min(errorLen+len(about), maxError))
	writeError(p.Data[l3:], from, about, typ, code, mtu)
	turn(p, own)
	return true
}

// writeError writes the headers of an error to the sender of about, whose quote is in b behind them.
func writeError(b []byte, from uint32, about wire.IPv4, typ, code uint8, mtu uint16) {
	ip := wire.IPv4(b)
	ip.Set(tosError, len(ip), ttl, flow.ICMP, from, about.Src())
	ip.AllowFragments(about.ID())
	wire.ICMP(ip.Payload()).SetError(typ, code, mtu)
}

// deservesError reports whether an ICMP error may be sent about a packet that parse has let through:
// not about a later fragment, nor about an ICMP error or what might be one (RFC 1122 3.2.2).
func deservesError(ip wire.IPv4) bool {
	if ip.FragmentOffset() != 0 {
		return false
	}
	if ip.Protocol() != flow.ICMP {
		return true
	}
	m, ok := wire.ParseICMP(ip.Payload())
	return ok && !m.IsError()
}
