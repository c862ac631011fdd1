package rewrite

import (
	"cleat/lcore/burst"
	"cleat/lcore/wire"
)

// Splice puts text where payload[from:to] of a TCP packet was, which lies whole in p, with its IPv4 header at l3 and a right
// checksum. It returns the packet from its IP header on, or false, and changes nothing, if there is no room behind it for what it grows by.
func Splice(p *burst.Packet, l3, from, to int, text []byte) (wire.IPv4, bool) {
	ip := wire.IPv4(p.Data[l3:])
	grows := len(text) - (to - from)
	size := len(p.Data) + grows
	if size > cap(p.Data) || ip.TotalLen()+grows > 0xffff {
		return nil, false
	}
	payload := l3 + ip.HeaderLen() + wire.TCP(ip.Payload()).HeaderLen()
	tail := p.Data[payload+to:]
	copy(p.Data[payload+from+len(text):size], tail)
	copy(p.Data[payload+from:size], text)
	p.Trim(size)

	before := ip.TotalLen()
	ip = wire.IPv4(p.Data[l3:])
	ip.SetTotalLen(before + grows)
	ip.UpdateChecksum(wire.Diff16(uint16(before), uint16(before+grows)))
	tcp := wire.TCP(ip.Payload())
	tcp.SetChecksum(0)
	tcp.SetChecksum(wire.Checksum(tcp, ip.Pseudo()))
	return ip, true
}
