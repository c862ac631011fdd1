package lcore

import (
	"math/bits"

	"cleat/lcore/address"
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/wire"
)

// parse finds the flow key of TCP, UDP and SCTP packets and judges all others. Of plain packets it finds what find looks them up under; whether their addresses are
// possible is seen when no connection has them.
func (w *Worker) parse() {
	in := &w.in
	for i := 0; i < in.N; i += ahead {
		end := min(i+ahead, in.N)
		w.parsePlain(i, end)
		w.conns.Near(in.hash[i:end], in.bucket[i:end])
	}
	for rest := in.all() &^ in.plain; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros32(rest)
		in.verdict[i] = w.parseFrame(i)
	}
	if w.tables.Probes != nil {
		w.probe()
	}
}

// ahead is for how many packets at a time memory is asked while others are worked at.
const ahead = 8

// parsePlain is parse for the plain ones of the packets from first up to end. It calls nothing, so that what the loop has in registers stays there.
func (w *Worker) parsePlain(first, end int) {
	in, ports, addresses, seed := &w.in, w.tables.Hops.Ports(), w.tables.Addresses, w.Seed
	to, port, plain := ports[0].Number(), uint16(0), in.plain
	for i := first; i < min(end, burst.Size); i++ {
		p := &in.packet[i]
		if len(p.Data) < wire.PlainLen {
			continue
		}
		if p.Port != port {
			port = p.Port
			to = ports[port].Number()
		}
		frame := wire.AsPlain(p.Data)
		n := frame.Len()
		if frame.Strange(to) != 0 || n > len(p.Data) || !frame.Fits(n) || p.Flags&burst.IPCsumGood == 0 && !frame.ChecksumOK() ||
			p.Flags&burst.VLANStripped != 0 || p.Segments != 1 || in.errand[i] >= deciding {
			continue
		}
		p.Data, p.Len = p.Data[:n], uint32(n) // off with the link's padding
		client, port := frame.Src(), frame.SrcPort()
		output := addresses.MayServe(client)
		if output {
			client, port = frame.Dst(), frame.DstPort()
		}
		in.output[i], in.hash[i] = output, flow.Hash(flow.V4(client), port, frame.Protocol(), seed)
		plain |= 1 << i
	}
	in.plain = plain
}

// readPlain reads of plain packet i what those that are not plain have in columns.
func (w *Worker) readPlain(i int) {
	in := &w.in
	frame := wire.AsPlain(in.packet[i].Data)
	k := &in.key[i] // field by field: to copy a Key just written is slow
	k.Src, k.Dst = flow.V4(frame.Src()), flow.V4(frame.Dst())
	k.SrcPort, k.DstPort, k.Proto = frame.SrcPort(), frame.DstPort(), frame.Protocol()
	in.flags[i], in.ip[i] = frame.Flags(), in.packet[i].Data[l3:]
}

func (w *Worker) parseFrame(i int) Verdict {
	p := &w.in.packet[i]
	eth, ok := wire.ParseEthernet(p.Data)
	if !ok {
		return DropFrame
	}
	if p.Flags&burst.VLANStripped != 0 && p.VLAN&0xfff != 0 { // priority tags (VLAN 0) aside, another network's
		return DropEtherType
	}
	to := eth.Dst()
	group := to.IsMulticast()
	if !group && to != w.tables.Hops.Ports()[p.Port].MAC {
		return DropOtherHost
	}
	switch eth.Type() {
	case wire.TypeIPv4:
		if group {
			return DropBroadcast
		}
		return w.parseIPv4(i, p)
	case wire.TypeIPv6:
		return w.parseIPv6(i, p, group)
	case wire.TypeARP:
		return w.parseARP(p.Port, eth)
	}
	return DropEtherType
}

// parseARP answers questions for our addresses, and lets management hear the answers to ours and what a known neighbour says when its
// MAC address has changed.
func (w *Worker) parseARP(port uint16, eth wire.Ethernet) Verdict {
	arp, ok := wire.ParseARP(eth.Payload())
	if !ok {
		return DropFrame
	}
	if arp.Sender().IsMulticast() { // RFC 1812 3.3.2: no host is there
		return DropSource
	}
	target := flow.V4(arp.TargetIP())
	ours := w.tables.Addresses.Kind(target)&(address.Own|address.VIP) != 0
	switch {
	case ours && arp.Op() == wire.ARPRequest:
		return AnswerARP
	case ours && arp.Op() == wire.ARPReply || w.hasMoved(port, flow.V4(arp.SenderIP()), arp.Sender()):
		return Punted
	}
	return DropOtherHost
}

// hasMoved reports whether a neighbour that we know says that it has another MAC address now.
func (w *Worker) hasMoved(port uint16, sender flow.Addr, mac wire.MAC) bool {
	hop, result := w.tables.Hops.Lookup(sender)
	return result == nexthop.Found && hop.Addr == sender && hop.Port == port && hop.MAC != mac
}

func (w *Worker) parseIPv4(i int, p *burst.Packet) Verdict {
	ip, ok := wire.ParseIPv4(p.Data[wire.EthernetLen:], int(p.Len)-wire.EthernetLen)
	if !ok {
		return DropIPHeader
	}
	if p.Flags&burst.IPCsumGood == 0 && !ip.ChecksumOK() {
		return DropIPChecksum
	}
	if p.Segments == 1 { // off with the link's padding
		p.Trim(wire.EthernetLen + ip.TotalLen())
	}
	in := &w.in
	in.ip[i] = ip
	k := &in.key[i]
	*k = flow.Key{Src: flow.V4(ip.Src()), Dst: flow.V4(ip.Dst()), Proto: ip.Protocol()}
	switch v := w.judgeAddresses(i); {
	case v != pending:
		return v
	case ip.IsFragment():
		return w.parsePart(i, ip, k)
	}
	return w.parseTransport(i, ip, k)
}

// judgeAddresses finds what the addresses of packet i, of IPv4, are, and judges those that no packet may have.
func (w *Worker) judgeAddresses(i int) Verdict {
	in := &w.in
	k := &in.key[i]
	in.src[i] = w.tables.Addresses.Kind(k.Src)
	in.dst[i] = w.tables.Addresses.Kind(k.Dst)
	switch {
	case impossibleSource(k.Src.Uint32()) || in.src[i]&(address.Own|address.VIP) != 0:
		return DropSource
	case k.Dst.Uint32() >= 0xe0000000 || in.dst[i]&address.Broadcast != 0: // 224.0.0.0 and above
		return DropBroadcast
	}
	return pending
}

// impossibleSource: 0.0.0.0/8, 127.0.0.0/8, multicast and above (RFC 1122 3.2.1.3).
func impossibleSource(a uint32) bool { return a>>24 == 0 || a>>24 == 127 || a >= 0xe0000000 }

func (w *Worker) parseTransport(i int, ip wire.IPv4, k *flow.Key) Verdict {
	if k.Proto == flow.TCP || k.Proto == flow.UDP {
		return w.parsePorts(i, ip.Payload(), k)
	}
	ours := w.in.dst[i]&(address.Own|address.VIP) != 0
	switch {
	case k.Proto == flow.SCTP:
		return w.parseSCTP(i, ip.Payload(), ip.Whole(), k)
	case k.Proto == flow.ICMP:
		return w.parseICMP(i, ip, ours)
	case flow.IsIPsec(k.Proto):
		return w.parseIPsec(i, k)
	case ours:
		return DropProtocol
	}
	return Route
}

// parsePorts completes the key of a TCP or UDP packet, whose transport header is at the beginning of b.
func (w *Worker) parsePorts(i int, b []byte, k *flow.Key) Verdict {
	if k.Proto == flow.TCP {
		tcp, ok := wire.ParseTCP(b)
		if !ok {
			return DropTransportHeader
		}
		k.SrcPort, k.DstPort = tcp.SrcPort(), tcp.DstPort()
		w.in.flags[i] = tcp.Flags()
		return pending
	}
	udp, ok := wire.ParseUDP(b)
	if !ok {
		return DropTransportHeader
	}
	k.SrcPort, k.DstPort = udp.SrcPort(), udp.DstPort()
	return pending
}

func (w *Worker) parseICMP(i int, ip wire.IPv4, ours bool) Verdict {
	icmp, ok := wire.ParseICMP(ip.Payload())
	switch {
	case !ok && ours:
		return DropTransportHeader
	case ok && translated(icmp) && ip.Whole() && wire.Checksum(icmp, 0) != 0:
		return DropICMP // C7.3
	case ok && translated(icmp) && w.parseQuote(i, icmp):
		return pending
	case !ours:
		return Route
	case icmp.Type() == wire.EchoRequest:
		return AnswerEcho
	}
	return DropICMP
}

// translated are the ICMP errors that go with a connection (C7.1). A redirect, above all, does not: it is for us, if for anybody.
func translated(m wire.ICMP) bool {
	switch m.Type() {
	case wire.Unreachable, wire.SourceQuench, wire.TimeExceeded:
		return true
	}
	return false
}
