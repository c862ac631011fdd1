package lcoretest

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// GUEPort is the UDP port whose datagrams Describe takes for GUE.
const GUEPort = 6080

// describeTunnel describes an untagged frame that carries an IP packet in an IP packet: the outer addresses, the tunnel's type ("gre+csum" and "gue
// 40000>6080+csum" with a checksum, which is verified), the inner packet, and of the outer header TTL, DSCP and ECN if any, DF. It returns "" for any other frame.
func describeTunnel(frame []byte) string {
	outer, ok := outerHeader(frame)
	if !ok {
		return ""
	}
	name, inner, sumOK := outer.open()
	if name == "" {
		return ""
	}
	line := fmt.Sprintf("%s > %s %s [%s] ttl %d", outer.src, outer.dst, name, Describe(link(inner)), outer.ttl)
	if outer.tos != 0 {
		line += fmt.Sprintf(" tos %#x", outer.tos)
	}
	if outer.df {
		line += " df"
	}
	if !outer.sumOK || !sumOK {
		return line + " csum bad"
	}
	return line + " csum ok"
}

// outer is an IP header and what follows it.
type outer struct {
	src, dst        netip.Addr
	proto, ttl, tos uint8
	df, sumOK       bool
	payload         []byte
}

// outerHeader decodes a whole IPv4 packet without options, or an IPv6 packet without extension headers.
func outerHeader(frame []byte) (o outer, ok bool) {
	if len(frame) < 34 {
		return o, false
	}
	ip := frame[14:]
	switch ip[0] >> 4 {
	case 4:
		length := int(binary.BigEndian.Uint16(ip[2:]))
		if binary.BigEndian.Uint16(frame[12:]) != 0x0800 || ip[0] != 0x45 || length > len(ip) || length < 20 || binary.BigEndian.Uint16(ip[6:])&0x3fff != 0 {
			return o, false
		}
		src, dst := netip.AddrFrom4([4]byte(ip[12:])), netip.AddrFrom4([4]byte(ip[16:]))
		return outer{src, dst, ip[9], ip[8], ip[1], ip[6]&0x40 != 0, sum(0, ip[:20]) == 0xffff, ip[20:length]}, true
	case 6:
		length := 40 + int(binary.BigEndian.Uint16(ip[4:]))
		if binary.BigEndian.Uint16(frame[12:]) != 0x86dd || length > len(ip) {
			return o, false
		}
		src, dst := netip.AddrFrom16([16]byte(ip[8:])), netip.AddrFrom16([16]byte(ip[24:]))
		return outer{src, dst, ip[6], ip[7], ip[0]<<4 | ip[1]>>4, false, true, ip[40:length]}, true
	}
	return o, false
}

// open returns the tunnel's name and what is in it, and whether its checksum is right or there is none; "" if it is no tunnel.
func (o *outer) open() (name string, inner []byte, sumOK bool) {
	p := o.payload
	switch {
	case len(p) >= 20 && (o.proto == 4 && p[0]>>4 == 4 || o.proto == 41 && p[0]>>4 == 6):
		return "ipip", p, true
	case o.proto == 47 && len(p) >= 8 && p[0] == 0x80:
		return "gre+csum", p[8:], sum(0, p) == 0xffff && version(p[8:]) == binary.BigEndian.Uint16(p[2:])
	case o.proto == 47 && len(p) >= 4 && p[0] == 0:
		return "gre", p[4:], version(p[4:]) == binary.BigEndian.Uint16(p[2:])
	case o.proto == 17 && len(p) >= 12 && binary.BigEndian.Uint16(p[2:]) == GUEPort:
		return o.openGUE()
	}
	return "", nil, false
}

func (o *outer) openGUE() (name string, inner []byte, sumOK bool) {
	p := o.payload
	name = fmt.Sprintf("gue %d>%d", binary.BigEndian.Uint16(p), GUEPort)
	inner = p[12:]
	ethertype := uint16(0x0800)
	if p[9] == 41 {
		ethertype = 0x86dd
	}
	sumOK = p[8] == 0 && p[10] == 0 && p[11] == 0 && version(inner) == ethertype && int(binary.BigEndian.Uint16(p[4:])) == len(p)
	if p[6] == 0 && p[7] == 0 {
		return name, inner, sumOK
	}
	pseudo := append(append([]byte{0, 17, p[4], p[5]}, o.src.AsSlice()...), o.dst.AsSlice()...)
	return name + "+csum", inner, sumOK && sum(uint64(sum(0, pseudo)), p) == 0xffff
}

// version is the Ethernet type that goes with the IP version of a packet.
func version(ip []byte) uint16 {
	switch {
	case len(ip) != 0 && ip[0]>>4 == 4:
		return 0x0800
	case len(ip) != 0 && ip[0]>>4 == 6:
		return 0x86dd
	}
	return 0
}

// link puts a link header in front of an IP packet.
func link(ip []byte) []byte {
	return append(binary.BigEndian.AppendUint16(make([]byte, 12), version(ip)), ip...)
}

// sum is the ones' complement sum of b and start, word by word.
func sum(start uint64, b []byte) uint16 {
	for i, c := range b {
		start += uint64(c) << (8 * (1 - i%2))
	}
	for start > 0xffff {
		start = start>>16 + start&0xffff
	}
	return uint16(start)
}
