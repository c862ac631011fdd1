package lcore

import (
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// quoted is the packet that an ICMP error is about, as far as the error quotes it.
type quoted struct {
	src, dst flow.Addr
	proto    uint8
	body     []byte // what follows its IP headers
	at       int    // of body, from the first byte of the quote on
}

// parseQuoted returns the packet that is quoted in b. Only that of one which is whole, or a first fragment, names its flow (connections.md C7.2).
func parseQuoted(b []byte) (q quoted, ok bool) {
	if ip, ok := wire.ParseQuotedIPv6(b); ok {
		u, ok := ip.Upper()
		return quoted{ip.Src(), ip.Dst(), u.Protocol, u.Payload(ip), int(u.Offset)}, ok && !u.Later && ip.Src().IsHost6() && ip.Dst().IsHost6()
	}
	ip, ok := wire.ParseQuotedIPv4(b)
	if !ok || ip.FragmentOffset() != 0 {
		return quoted{}, false
	}
	return quoted{flow.V4(ip.Src()), flow.V4(ip.Dst()), ip.Protocol(), ip.Payload(), ip.HeaderLen()}, true
}

// parseQuote gives an ICMP error the key of an answer to the packet that it is about (C7): so it is steered to, and found with, the connection of that
// packet. An error goes to the sender of what it is about, or it is about nothing.
func (w *Worker) parseQuote(i int, m wire.ICMP) bool {
	q, ok := parseQuoted(m.Payload())
	return ok && q.src == w.in.key[i].Dst && (w.parseTunnelError(i, &q) || w.relate(i, &q))
}

// relate makes ICMP error i one about the flow of packet q, and reports whether q names it.
func (w *Worker) relate(i int, q *quoted) bool {
	in := &w.in
	k := flow.Key{Src: q.dst, Dst: q.src, Proto: q.proto}
	ports, ok := wire.ParsePorts(q.body)
	switch {
	case flow.IsIPsec(q.proto):
		w.parseIPsec(i, &k)
	case !ok || !flow.HasPorts(q.proto):
		return false
	default:
		k.SrcPort, k.DstPort = ports.Dst(), ports.Src()
	}
	in.related[i], in.key[i] = true, k
	in.src[i] = w.tables.Addresses.Kind(k.Src)
	return true
}
