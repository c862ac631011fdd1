package lcoretest

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// packet6 is an IPv6 packet taken apart.
type packet6 struct {
	src, dst   netip.Addr
	hops       uint8
	extensions string // "hop dest " and so on
	fragment   string // "fragment 0+16 of 9" if it is one
	whole      bool   // its length field does not promise more than there is
	proto      uint8
	payload    []byte
	size       int // of the payload, as the header says
}

var extensionNames = map[uint8]string{0: "hop ", 43: "routing ", 60: "dest ", 44: "frag "}

// open6 takes apart what follows the link header, without the padding behind it.
func open6(ip []byte) (p packet6, ok bool) {
	if len(ip) < 40 || ip[0]>>4 != 6 {
		return p, false
	}
	p = packet6{src: netip.AddrFrom16([16]byte(ip[8:])), dst: netip.AddrFrom16([16]byte(ip[24:])), hops: ip[7], proto: ip[6]}
	p.size = int(binary.BigEndian.Uint16(ip[4:]))
	p.whole = p.size <= len(ip)-40
	p.payload = ip[40:min(40+p.size, len(ip))]
	for extensionNames[p.proto] != "" && p.fragment == "" {
		if len(p.payload) < 8 {
			return p, false
		}
		n := 8
		if p.proto != 44 {
			n += 8 * int(p.payload[1])
		} else if place := binary.BigEndian.Uint16(p.payload[2:]); place != 0 {
			p.fragment = fmt.Sprintf("fragment %d+%d of %d", place&^7, p.size-8, binary.BigEndian.Uint32(p.payload[4:]))
		}
		if n > len(p.payload) {
			return p, false
		}
		p.extensions += extensionNames[p.proto]
		p.proto, p.payload, p.size = p.payload[0], p.payload[n:], p.size-n
	}
	return p, true
}

// sumOK reports whether the checksum that covers payload and pseudo header is right.
func (p *packet6) sumOK() bool {
	pseudo := append(append(p.src.AsSlice(), p.dst.AsSlice()...), 0, 0, byte(len(p.payload)>>8), byte(len(p.payload)), 0, 0, 0, p.proto)
	return sum(uint64(sum(0, pseudo)), p.payload) == 0xffff
}

func describe6(ip []byte) string {
	p, ok := open6(ip)
	switch {
	case !ok:
		return "malformed: IPv6"
	case !p.whole:
		return "malformed: truncated"
	}
	line := fmt.Sprintf("%s > %s %s", p.src, p.dst, p.extensions)
	if p.fragment != "" {
		name := name6(p.proto)
		if name == "" {
			name = fmt.Sprintf("protocol %d", p.proto)
		}
		return fmt.Sprintf("%s%s %s ttl %d csum ok", line, name, p.fragment, p.hops)
	}
	transport := p.transport()
	if transport == "" {
		return "malformed: " + name6(p.proto)
	}
	line += fmt.Sprintf("%s ttl %d csum ", transport, p.hops)
	switch {
	case p.proto == 17 && p.payload[6] == 0 && p.payload[7] == 0:
		return line + "none"
	case p.proto == 132 && !sctpSumOK(p.payload):
		return line + "bad sctp"
	case p.proto == 132:
		return line + "ok"
	case name6(p.proto) != "" && !p.sumOK():
		return line + "bad " + name6(p.proto)
	}
	return line + "ok"
}

// sctpSumOK reports whether the CRC32c of an SCTP packet is right.
func sctpSumOK(packet []byte) bool {
	var sctp layers.SCTP
	return sctp.DecodeFromBytes(packet, gopacket.NilDecodeFeedback) == nil && sctp.Checksum == sctpChecksum(&sctp)
}

func name6(proto uint8) string {
	return map[uint8]string{6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp"}[proto]
}

// transport describes what the packet carries, "" if it is malformed.
func (p *packet6) transport() string {
	switch p.proto {
	case 6:
		var tcp layers.TCP
		if tcp.DecodeFromBytes(p.payload, gopacket.NilDecodeFeedback) != nil {
			return ""
		}
		return describeTCP(&tcp)
	case 17:
		if len(p.payload) < 8 {
			return ""
		}
		return fmt.Sprintf("udp %d>%d%s", binary.BigEndian.Uint16(p.payload), binary.BigEndian.Uint16(p.payload[2:]), length(p.payload[8:]))
	case 132:
		var sctp layers.SCTP
		if sctp.DecodeFromBytes(p.payload, gopacket.NilDecodeFeedback) != nil {
			return ""
		}
		return describeSCTP(&sctp)
	case 58:
		if len(p.payload) < 8 {
			return ""
		}
		return describeICMPv6(p.payload)
	}
	return fmt.Sprintf("protocol %d%s", p.proto, length(p.payload))
}

func describeICMPv6(m []byte) string {
	first, second := binary.BigEndian.Uint16(m[4:]), binary.BigEndian.Uint16(m[6:])
	switch m[0] {
	case 128:
		return fmt.Sprintf("icmp6 echo request %d seq %d%s", first, second, length(m[8:]))
	case 129:
		return fmt.Sprintf("icmp6 echo reply %d seq %d%s", first, second, length(m[8:]))
	case 135, 136:
		return describeNeighbor(m)
	}
	line := fmt.Sprintf("icmp6 %d/%d", m[0], m[1])
	if m[0] == 2 {
		line += fmt.Sprintf(" mtu %d", binary.BigEndian.Uint32(m[4:]))
	}
	if q, ok := open6(m[8:]); ok && m[0] < 128 {
		line += fmt.Sprintf(" (%s > %s %s%s", q.src, q.dst, q.extensions, name6(q.proto))
		if len(q.payload) >= 4 && q.proto != 58 && name6(q.proto) != "" {
			line += fmt.Sprintf(" %d>%d", binary.BigEndian.Uint16(q.payload), binary.BigEndian.Uint16(q.payload[2:]))
		}
		line += ")"
	}
	return line
}

// describeNeighbor describes a solicitation, "who has fd00::1, from 02:…", or an advertisement, "fd00::1 is at 02:…" with its flags, of router, solicited, override.
func describeNeighbor(m []byte) string {
	if len(m) < 24 {
		return ""
	}
	target, mac := netip.AddrFrom16([16]byte(m[8:])), "nowhere"
	if len(m) >= 32 {
		mac = net.HardwareAddr(m[26:32]).String()
	}
	if m[0] == 135 {
		return fmt.Sprintf("who has %s, from %s", target, mac)
	}
	flags := ""
	for i, letter := range []string{"R", "S", "O"} {
		if m[4]<<i&0x80 != 0 {
			flags += letter
		}
	}
	return fmt.Sprintf("%s is at %s flags %s", target, mac, flags)
}
