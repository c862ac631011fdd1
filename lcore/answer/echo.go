package answer

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// Echo answers an ICMP echo request of any size, in any number of segments: only headers change. Fragments
// are not put together, and IP options, which would have to be answered too, are refused. The ICMP checksum is
// updated, so that a request damaged on its way gives a reply that its sender refuses.
func Echo(p *burst.Packet, l3 int, own wire.MAC) bool {
	ip, ok := parse(p, l3)
	if !ok || ip.Protocol() != flow.ICMP || ip.IsFragment() || ip.HeaderLen() != wire.IPv4Len {
		return false
	}
	m, ok := wire.ParseICMP(ip.Payload())
	if !ok || m.Type() != wire.EchoRequest || m.Code() != 0 {
		return false
	}
	m.SetType(wire.EchoReply)
	id := ip.ID()
	ip.Set(ip.TOS(), ip.TotalLen(), ttl, flow.ICMP, ip.Dst(), ip.Src())
	ip.AllowFragments(id) // what came in one piece may not go back in one
	turn(p, own)
	return true
}
