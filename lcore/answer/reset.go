package answer

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// Reset answers a TCP segment that belongs to no connection with a RST (RFC 9293 3.10.7.1). A RST, a fragment, and a
// segment whose checksum is wrong, as far as that can be told, get none.
func Reset(p *burst.Packet, l3 int, own wire.MAC) bool {
	ip, ok := parse(p, l3)
	if !ok || ip.Protocol() != flow.TCP || ip.IsFragment() {
		return false
	}
	t, ok := wire.ParseTCP(ip.Payload())
	if !ok || t.Flags()&wire.RST != 0 || !intact(p, ip) {
		return false
	}
	seq, ack, flags := t.Ack(), uint32(0), wire.RST
	if t.Flags()&wire.ACK == 0 {
		seq, ack, flags = 0, t.Seq()+segmentLen(ip, t), wire.RST|wire.ACK
	}
	src, dst, srcPort, dstPort := ip.Src(), ip.Dst(), t.SrcPort(), t.DstPort()

	// Without options both headers fit where headers were.
	p.Trim(l3 + wire.IPv4Len + wire.TCPLen)
	ip = p.Data[l3:]
	ip.Set(0, len(ip), ttl, flow.TCP, dst, src)
	t = ip.Payload()
	t.Set(dstPort, srcPort, seq, ack, flags, 0)
	t.SetChecksum(wire.Checksum(t, ip.Pseudo()))
	turn(p, own)
	return true
}

// segmentLen returns what a segment takes of the sequence space: SEG.LEN of RFC 9293, SYN and FIN counted.
func segmentLen(ip wire.IPv4, t wire.TCP) uint32 {
	n := uint32(ip.PayloadLen() - t.HeaderLen())
	if t.Flags()&wire.SYN != 0 {
		n++
	}
	if t.Flags()&wire.FIN != 0 {
		n++
	}
	return n
}

// intact reports whether the transport checksum is right, or cannot be told since data is in further
// segments and the port did not look.
func intact(p *burst.Packet, ip wire.IPv4) bool {
	switch {
	case p.Flags&burst.L4CsumBad != 0:
		return false
	case p.Flags&burst.L4CsumGood != 0 || !ip.Whole():
		return true
	}
	return wire.Checksum(ip.Payload(), ip.Pseudo()) == 0
}
