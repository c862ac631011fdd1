// Package host is what generator and reflector are to the others on their link: they answer ARP, neighbour solicitations and echo requests for the
// addresses that they play, and find out the link address of their next hop.
package host

import (
	"time"

	"cleat/lcore/answer"
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// Owner returns the link address of an address that is played here; false: it is not.
type Owner func(flow.Addr) (wire.MAC, bool)

// Answer turns a question for an address that is played here, of ARP, neighbour discovery or echo, into its answer, to be sent where
// it came from. It reports false for everything else, which stays as it is.
func Answer(p *burst.Packet, own Owner) bool {
	target, ok := asked(p)
	if !ok {
		return false
	}
	mac, ok := own(target)
	if !ok {
		return false
	}
	switch wire.Ethernet(p.Data).Type() {
	case wire.TypeARP:
		return answer.ARP(p, wire.EthernetLen, mac)
	case wire.TypeIPv4:
		return answer.Echo(p, wire.EthernetLen, mac)
	}
	return answer.Neighbor(p, wire.EthernetLen, mac) || answer.Echo6(p, wire.EthernetLen, mac)
}

// asked returns which address a frame asks for, or speaks to.
func asked(p *burst.Packet) (flow.Addr, bool) {
	eth, ok := wire.ParseEthernet(p.Data)
	if !ok {
		return flow.Addr{}, false
	}
	size := int(p.Len) - wire.EthernetLen
	switch eth.Type() {
	case wire.TypeARP:
		a, ok := wire.ParseARP(eth.Payload())
		if !ok {
			return flow.Addr{}, false
		}
		return flow.V4(a.TargetIP()), true
	case wire.TypeIPv4:
		ip, ok := wire.ParseIPv4(eth.Payload(), size)
		if !ok {
			return flow.Addr{}, false
		}
		return flow.V4(ip.Dst()), true
	case wire.TypeIPv6:
		ip, ok := wire.ParseIPv6(eth.Payload(), size)
		if !ok {
			return flow.Addr{}, false
		}
		if n, ok := neighbor(ip); ok {
			return n.Target(), true
		}
		return ip.Dst(), true
	}
	return flow.Addr{}, false
}

func neighbor(ip wire.IPv6) (wire.Neighbor, bool) {
	u, ok := ip.Upper()
	if !ok {
		return nil, false
	}
	return wire.ParseNeighbor(ip, u)
}

// Interval is how long an answer about a next hop is waited for before it is asked again.
const Interval = 100 * time.Millisecond

// Next is a next hop. One whose MAC is set from the beginning is never asked.
type Next struct {
	Own   wire.MAC  // who asks
	From  flow.Addr // its address
	To    flow.Addr // the next hop's
	MAC   wire.MAC  // zero: not known yet
	asked time.Duration
	ever  bool
}

// Known reports whether the next hop's link address is known.
func (n *Next) Known() bool { return n.MAC != wire.MAC{} }

// Due reports whether a question for the next hop is.
func (n *Next) Due(now time.Duration) bool { return !n.Known() && (!n.ever || now-n.asked >= Interval) }

// Ask writes a question for the next hop into an empty packet.
func (n *Next) Ask(p *burst.Packet, now time.Duration) {
	n.asked, n.ever = now, true
	if n.To.Is4() {
		p.Data = answer.AppendARPRequest(p.Data[:0], n.Own, n.From.Uint32(), wire.Broadcast, n.To.Uint32())
	} else {
		p.Data = answer.AppendSolicitation(p.Data[:0], n.Own, n.From, wire.MAC{}, n.To)
	}
	p.Len = uint32(len(p.Data))
}

// Learn takes the next hop's link address from an answer about it, and reports whether the frame was one.
func (n *Next) Learn(p *burst.Packet) bool {
	eth, ok := wire.ParseEthernet(p.Data)
	if !ok {
		return false
	}
	switch eth.Type() {
	case wire.TypeARP:
		a, ok := wire.ParseARP(eth.Payload())
		if !ok || a.Op() != wire.ARPReply || flow.V4(a.SenderIP()) != n.To {
			return false
		}
		n.MAC = a.Sender()
		return true
	case wire.TypeIPv6:
		ip, ok := wire.ParseIPv6(eth.Payload(), int(p.Len)-wire.EthernetLen)
		if !ok {
			return false
		}
		m, ok := neighbor(ip)
		if !ok || !m.Advertisement() || m.Target() != n.To {
			return false
		}
		if mac, ok := m.Link(); ok {
			n.MAC = mac
		}
		return true
	}
	return false
}
