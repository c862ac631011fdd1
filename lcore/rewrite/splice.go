package rewrite

import (
	"cleat/lcore/burst"
	"cleat/lcore/wire"
)

// Splice puts text where payload[from:to] of a TCP packet was, which lies whole in p, with its IPv4 header at l3 and a right
// checksum. It returns the packet from its IP header on, or false, if there is no room behind it for what it grows by. The packet is as it was then.
func Splice(p *burst.Packet, l3, from, to int, text []byte) (wire.IPv4, bool) {
	ip := wire.IPv4(p.Data[l3:])
	before, tcp := ip.TotalLen(), l3+ip.HeaderLen()
	grows := len(text) - (to - from)
	if before+grows > 0xffff || !splice(p, tcp, from, to, text) {
		return ip, false
	}
	ip = p.Data[l3:]
	ip.SetTotalLen(before + grows)
	ip.UpdateChecksum(wire.Diff16(uint16(before), uint16(before+grows)))
	computeTCP(p.Data[tcp:], ip.Pseudo())
	return ip, true
}

// Splice6 is Splice for IPv6.
func Splice6(p *burst.Packet, l3 int, u wire.Upper, from, to int, text []byte) (wire.IPv6, bool) {
	ip := wire.IPv6(p.Data[l3:])
	tcp, payload := l3+int(u.Offset), ip.PayloadLen()+len(text)-(to-from)
	if payload > 0xffff || !splice(p, tcp, from, to, text) {
		return ip, false
	}
	ip = p.Data[l3:]
	ip.SetPayloadLen(payload)
	computeTCP(p.Data[tcp:], u.Pseudo(ip))
	return ip, true
}

// splice puts text where payload[from:to] of the TCP segment at p.Data[tcp:] was.
func splice(p *burst.Packet, tcp, from, to int, text []byte) bool {
	size := len(p.Data) + len(text) - (to - from)
	if size > cap(p.Data) {
		return false
	}
	payload := tcp + wire.TCP(p.Data[tcp:]).HeaderLen()
	copy(p.Data[payload+from+len(text):size], p.Data[payload+to:])
	copy(p.Data[payload+from:size], text)
	p.Trim(size)
	return true
}

func computeTCP(t wire.TCP, pseudo uint32) {
	t.SetChecksum(0)
	t.SetChecksum(wire.Checksum(t, pseudo))
}
