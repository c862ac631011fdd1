package rewrite

import (
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// NATErrorIn6 is NATErrorIn for an ICMPv6 error, whose checksum takes the outer addresses in.
func NATErrorIn6(ip wire.IPv6, u wire.Upper, rs flow.Addr, port uint16) bool {
	m, quote, ports, ok := parseError6(ip, u)
	if !ok {
		return false
	}
	d := wire.DiffAddr(ip.Dst(), rs) + wire.DiffAddr(quote.Src(), rs)
	ip.SetDst(rs)
	ip.Decrement()
	quote.SetSrc(rs)
	if ports != nil {
		d += wire.Diff16(ports.Src(), port)
		ports.SetSrc(port)
	}
	m.UpdateChecksum(d)
	return true
}

// NATErrorOut6 is NATErrorOut for an ICMPv6 error.
func NATErrorOut6(ip wire.IPv6, u wire.Upper, vip flow.Addr, port uint16) bool {
	m, quote, ports, ok := parseError6(ip, u)
	if !ok {
		return false
	}
	d := wire.DiffAddr(ip.Src(), vip) + wire.DiffAddr(quote.Dst(), vip)
	ip.SetSrc(vip)
	ip.Decrement()
	quote.SetDst(vip)
	if ports != nil {
		d += wire.Diff16(ports.Dst(), port)
		ports.SetDst(port)
	}
	m.UpdateChecksum(d)
	return true
}

// parseError6 returns the parts of an ICMPv6 error.
func parseError6(ip wire.IPv6, u wire.Upper) (m wire.ICMP, quote wire.IPv6, ports wire.Ports, ok bool) {
	if m, ok = wire.ParseICMP(u.Payload(ip)); !ok || !m.IsError6() {
		return nil, nil, nil, false
	}
	if quote, ok = wire.ParseQuotedIPv6(m.Payload()); !ok {
		return nil, nil, nil, false
	}
	about, ok := quote.Upper()
	if !ok || about.Later { // C7.2
		return nil, nil, nil, false
	}
	ports, ok = parsePorts(about.Protocol, about.Payload(quote))
	return m, quote, ports, ok
}
