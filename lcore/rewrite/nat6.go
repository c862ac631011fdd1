package rewrite

import (
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// Forward6 makes an IPv6 packet one hop older.
func Forward6(ip wire.IPv6) { ip.Decrement() }

// NATIn6 is NATIn for IPv6 (F2.6), whose header has no checksum; u says where the transport header is.
func NATIn6(ip wire.IPv6, u wire.Upper, rs flow.Addr, port uint16) {
	d := wire.DiffAddr(ip.Dst(), rs)
	ip.SetDst(rs)
	ip.Decrement()
	if u.Later {
		return
	}
	ports := wire.Ports(u.Payload(ip))
	switch u.Protocol {
	case flow.SCTP:
		setSCTPPorts(u.Payload(ip), ports.Src(), port)
		return
	case flow.ESP, flow.AH: // C5.3
		return
	}
	d += wire.Diff16(ports.Dst(), port)
	ports.SetDst(port)
	updateTransport6(ip, u, d)
}

// NATOut6 is NATOut for IPv6.
func NATOut6(ip wire.IPv6, u wire.Upper, vip flow.Addr, port uint16) {
	d := wire.DiffAddr(ip.Src(), vip)
	ip.SetSrc(vip)
	ip.Decrement()
	if u.Later {
		return
	}
	ports := wire.Ports(u.Payload(ip))
	switch u.Protocol {
	case flow.SCTP:
		setSCTPPorts(u.Payload(ip), port, ports.Dst())
		return
	case flow.ESP, flow.AH: // C5.3
		return
	}
	d += wire.Diff16(ports.Src(), port)
	ports.SetSrc(port)
	updateTransport6(ip, u, d)
}

func updateTransport6(ip wire.IPv6, u wire.Upper, d wire.Diff) {
	switch u.Protocol {
	case flow.TCP:
		wire.TCP(u.Payload(ip)).UpdateChecksum(d)
	case flow.UDP:
		udp := wire.UDP(u.Payload(ip))
		switch {
		case udp.Checksum() != 0:
			udp.UpdateChecksum(d)
		case udp.Whole(): // F1.8, though IPv6 hosts refuse such a datagram (RFC 8200 8.1)
			udp.ComputeChecksum(wire.PseudoIPv6(ip.Src(), ip.Dst(), flow.UDP, udp.Len()))
		}
	}
}
