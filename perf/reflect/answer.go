package reflect

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"

	"cleat/perf/host"
	"cleat/perf/payload"
)

// way is where an answer goes.
type way int

const (
	nowhere way = iota
	back
	direct
)

// packet is what answering needs to know of a frame.
type packet struct {
	src, dst flow.Addr
	proto    uint8
	l4       []byte // whole
	header   int    // length of the IP header, bytes
	number   uint16 // of the server
	way      way
}

// answer turns a frame into what the server answers, and counts those that get none.
func (r *Reflector) answer(p *burst.Packet) way {
	var in packet
	switch {
	case p.Segments == 1 && r.open(p, &in) && r.find(p, &in):
	case host.Answer(p, r.owner):
		return back
	case len(r.VIPs) != 0 && r.Router.Learn(p):
		r.counts.Consumed++
		return nowhere
	default:
		r.counts.Foreign++
		return nowhere
	}
	answered := false
	if in.proto == flow.TCP {
		answered = r.segment(p, &in)
	} else {
		answered = datagram(&in)
	}
	if !answered {
		r.counts.Consumed++
		return nowhere
	}
	eth := wire.Ethernet(p.Data)
	if in.way == back {
		eth.SetDst(eth.Src())
	} else {
		eth.SetDst(r.Router.MAC)
	}
	eth.SetSrc(r.mac(in.number))
	turn(eth)
	return in.way
}

// open finds addresses and transport header, those inside of a tunnel to a server, whose outer header it takes off.
func (r *Reflector) open(p *burst.Packet, in *packet) bool {
	if !headers(p, in) {
		return false
	}
	if in.proto != protoIPv4 && in.proto != protoIPv6 {
		return transport(in)
	}
	n := r.owners.Get(in.dst, 0, 0)
	if n == 0 || n == vip {
		return false
	}
	in.number, in.way = uint16(n-1), direct
	decapsulate(p, in)
	return headers(p, in) && transport(in)
}

// Protocol numbers of IP in IP.
const (
	protoIPv4 = 4
	protoIPv6 = 41
)

// headers reads the IP header.
func headers(p *burst.Packet, in *packet) bool {
	eth, ok := wire.ParseEthernet(p.Data)
	if !ok {
		return false
	}
	size := int(p.Len) - wire.EthernetLen
	switch eth.Type() {
	case wire.TypeIPv4:
		ip, ok := wire.ParseIPv4(eth.Payload(), size)
		if !ok || ip.IsFragment() {
			return false
		}
		in.src, in.dst, in.proto, in.l4 = flow.V4(ip.Src()), flow.V4(ip.Dst()), ip.Protocol(), ip.Payload()
		in.header = ip.HeaderLen()
		return true
	case wire.TypeIPv6: // neither the generator nor the director sends extension headers
		ip, ok := wire.ParseIPv6(eth.Payload(), size)
		if !ok {
			return false
		}
		in.src, in.dst, in.proto, in.l4 = ip.Src(), ip.Dst(), ip.Next(), ip.Payload()
		in.header = wire.IPv6Len
		return true
	}
	return false
}

// transport checks what the packet carries.
func transport(in *packet) (ok bool) {
	switch in.proto {
	case flow.TCP:
		_, ok = wire.ParseTCP(in.l4)
	case flow.UDP:
		var u wire.UDP
		u, ok = wire.ParseUDP(in.l4)
		ok = ok && u.Len() == len(in.l4)
	}
	return ok
}

// decapsulate moves the Ethernet header to the inner packet.
func decapsulate(p *burst.Packet, in *packet) {
	outer := p.Data
	p.Data = outer[in.header:]
	copy(p.Data, outer[:wire.EthernetLen])
	kind := uint16(wire.TypeIPv4)
	if in.proto == protoIPv6 {
		kind = wire.TypeIPv6
	}
	wire.Ethernet(p.Data).SetType(kind)
	p.Len -= uint32(in.header)
	p.Headroom += uint16(in.header)
}

// find says whose packet it is: by its destination, or, if that is the VIP, by the tunnel's end or the MAC address.
func (r *Reflector) find(p *burst.Packet, in *packet) (ok bool) {
	switch n := r.owners.Get(in.dst, 0, 0); {
	case n == 0:
		return false
	case n != vip:
		in.number, in.way = uint16(n-1), back
		port := r.Servers[in.number].Port
		return port == 0 || port == wire.Ports(in.l4).Dst()
	case in.way == direct:
		return r.Router.Known()
	default:
		in.way = direct
		in.number, ok = r.byMAC(wire.Ethernet(p.Data).Dst())
		return ok && r.Router.Known()
	}
}

// datagram puts the server's number into a datagram's data.
func datagram(in *packet) bool {
	u := wire.UDP(in.l4)
	before := payload.Answer(u[wire.UDPLen:], in.number)
	if u.Checksum() != 0 {
		u.UpdateChecksum(wire.Diff16(before, in.number))
	}
	return true
}

// segment makes the answer to a segment, but for its direction; false: none is due.
func (r *Reflector) segment(p *burst.Packet, in *packet) bool {
	t := wire.TCP(in.l4)
	flags, length := t.Flags(), len(in.l4)-t.HeaderLen()
	switch {
	case flags&(wire.SYN|wire.RST|wire.ACK) == wire.SYN:
		r.counts.SYNs++
		r.accept(p, in)
		return true
	case flags&(wire.SYN|wire.RST) != 0, length == 0 && flags&wire.FIN == 0:
		return false
	}
	next := t.Seq() + uint32(length)
	answer := uint8(wire.ACK)
	if length != 0 {
		answer |= wire.PSH
	}
	if flags&wire.FIN != 0 {
		next++
		answer |= wire.FIN
	}
	d := wire.Diff32(t.Seq(), t.Ack()) + wire.Diff32(t.Ack(), next) + t.SetFlags(answer)
	before := payload.Answer(t[t.HeaderLen():], in.number)
	if length >= payload.ShortLen {
		d += wire.Diff16(before, in.number)
	}
	t.UpdateChecksum(d)
	seq := t.Ack()
	t.SetAck(next)
	t.SetSeq(seq)
	return true
}

// window is what servers say that they take, bytes.
const window = 65535

// accept makes SYN and ACK of a SYN, without its options and data.
func (r *Reflector) accept(p *burst.Packet, in *packet) {
	t := wire.TCP(in.l4)
	src, dst, ack := t.SrcPort(), t.DstPort(), t.Seq()+1
	seq := initial(in, src, dst, ack)<<16 | uint32(in.number)
	var pseudo uint32
	if l3 := wire.Ethernet(p.Data).Payload(); in.src.Is4() {
		ip := wire.IPv4(l3)
		ip.SetTotalLen(ip.HeaderLen() + wire.TCPLen)
		ip.ComputeChecksum()
		pseudo = ip.Pseudo()
	} else {
		wire.IPv6(l3).SetPayloadLen(wire.TCPLen)
		pseudo = wire.PseudoIPv6(in.src, in.dst, flow.TCP, wire.TCPLen)
	}
	t.Set(src, dst, seq, ack, wire.SYN|wire.ACK, window)
	t.SetChecksum(wire.Checksum(t[:wire.TCPLen], pseudo))
	p.Trim(min(len(p.Data), max(wire.EthernetLen+in.header+wire.TCPLen, wire.EthernetMin)))
}

// initial is the upper half of a connection's initial sequence number: a hash of what tells it from others.
func initial(in *packet, src, dst uint16, ack uint32) uint32 {
	h := (in.src.Lo ^ in.src.Hi + uint64(src)<<16 + uint64(dst)) * 0x9e3779b97f4a7c15
	return uint32((h^uint64(ack))*0x9e3779b97f4a7c15>>48) & 0xffff
}

// turn lets addresses and ports change places, which leaves the checksums right. The TTL stays as it came: what runs in a circle ends.
func turn(eth wire.Ethernet) {
	var ports wire.Ports
	switch eth.Type() {
	case wire.TypeIPv4:
		ip := wire.IPv4(eth.Payload())
		src, dst := ip.Src(), ip.Dst()
		ip.SetSrc(dst)
		ip.SetDst(src)
		ports = ip.Payload()
	default:
		ip := wire.IPv6(eth.Payload())
		src, dst := ip.Src(), ip.Dst()
		ip.SetSrc(dst)
		ip.SetDst(src)
		ports = ip.Payload()
	}
	src, dst := ports.Src(), ports.Dst()
	ports.SetSrc(dst)
	ports.SetDst(src)
}
