package rewrite

import (
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// NATIn makes a TCP, UDP, SCTP, AH or ESP packet from a client to a virtual service one to the real server rs at port
// (F2). Of a later fragment, and of AH and ESP (C5.3), which have no ports, it changes the address only.
func NATIn(ip wire.IPv4, rs uint32, port uint16) {
	d := wire.Diff32(ip.Dst(), rs)
	ip.SetDst(rs)
	ip.UpdateChecksum(d + ip.Decrement())
	if ip.FragmentOffset() != 0 {
		return
	}
	ports := wire.Ports(ip.Payload())
	switch ip.Protocol() {
	case flow.SCTP:
		setSCTPPorts(ip.Payload(), ports.Src(), port)
		return
	case flow.ESP, flow.AH: // C5.3
		return
	}
	d += wire.Diff16(ports.Dst(), port)
	ports.SetDst(port)
	updateTransport(ip, d)
}

// NATOut makes a TCP, UDP, SCTP, AH or ESP packet from a real server to a client one from the virtual service vip at
// port (F2). Of a later fragment, and of AH and ESP (C5.3), which have no ports, it changes the address only.
func NATOut(ip wire.IPv4, vip uint32, port uint16) {
	d := wire.Diff32(ip.Src(), vip)
	ip.SetSrc(vip)
	ip.UpdateChecksum(d + ip.Decrement())
	if ip.FragmentOffset() != 0 {
		return
	}
	ports := wire.Ports(ip.Payload())
	switch ip.Protocol() {
	case flow.SCTP:
		setSCTPPorts(ip.Payload(), port, ports.Dst())
		return
	case flow.ESP, flow.AH: // C5.3
		return
	}
	d += wire.Diff16(ports.Src(), port)
	ports.SetSrc(port)
	updateTransport(ip, d)
}

// updateTransport changes the checksum of the transport header by d: what became of the ports and of
// the addresses in the pseudo header.
func updateTransport(ip wire.IPv4, d wire.Diff) {
	switch ip.Protocol() {
	case flow.TCP:
		wire.TCP(ip.Payload()).UpdateChecksum(d)
	case flow.UDP:
		udp := wire.UDP(ip.Payload())
		switch {
		case udp.Checksum() != 0:
			udp.UpdateChecksum(d)
		case udp.Whole():
			// F1.8: without one the packet leaves with one. Where part of the datagram is in further
			// segments or fragments it stays without, which is as right as it was.
			udp.ComputeChecksum(wire.PseudoIPv4(ip.Src(), ip.Dst(), flow.UDP, udp.Len()))
		}
	}
}
