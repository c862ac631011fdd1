package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// parseIPv6 does for IPv6 what parseIPv4 and parseARP do. group says that the frame went to several hosts, of which only neighbour
// discovery is of interest.
func (w *Worker) parseIPv6(i int, p *burst.Packet, group bool) Verdict {
	ip, ok := wire.ParseIPv6(p.Data[wire.EthernetLen:], int(p.Len)-wire.EthernetLen)
	if !ok {
		return DropIPHeader
	}
	if p.Segments == 1 { // off with the link's padding
		p.Trim(wire.EthernetLen + ip.TotalLen())
	}
	u, ok := ip.Upper()
	in := &w.in
	in.ip[i], in.ip6[i], in.upper[i] = nil, ip, u
	k := &in.key[i]
	*k = flow.Key{Src: ip.Src(), Dst: ip.Dst(), Proto: u.Protocol}
	in.src[i], in.dst[i] = w.tables.Addresses.Kind(k.Src), w.tables.Addresses.Kind(k.Dst)
	if in.src[i]&(address.Own|address.VIP) != 0 {
		return DropSource
	}
	if ok && u.ICMPv6() && isNeighbor(u.Payload(ip)) {
		return w.parseNeighbor(i, p)
	}
	ours := in.dst[i]&(address.Own|address.VIP) != 0
	switch {
	case !k.Src.IsHost6(), k.Src.IsLinkLocal() && !(ours && k.Proto == flow.ICMPv6): // answers to a link-local address need no route, others do
		return DropSource
	case group || !k.Dst.IsHost6():
		return DropBroadcast
	case k.Dst.IsLinkLocal() && !ours: // RFC 4291 2.5.6: never from link to link
		return DropNoRoute
	}
	return w.parseUpper(i, ok, ours)
}

// parseUpper judges by what packet i carries; chain tells whether its extension headers could be followed.
func (w *Worker) parseUpper(i int, chain, ours bool) Verdict {
	in := &w.in
	ip, u, k := in.ip6[i], in.upper[i], &in.key[i]
	concerned := ours || (in.dst[i]|in.src[i])&address.Real != 0
	switch {
	case !chain && concerned || u.Underway && ours: // RFC 5095: to be a stop of somebody's route is refused
		return DropIPHeader
	case !chain:
		return Route
	case flow.IsIPsec(k.Proto):
		return w.parseIPsec(i, k)
	case u.IsFragment():
		if v := w.parsePart6(i, ip, u, k); v != pending || u.Later {
			return v
		}
	}
	switch {
	case k.Proto == flow.TCP || k.Proto == flow.UDP:
		return w.parsePorts(i, u.Payload(ip), k)
	case k.Proto == flow.SCTP:
		return w.parseSCTP(i, u.Payload(ip), ip.Whole(), k)
	case k.Proto == flow.ICMPv6:
		return w.parseICMPv6(i, ours)
	case ours:
		return DropProtocol
	}
	return Route
}

// parsePart6 is parsePart for IPv6, but for the transport header.
func (w *Worker) parsePart6(i int, ip wire.IPv6, u wire.Upper, k *flow.Key) Verdict {
	id, offset := u.Place(ip)
	p := part{id, uint16(offset), uint16(ip.TotalLen() - int(u.Fragment) - wire.FragmentIPv6Len), u.More, firstPart}
	if u.Later {
		p.kind = laterPart
	}
	w.in.part[i], w.in.parts = p, true
	return w.judgePart(i, &p, k)
}

func (w *Worker) parseICMPv6(i int, ours bool) Verdict {
	ip, u := w.in.ip6[i], w.in.upper[i]
	m, ok := wire.ParseICMP(u.Payload(ip))
	about := ok && m.IsError6() && u.Fragment == 0 // C7.7
	switch {
	case !ok && ours:
		return DropTransportHeader
	case about && ip.Whole() && wire.Checksum(m, u.Pseudo(ip)) != 0:
		return DropICMP // C7.3
	case about && w.parseQuote(i, m):
		return pending
	case !ours:
		return Route
	case m.Type() == wire.EchoRequest6:
		return AnswerEcho
	}
	return DropICMP
}

// isNeighbor reports whether an ICMPv6 message is a neighbour solicitation or advertisement.
func isNeighbor(m []byte) bool {
	return len(m) > 0 && (m[0] == wire.NeighborSolicitation || m[0] == wire.NeighborAdvertisement)
}

// parseNeighbor is parseARP for IPv6: questions for our addresses are answered; the answers to ours, and what a known neighbour says when its MAC
// address has changed, are management's.
func (w *Worker) parseNeighbor(i int, p *burst.Packet) Verdict {
	in := &w.in
	n, ok := wire.ParseNeighbor(in.ip6[i], in.upper[i])
	if !ok {
		return DropFrame
	}
	mac, told := n.Link()
	if told && mac.IsMulticast() || in.key[i].Src.IsMulticast() {
		return DropSource
	}
	ours := w.tables.Addresses.Kind(n.Target())&(address.Own|address.VIP) != 0
	switch {
	case ours && !n.Advertisement():
		return AnswerNeighbor
	case ours: // somebody says that he has an address of ours: we defend it when we are asked only
		return DropOtherHost
	case !n.Advertisement():
		if told && w.hasMoved(p.Port, in.key[i].Src, mac) {
			return Punted
		}
	case n.Solicited() && in.dst[i]&(address.Own|address.VIP) != 0, told && n.Override() && w.hasMoved(p.Port, n.Target(), mac):
		return Punted
	}
	return DropOtherHost
}

// hearNeighbor tells management who sent a solicitation or advertisement, and reports whether it could.
func (w *Worker) hearNeighbor(i int) bool {
	in := &w.in
	p := &in.packet[i]
	n, _ := wire.ParseNeighbor(in.ip6[i], in.upper[i])
	mac, told := n.Link()
	if !told { // a neighbour that was asked at its link address need not repeat it (RFC 4861 4.4)
		mac = wire.Ethernet(p.Data).Src()
	}
	who := in.key[i].Src
	if n.Advertisement() {
		who = n.Target()
	}
	return w.mail.news.Push(&Neighbor{Port: p.Port, Reply: n.Advertisement(), Addr: who, MAC: mac})
}
