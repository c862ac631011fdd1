// Package answer makes answers out of the very packets they answer: to an ARP request, an echo request,
// a stray segment, a packet that goes no further.
//
// Every function takes the packet as it was received, before any rewriting; l3, the offset of its
// network header in p.Data, wire.EthernetLen or more for tags; and own, the link address of the port. It
// reports whether there is an answer; if not, the packet is as it was. The answer goes back where the packet came
// from: through p.Port, to the sender's link address, under the same tag, which the port is asked to
// insert if it had stripped it. It is complete, its checksums included.
//
// Whether the packet is for this director, and whether the rate allows an answer, is the caller's to know.
package answer

import (
	"cleat/lcore/burst"
	"cleat/lcore/wire"
)

// ttl is the number of hops that answers may take (IANA's default TTL).
const ttl = 64

// turn sends p back where it came from.
func turn(p *burst.Packet, own wire.MAC) {
	eth := wire.Ethernet(p.Data)
	eth.SetDst(eth.Src())
	eth.SetSrc(own)
	stripped := p.Flags&burst.VLANStripped != 0
	p.Flags = 0
	if stripped {
		p.Flags = burst.VLANInsert
	}
}

// parse returns the IPv4 packet in p if it may be answered at all: it comes from one host and was sent to one, by
// its IP addresses and by its link addresses (RFC 1122 3.2.2). A broadcast to a subnet shows in the
// link address only.
func parse(p *burst.Packet, l3 int) (wire.IPv4, bool) {
	ip, ok := wire.ParseIPv4(p.Data[l3:], int(p.Len)-l3)
	if !ok || !oneHost(ip.Src()) || !oneHost(ip.Dst()) {
		return nil, false
	}
	eth := wire.Ethernet(p.Data)
	return ip, !eth.Src().IsMulticast() && !eth.Dst().IsMulticast()
}

// oneHost reports whether a can be the address of one host on a network: not in 0/8, not in 127/8, no
// group, none that is reserved.
func oneHost(a uint32) bool {
	net := a >> 24
	return net != 0 && net != 127 && net < 224
}
