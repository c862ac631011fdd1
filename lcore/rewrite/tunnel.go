package rewrite

import (
	"encoding/binary"

	"cleat/lcore/flow"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// Protocol numbers of what tunnels carry and are carried in (IANA).
const (
	protoIPIP = 4
	protoIPv6 = 41
	protoGRE  = 47
)

// Tunnel is what goes in front of a packet on its way to a real server of forwarding method Tunnel (F4). Src and Dst are of one family;
// the packet itself may be of the other (F4.5).
type Tunnel struct {
	service.TunnelOptions
	Src, Dst flow.Addr
	// SrcPort is gue's: the same for all packets of a flow, so that routers keep them in order.
	SrcPort uint16
	// ID is the outer packet's, which IPv4 needs where it may be fragmented. DontFragment is for IPv4 too.
	ID           uint16
	DontFragment bool
}

const (
	gueLen         = 4 // version 0, data message, no optional fields
	greLen         = 4
	greChecksumLen = 4 // with the reserved half
	greChecksum    = 0x8000
	gueWords       = 0x1f // of a GUE header's first byte: the length of its options in words; the others are 0: version and kind
)

// Overhead returns the number of bytes that t puts in front of a packet.
func (t *Tunnel) Overhead() int { return t.outerLen() + t.shimLen() }

func (t *Tunnel) outerLen() int {
	if t.Dst.Is4() {
		return wire.IPv4Len
	}
	return wire.IPv6Len
}

// shimLen is the length of what stands between the outer IP header and the packet.
func (t *Tunnel) shimLen() int {
	switch {
	case t.Type == service.GUE:
		return wire.UDPLen + gueLen
	case t.Type == service.GRE && t.Checksum != service.NoChecksum:
		return greLen + greChecksumLen
	case t.Type == service.GRE:
		return greLen
	}
	return 0
}

// Sums reports whether there is a checksum over all that the tunnel carries, which has to be in hand then.
func (t *Tunnel) Sums() bool { return t.Type != service.IPIP && t.Checksum != service.NoChecksum }

// Encapsulate writes all headers into the first Overhead bytes of b, which the inner packet follows, its TTL decremented already (F4.1, F4.2).
// total is the length of both in bytes: len(b), unless the packet's tail lies elsewhere, which a checksum does not permit.
func (t *Tunnel) Encapsulate(b []byte, total int) {
	inner, next := b[t.Overhead():], uint8(protoIPIP)
	var tos, hops uint8
	if inner[0]>>4 == 6 {
		next, tos, hops = protoIPv6, wire.IPv6(inner).TrafficClass(), wire.IPv6(inner).HopLimit()
	} else {
		tos, hops = wire.IPv4(inner).TOS(), wire.IPv4(inner).TTL()
	}
	proto := next
	switch t.Type {
	case service.GUE:
		proto = flow.UDP
		t.gue(b[t.outerLen():], total-t.outerLen(), next)
	case service.GRE:
		proto = protoGRE
		t.gre(b[t.outerLen():], next)
	}
	t.outer(b, outerTOS(tos), total, hops, proto)
}

// outer writes the outer IP header.
func (t *Tunnel) outer(b []byte, tos uint8, total int, hops, proto uint8) {
	if !t.Dst.Is4() {
		wire.IPv6(b).Set(tos, total-wire.IPv6Len, proto, hops, t.Src, t.Dst)
		return
	}
	wire.IPv4(b).SetOuter(tos, total, t.ID, t.DontFragment, hops, proto, t.Src.Uint32(), t.Dst.Uint32())
}

// gue writes a UDP header and a GUE header of version 0 into b. Remote checksum offload would save a checksum that is still to be computed inside;
// there is none here, every inner checksum being complete, so it means what Checksum does.
func (t *Tunnel) gue(b []byte, length int, next uint8) {
	g := b[wire.UDPLen:]
	g[0], g[1], g[2], g[3] = 0, next, 0, 0
	udp := wire.UDP(b)
	udp.Set(t.SrcPort, t.Port, length)
	if t.Checksum == service.NoChecksum {
		return
	}
	pseudo := wire.PseudoIPv4(t.Src.Uint32(), t.Dst.Uint32(), flow.UDP, length)
	if !t.Dst.Is4() {
		pseudo = wire.PseudoIPv6(t.Src, t.Dst, flow.UDP, length)
	}
	udp.ComputeChecksum(pseudo)
}

// gre writes a GRE header of version 0 (RFC 2784) into b.
func (t *Tunnel) gre(b []byte, next uint8) {
	flags, ethertype := uint16(0), uint16(wire.TypeIPv4)
	if next == protoIPv6 {
		ethertype = wire.TypeIPv6
	}
	if t.Checksum != service.NoChecksum {
		flags = greChecksum
	}
	binary.BigEndian.PutUint16(b, flags)
	binary.BigEndian.PutUint16(b[2:], ethertype)
	if flags != 0 {
		binary.BigEndian.PutUint32(b[greLen:], 0)
		binary.BigEndian.PutUint16(b[greLen:], wire.Checksum(b, 0))
	}
}

// Open returns which tunnel a packet of protocol proto, whose payload begins with b, went through, and where in b the packet inside begins; of the
// options only Type and Port. It knows what Encapsulate writes, and options of GUE too (C7.6).
func Open(proto uint8, b []byte) (o service.TunnelOptions, at int, ok bool) {
	switch {
	case proto == protoIPIP || proto == protoIPv6:
		return o, 0, true
	case proto == protoGRE && len(b) >= greLen+greChecksumLen:
		flags, ethertype := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		if at = greLen; flags != 0 {
			at += greChecksumLen
		}
		o.Type = service.GRE
		return o, at, flags&^greChecksum == 0 && (ethertype == wire.TypeIPv4 || ethertype == wire.TypeIPv6)
	case proto == flow.UDP && len(b) >= wire.UDPLen+gueLen:
		g := b[wire.UDPLen:]
		o.Type, o.Port = service.GUE, wire.Ports(b).Dst()
		at = wire.UDPLen + gueLen + 4*int(g[0]&gueWords)
		return o, at, g[0]&^gueWords == 0 && (g[1] == protoIPIP || g[1] == protoIPv6) && at <= len(b)
	}
	return o, 0, false
}

// outerTOS is the outer header's DSCP and ECN: the inner one's, but that "congestion experienced" inside says nothing about the tunnel (RFC 3168
// 9.1.1, full functionality).
func outerTOS(inner uint8) uint8 {
	const ecn, ect0, ce = 3, 2, 3
	if inner&ecn == ce {
		return inner&^ecn | ect0
	}
	return inner
}
