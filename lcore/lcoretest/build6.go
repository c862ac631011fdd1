package lcoretest

import (
	"encoding/binary"
	"net/netip"

	"github.com/gopacket/gopacket/layers"
)

// Extension puts an IPv6 extension header of 8 bytes in: hop-by-hop options (0), routing (43, with one segment left), fragment (44, of all data), or
// destination options (60). The first one named comes first.
func Extension(kind uint8) Option {
	return func(h *headers) { h.extensions = append(h.extensions, kind) }
}

// chain returns the extension headers, in front of protocol, and the number of the first.
func (h *headers) chain(protocol layers.IPProtocol) (first layers.IPProtocol, b []byte) {
	for i, kind := range h.extensions {
		next := uint8(protocol)
		if i+1 < len(h.extensions) {
			next = h.extensions[i+1]
		}
		switch kind {
		case 43:
			b = append(b, next, 0, 4, 1, 0, 0, 0, 0)
		case 44:
			b = append(b, next, 0, 0, 0, 0, 0, 0, 9)
		default:
			b = append(b, next, 0, 1, 4, 0, 0, 0, 0) // padding (RFC 8200 4.2)
		}
	}
	if len(b) != 0 {
		protocol = layers.IPProtocol(h.extensions[0])
	}
	return protocol, b
}

// icmp6 builds an ICMPv6 message: the four bytes behind its checksum, and what follows.
func icmp6(src, dst netip.Addr, typ, code uint8, rest uint32, opts []Option) []byte {
	h := newHeaders(src, dst, layers.IPProtocolICMPv6, opts)
	m := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(typ, code)}
	must(m.SetNetworkLayerForChecksum(&h.ip6))
	h.payload = append(binary.BigEndian.AppendUint32(nil, rest), h.payload...)
	return h.frame(m)
}

// Solicitation builds a neighbour solicitation for target, to the group in which it listens, from sender if that is not zero.
func Solicitation(sender [6]byte, src, target netip.Addr, opts ...Option) []byte {
	a := target.As16()
	group := netip.AddrFrom16([16]byte{0xff, 2, 11: 1, 12: 0xff, 13: a[13], 14: a[14], 15: a[15]})
	opts = append([]Option{Link(sender, [6]byte{0x33, 0x33, 0xff, a[13], a[14], a[15]}), TTL(255)}, opts...)
	body := a[:]
	if src != netip.IPv6Unspecified() {
		body = append(append(body, 1, 1), sender[:]...)
	}
	return icmp6(src, group, 135, 0, 0, append([]Option{Payload(body)}, opts...))
}

// Advertisement builds a neighbour advertisement to dst that target is at sender. flags are 0x80 for a router, 0x40 for a solicited one, 0x20 to
// override.
func Advertisement(sender [6]byte, target netip.Addr, to [6]byte, dst netip.Addr, flags uint8, opts ...Option) []byte {
	a := target.As16()
	opts = append([]Option{Link(sender, to), TTL(255)}, opts...)
	return icmp6(target, dst, 136, 0, uint32(flags)<<24, append([]Option{Payload(append(append(a[:], 2, 1), sender[:]...))}, opts...))
}

// Fragments6 cuts an untagged IPv6 frame without extension headers into frames that carry size bytes, a multiple of 8, of its payload each.
func Fragments6(frame []byte, size int) [][]byte {
	var fragments [][]byte
	payload := frame[14+40:]
	for at := 0; at < len(payload); at += size {
		end := min(at+size, len(payload))
		place := uint16(at)
		if end < len(payload) {
			place |= 1
		}
		f := append([]byte(nil), frame[:14+40]...)
		f = append(f, frame[14+6], 0, byte(place>>8), byte(place), 0, 0, 0, 9)
		f = append(f, payload[at:end]...)
		f[14+6] = 44
		binary.BigEndian.PutUint16(f[14+4:], uint16(8+end-at))
		fragments = append(fragments, f)
	}
	return fragments
}
