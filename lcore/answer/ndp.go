package answer

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// solicitedLen is the length of an IPv6 packet with a solicitation or advertisement.
const solicitedLen = wire.IPv6Len + wire.NeighborLen

// Neighbor answers a neighbour solicitation with own, whatever address it asks for (RFC 4861 7.2.4). A probe, which comes from no address, is
// answered to all nodes: its sender gives the address up then (RFC 4862 5.4.3).
func Neighbor(p *burst.Packet, l3 int, own wire.MAC) bool {
	ip, ok := wire.ParseIPv6(p.Data[l3:], int(p.Len)-l3)
	if !ok || wire.Ethernet(p.Data).Src().IsMulticast() {
		return false
	}
	u, ok := ip.Upper()
	if !ok {
		return false
	}
	n, ok := wire.ParseNeighbor(ip, u)
	if !ok || n.Advertisement() {
		return false
	}
	to, target := ip.Src(), n.Target()
	if missing := l3 + solicitedLen - len(p.Data); missing > 0 {
		if !p.Prepend(missing) {
			return false
		}
		copy(p.Data[:l3], p.Data[missing:])
	}
	p.Trim(l3 + solicitedLen)
	turn(p, own)
	probe := to.IsZero()
	if probe {
		to = wire.AllHosts
		wire.Ethernet(p.Data).SetDst(wire.GroupMAC(to))
	}
	wire.IPv6(p.Data[l3:]).SetAdvertisement(to, target, !probe, own)
	return true
}

// AppendSolicitation appends to b a frame that asks for the link address of target, from one of our own addresses. to is the link address that
// target had last, to ask whether it is still there, or zero, and then all are asked that may be target.
func AppendSolicitation(b []byte, own wire.MAC, from flow.Addr, to wire.MAC, target flow.Addr) []byte {
	dst := target
	if to == (wire.MAC{}) {
		dst = wire.SolicitedGroup(target)
		to = wire.GroupMAC(dst)
	}
	b, ip := appendFrame(b, own, to)
	ip.SetSolicitation(from, dst, target, own)
	return b
}

// AppendAnnouncement appends to b an advertisement that nobody asked for: it tells all nodes that addr is at own (RFC 4861 7.2.6).
func AppendAnnouncement(b []byte, own wire.MAC, addr flow.Addr) []byte {
	b, ip := appendFrame(b, own, wire.GroupMAC(wire.AllHosts))
	ip.SetAdvertisement(wire.AllHosts, addr, false, own)
	return b
}

func appendFrame(b []byte, own, to wire.MAC) ([]byte, wire.IPv6) {
	at := len(b)
	b = append(b, make([]byte, wire.EthernetLen+solicitedLen)...)
	eth := wire.Ethernet(b[at:])
	eth.SetDst(to)
	eth.SetSrc(own)
	eth.SetType(wire.TypeIPv6)
	return b, eth.Payload()
}
