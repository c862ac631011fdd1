package answer

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// Inside makes of an ICMP error that quotes a tunnel's packet one that quotes the packet inside, which begins at bytes behind l3, to that one's sender
// (C7.6); from is the address that it was sent to. mtu is for FragmentationNeeded and PacketTooBig, otherwise 0. It reports whether there is
// a header to quote; the link addresses are the caller's.
func Inside(p *burst.Packet, l3, at int, from flow.Addr, typ, code uint8, mtu uint16) bool {
	if ip, ok := wire.ParseQuotedIPv6(p.Data[l3+at:]); ok {
		to := ip.Src()
		p.Trim(l3 + errorLen6 + copy(p.Data[l3+errorLen6:], ip[:min(len(ip), maxError6-errorLen6)]))
		wire.Ethernet(p.Data).SetType(wire.TypeIPv6)
		writeError6(p.Data[l3:], from, to, typ, code, uint32(mtu))
		return true
	}
	ip, ok := wire.ParseQuotedIPv4(p.Data[l3+at:])
	if !ok {
		return false
	}
	p.Trim(l3 + errorLen + copy(p.Data[l3+errorLen:], ip[:min(len(ip), maxError-errorLen)]))
	wire.Ethernet(p.Data).SetType(wire.TypeIPv4)
	writeError(p.Data[l3:], from.Uint32(), wire.IPv4(p.Data[l3+errorLen:]), typ, code, mtu)
	return true
}
