package rewrite

import (
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// NATErrorIn makes an ICMP error to a virtual service, about a packet that one of its real servers
// sent as NATOut made it, one to that real server, rs at port (C7.3). It reports whether the error quotes
// addresses and ports; if not, nothing is changed.
func NATErrorIn(ip wire.IPv4, rs uint32, port uint16) bool {
	m, quote, ports, ok := parseError(ip)
	if !ok {
		return false
	}
	outer := wire.Diff32(ip.Dst(), rs)
	ip.SetDst(rs)
	ip.UpdateChecksum(outer + ip.Decrement())

	address := wire.Diff32(quote.Src(), rs)
	quote.SetSrc(rs)
	d := address + updateQuote(quote, address)
	if ports != nil {
		d += wire.Diff16(ports.Src(), port)
		ports.SetSrc(port)
	}
	m.UpdateChecksum(d)
	return true
}

// NATErrorOut makes an ICMP error about a packet that NATIn sent to a real server, one from the virtual
// service vip at port to the client (C7.4). It reports whether the error quotes addresses and ports; if not,
// nothing is changed.
func NATErrorOut(ip wire.IPv4, vip uint32, port uint16) bool {
	m, quote, ports, ok := parseError(ip)
	if !ok {
		return false
	}
	outer := wire.Diff32(ip.Src(), vip)
	ip.SetSrc(vip)
	ip.UpdateChecksum(outer + ip.Decrement())

	address := wire.Diff32(quote.Dst(), vip)
	quote.SetDst(vip)
	d := address + updateQuote(quote, address)
	if ports != nil {
		d += wire.Diff16(ports.Dst(), port)
		ports.SetDst(port)
	}
	m.UpdateChecksum(d)
	return true
}

// parseError returns the parts of an ICMP error. C7.2: a later fragment is of no use.
func parseError(ip wire.IPv4) (m wire.ICMP, quote wire.IPv4, ports wire.Ports, ok bool) {
	if m, ok = wire.ParseICMP(ip.Payload()); !ok || !m.IsError() {
		return nil, nil, nil, false
	}
	if quote, ok = wire.ParseQuotedIPv4(m.Payload()); !ok || quote.FragmentOffset() != 0 {
		return nil, nil, nil, false
	}
	ports, ok = parsePorts(quote.Protocol(), quote.Payload())
	return m, quote, ports, ok
}

// parsePorts returns the ports of a quoted packet; nil if its protocol has none.
func parsePorts(proto uint8, b []byte) (ports wire.Ports, ok bool) {
	if flow.IsIPsec(proto) {
		return nil, true
	}
	return wire.ParsePorts(b)
}

// updateQuote changes the header checksum of the quoted packet by d and returns by how much that changes the
// checksum of the message. The quoted transport checksum stays (C7.3): it may not even be there.
func updateQuote(quote wire.IPv4, d wire.Diff) wire.Diff {
	old := quote.Checksum()
	quote.UpdateChecksum(d)
	return wire.Diff16(old, quote.Checksum())
}
