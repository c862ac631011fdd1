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
	if !ok || t.Flags()&wire.RST != 0 || !intact(p, t, ip.Whole(), ip.Pseudo()) {
		return false
	}
	r := resetTo(t, ip.PayloadLen())
	src, dst := ip.Src(), ip.Dst()

	// Without options both headers fit where headers were.
	p.Trim(l3 + wire.IPv4Len + wire.TCPLen)
	ip = p.Data[l3:]
	ip.Set(0, len(ip), ttl, flow.TCP, dst, src)
	r.write(ip.Payload(), ip.Pseudo())
	turn(p, own)
	return true
}

// Reset6 is Reset for IPv6.
func Reset6(p *burst.Packet, l3 int, own wire.MAC) bool {
	ip, u, ok := parse6(p, l3)
	if !ok || u.Protocol != flow.TCP || u.IsFragment() {
		return false
	}
	t, ok := wire.ParseTCP(u.Payload(ip))
	if !ok || t.Flags()&wire.RST != 0 || !intact(p, t, ip.Whole(), u.Pseudo(ip)) {
		return false
	}
	r := resetTo(t, u.PayloadLen(ip))
	src, dst := ip.Src(), ip.Dst()
	p.Trim(l3 + wire.IPv6Len + wire.TCPLen)
	ip = p.Data[l3:]
	ip.Set(0, wire.TCPLen, flow.TCP, ttl, dst, src)
	r.write(ip.Payload(), wire.PseudoIPv6(dst, src, flow.TCP, wire.TCPLen))
	turn(p, own)
	return true
}

// reset is what a RST says.
type reset struct {
	srcPort, dstPort uint16
	seq, ack         uint32
	flags            uint8
}

// resetTo returns the RST for a segment that, with its header, takes length bytes (RFC 9293 3.10.7.1).
func resetTo(t wire.TCP, length int) reset {
	r := reset{srcPort: t.DstPort(), dstPort: t.SrcPort(), seq: t.Ack(), flags: wire.RST}
	if t.Flags()&wire.ACK == 0 {
		r.seq, r.ack, r.flags = 0, t.Seq()+segmentLen(t, length), wire.RST|wire.ACK
	}
	return r
}

// write makes t, without options, the RST; pseudo is the sum of its pseudo header.
func (r reset) write(t wire.TCP, pseudo uint32) {
	t.Set(r.srcPort, r.dstPort, r.seq, r.ack, r.flags, 0)
	t.SetChecksum(wire.Checksum(t, pseudo))
}

// segmentLen returns what a segment takes of the sequence space: SEG.LEN of RFC 9293, SYN and FIN counted.
func segmentLen(t wire.TCP, length int) uint32 {
	n := uint32(length - t.HeaderLen())
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
func intact(p *burst.Packet, t wire.TCP, whole bool, pseudo uint32) bool {
	switch {
	case p.Flags&burst.L4CsumBad != 0:
		return false
	case p.Flags&burst.L4CsumGood != 0 || !whole:
		return true
	}
	return wire.Checksum(t, pseudo) == 0
}
