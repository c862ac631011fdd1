package answer

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

const (
	errorLen6 = wire.IPv6Len + wire.ICMPLen // in front of the quoted packet
	maxError6 = 1280                        // RFC 4443 2.4 (c): an ICMPv6 error is no longer, bytes
)

// parse6 returns the IPv6 packet in p and what it carries if it may be answered at all: it comes from one host and was sent to one.
func parse6(p *burst.Packet, l3 int) (ip wire.IPv6, u wire.Upper, ok bool) {
	ip, ok = wire.ParseIPv6(p.Data[l3:], int(p.Len)-l3)
	if !ok || !ip.Src().IsHost6() || !ip.Dst().IsHost6() {
		return nil, u, false
	}
	eth := wire.Ethernet(p.Data)
	if eth.Src().IsMulticast() || eth.Dst().IsMulticast() {
		return nil, u, false
	}
	u, ok = ip.Upper()
	return ip, u, ok
}

// Echo6 is Echo for ICMPv6. Extension headers, which would have to be answered too, are refused.
func Echo6(p *burst.Packet, l3 int, own wire.MAC) bool {
	ip, u, ok := parse6(p, l3)
	if !ok || u.Protocol != flow.ICMPv6 || u.Offset != wire.IPv6Len {
		return false
	}
	m, ok := wire.ParseICMP(u.Payload(ip))
	if !ok || m.Type() != wire.EchoRequest6 || m.Code() != 0 {
		return false
	}
	m.SetType(wire.EchoReply6) // the pseudo header's sum is the same the other way round
	ip.Set(ip.TrafficClass(), ip.PayloadLen(), flow.ICMPv6, ttl, ip.Dst(), ip.Src())
	turn(p, own)
	return true
}

// Unreachable6 answers an IPv6 packet with "destination unreachable" of the given code (wire.PortUnreachable6, …), sent by from, one of our
// addresses.
func Unreachable6(p *burst.Packet, l3 int, own wire.MAC, from flow.Addr, code uint8) bool {
	return icmpError6(p, l3, own, from, wire.Unreachable6, code, 0)
}

// TooBig6 answers an IPv6 packet that is too long for its next link, whose MTU that is, bytes (F1.4).
func TooBig6(p *burst.Packet, l3 int, own wire.MAC, from flow.Addr, mtu uint16) bool {
	return icmpError6(p, l3, own, from, wire.PacketTooBig, 0, uint32(mtu))
}

// TimeExceeded6 answers an IPv6 packet whose hop limit does not allow another hop (F1.3).
func TimeExceeded6(p *burst.Packet, l3 int, own wire.MAC, from flow.Addr) bool {
	return icmpError6(p, l3, own, from, wire.TimeExceeded6, 0, 0)
}

// icmpError6 is icmpError for IPv6.
func icmpError6(p *burst.Packet, l3 int, own wire.MAC, from flow.Addr, typ, code uint8, mtu uint32) bool {
	about, u, ok := parse6(p, l3)
	if !ok || !deservesError6(about, u) || !p.Prepend(errorLen6) {
		return false
	}
	copy(p.Data[:l3], p.Data[errorLen6:]) // the Ethernet header and its tags
	p.Trim(l3 + min(errorLen6+len(about), maxError6))
	writeError6(p.Data[l3:], from, about.Src(), typ, code, mtu)
	turn(p, own)
	return true
}

// writeError6 is writeError for IPv6.
func writeError6(b []byte, from, to flow.Addr, typ, code uint8, mtu uint32) {
	ip := wire.IPv6(b)
	ip.Set(0, len(ip)-wire.IPv6Len, flow.ICMPv6, ttl, from, to)
	wire.ICMP(ip.Payload()).SetError6(typ, code, mtu, wire.PseudoIPv6(from, to, flow.ICMPv6, ip.PayloadLen()))
}

// deservesError6 is deservesError for IPv6 (RFC 4443 2.4 (e), F1.4): a redirect is no error, but gets none either.
func deservesError6(ip wire.IPv6, u wire.Upper) bool {
	if u.Later {
		return false
	}
	if u.Protocol != flow.ICMPv6 {
		return true
	}
	m, ok := wire.ParseICMP(u.Payload(ip))
	return ok && !m.IsError6() && m.Type() != wire.Redirect6
}
