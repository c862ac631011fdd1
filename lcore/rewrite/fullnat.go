package rewrite

import (
	"encoding/binary"

	"cleat/lcore/flow"
	"cleat/lcore/sequence"
	"cleat/lcore/wire"
)

// End is one end of a flow.
type End struct {
	Addr flow.Addr
	Port uint16
}

// FullNAT makes a TCP, UDP or SCTP packet one from src to dst (F8.2), both of IPv4. Of a later fragment, which has no ports, it changes the addresses only.
func FullNAT(ip wire.IPv4, src, dst End) {
	from, to := src.Addr.Uint32(), dst.Addr.Uint32()
	d := wire.Diff32(ip.Src(), from) + wire.Diff32(ip.Dst(), to)
	ip.SetSrc(from)
	ip.SetDst(to)
	ip.UpdateChecksum(d + ip.Decrement())
	if ip.FragmentOffset() != 0 {
		return
	}
	if ip.Protocol() == flow.SCTP {
		setSCTPPorts(ip.Payload(), src.Port, dst.Port)
		return
	}
	updateTransport(ip, d+setPorts(ip.Payload(), src.Port, dst.Port))
}

// FullNAT6 is FullNAT for IPv6; u says where the transport header is.
func FullNAT6(ip wire.IPv6, u wire.Upper, src, dst End) {
	d := wire.DiffAddr(ip.Src(), src.Addr) + wire.DiffAddr(ip.Dst(), dst.Addr)
	ip.SetSrc(src.Addr)
	ip.SetDst(dst.Addr)
	ip.Decrement()
	if u.Later {
		return
	}
	if u.Protocol == flow.SCTP {
		setSCTPPorts(u.Payload(ip), src.Port, dst.Port)
		return
	}
	updateTransport6(ip, u, d+setPorts(u.Payload(ip), src.Port, dst.Port))
}

// setPorts sets the ports at the beginning of b.
func setPorts(b []byte, src, dst uint16) wire.Diff {
	ports := wire.Ports(b)
	d := wire.Diff16(ports.Src(), src) + wire.Diff16(ports.Dst(), dst)
	ports.SetSrc(src)
	ports.SetDst(dst)
	return d
}

// FullNATError makes an ICMP error about a packet that FullNAT made one from dst to src, one from src to dst about that packet as dst has sent it (C7.3, C7.4).
// s is by how much the sequence number of what dst sends was shifted, nil for none. It reports whether the error quotes addresses and
// ports; if not, nothing is changed.
func FullNATError(ip wire.IPv4, src, dst End, s *sequence.Shift) bool {
	m, quote, _, ok := parseError(ip)
	if !ok {
		return false
	}
	from, to := src.Addr.Uint32(), dst.Addr.Uint32()
	outer := wire.Diff32(ip.Src(), from) + wire.Diff32(ip.Dst(), to)
	ip.SetSrc(from)
	ip.SetDst(to)
	ip.UpdateChecksum(outer + ip.Decrement())

	d := wire.Diff32(quote.Src(), to) + wire.Diff32(quote.Dst(), from)
	quote.SetSrc(to)
	quote.SetDst(from)
	d += updateQuote(quote, d)
	m.UpdateChecksum(d + setPorts(quote.Payload(), dst.Port, src.Port) + unshift(quote.Payload(), quote.Protocol(), s))
	return true
}

// FullNATError6 is FullNATError for an ICMPv6 error.
func FullNATError6(ip wire.IPv6, u wire.Upper, src, dst End, s *sequence.Shift) bool {
	m, quote, _, ok := parseError6(ip, u)
	if !ok {
		return false
	}
	about, _ := quote.Upper() // parseError6 has looked
	d := wire.DiffAddr(ip.Src(), src.Addr) + wire.DiffAddr(ip.Dst(), dst.Addr)
	ip.SetSrc(src.Addr)
	ip.SetDst(dst.Addr)
	ip.Decrement()
	d += wire.DiffAddr(quote.Src(), dst.Addr) + wire.DiffAddr(quote.Dst(), src.Addr)
	quote.SetSrc(dst.Addr)
	quote.SetDst(src.Addr)
	quoted := about.Payload(quote)
	m.UpdateChecksum(d + setPorts(quoted, dst.Port, src.Port) + unshift(quoted, about.Protocol, s))
	return true
}

// unshift makes the sequence number in a quoted transport header the one that its sender knows, who looks whether it is one of his.
func unshift(quoted []byte, proto uint8, s *sequence.Shift) wire.Diff {
	const at = 4
	if s == nil || proto != flow.TCP || len(quoted) < at+4 {
		return 0
	}
	old := binary.BigEndian.Uint32(quoted[at:])
	binary.BigEndian.PutUint32(quoted[at:], s.Ack(old))
	return wire.Diff32(old, s.Ack(old))
}
