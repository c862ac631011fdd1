package gen

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// ends are whose frame it is.
type ends struct {
	src, dst wire.MAC
	from, to flow.Addr
	fromPort uint16
	toPort   uint16
}

const (
	ttl    = 64
	window = 65535
)

// datagram makes a packet a datagram of a frame of size bytes, FCS included, and returns its data, all zero. seal completes it.
func datagram(p *burst.Packet, e *ends, size int) []byte {
	l4 := headers(p, e, flow.UDP, size-fcs)
	wire.UDP(l4).Set(e.fromPort, e.toPort, len(l4))
	return l4[wire.UDPLen:]
}

// segment makes a packet a segment, of a frame of size bytes with data, or of none, and returns its data, all zero. seal completes it.
func segment(p *burst.Packet, e *ends, seq, ack uint32, flags uint8, size int) []byte {
	l4 := headers(p, e, flow.TCP, size-fcs)
	wire.TCP(l4).Set(e.fromPort, e.toPort, seq, ack, flags, window)
	return l4[wire.TCPLen:]
}

// empty is the size of a segment without data.
const empty = fcs

// headers writes Ethernet and IP header of a frame of n bytes, or of as many as a segment without data needs, and returns the rest of the IP packet,
// all zero.
func headers(p *burst.Packet, e *ends, proto uint8, n int) []byte {
	l3, kind := wire.IPv4Len, uint16(wire.TypeIPv4)
	if !e.from.Is4() {
		l3, kind = wire.IPv6Len, wire.TypeIPv6
	}
	l4 := wire.EthernetLen + l3
	total := max(n, l4+wire.TCPLen)
	p.Data = p.Data[:max(total, wire.EthernetMin)]
	p.Len, p.Segments, p.Flags = uint32(len(p.Data)), 1, 0
	clear(p.Data[l4:])
	eth := wire.Ethernet(p.Data)
	eth.SetDst(e.dst)
	eth.SetSrc(e.src)
	eth.SetType(kind)
	if l3 == wire.IPv4Len {
		wire.IPv4(eth.Payload()).Set(0, total-wire.EthernetLen, ttl, proto, e.from.Uint32(), e.to.Uint32())
	} else {
		wire.IPv6(eth.Payload()).Set(0, total-l4, proto, ttl, e.from, e.to)
	}
	return p.Data[l4:total]
}

// seal sets the checksum of the datagram or segment. Only the first bytes of its data, data, are other than zero.
func seal(p *burst.Packet, e *ends, data int) {
	eth := wire.Ethernet(p.Data)
	var l4 []byte
	var proto uint8
	var pseudo uint32
	if e.from.Is4() {
		ip := wire.IPv4(eth.Payload())
		l4, proto, pseudo = p.Data[wire.EthernetLen+wire.IPv4Len:], ip.Protocol(), ip.Pseudo()
	} else {
		ip := wire.IPv6(eth.Payload())
		l4, proto = ip.Payload(), ip.Next()
		pseudo = wire.PseudoIPv6(e.from, e.to, proto, ip.PayloadLen())
	}
	if proto == flow.TCP {
		wire.TCP(l4).SetChecksum(wire.Checksum(l4[:wire.TCPLen+data], pseudo))
		return
	}
	wire.UDP(l4).SetChecksum(wire.Checksum(l4[:wire.UDPLen+data], pseudo))
}
