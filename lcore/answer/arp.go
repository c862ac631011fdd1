package answer

import (
	"cleat/lcore/burst"
	"cleat/lcore/wire"
)

// ARP answers an ARP request with own, whatever address it asks for (RFC 826).
func ARP(p *burst.Packet, l3 int, own wire.MAC) bool {
	a, ok := wire.ParseARP(p.Data[l3:])
	if !ok || a.Op() != wire.ARPRequest || a.Sender().IsMulticast() {
		return false
	}
	sender := a.Sender()
	a.Set(wire.ARPReply, own, a.TargetIP(), sender, a.SenderIP())
	p.Trim(min(len(p.Data), max(l3+wire.ARPLen, wire.EthernetMin)))
	turn(p, own)
	wire.Ethernet(p.Data).SetDst(sender)
	return true
}

// AppendARPRequest appends to b a frame that asks to for the link address of target. to is wire.Broadcast, or
// the address that target had last, to ask whether it is still there.
func AppendARPRequest(b []byte, own wire.MAC, from uint32, to wire.MAC, target uint32) []byte {
	at := len(b)
	b = append(b, make([]byte, wire.EthernetMin)...)
	eth := wire.Ethernet(b[at:])
	eth.SetDst(to)
	eth.SetSrc(own)
	eth.SetType(wire.TypeARP)
	wire.ARP(eth.Payload()).Set(wire.ARPRequest, own, from, wire.MAC{}, target)
	return b
}

// AppendARPAnnouncement appends to b a gratuitous ARP: a frame that tells everybody that addr is at
// own, in the form of a request, which is the one all hosts heed (RFC 5227 3).
func AppendARPAnnouncement(b []byte, own wire.MAC, addr uint32) []byte {
	return AppendARPRequest(b, own, addr, wire.Broadcast, addr)
}
