package lcore

import (
	"encoding/binary"

	"cleat/lcore/burst"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

// stripped is a SYN whose tag the port took off, as a NIC may do.
func stripped(tci uint16) act {
	return func(r *rig) {
		r.ports[outside].OnReceive = func(p *burst.Packet) { p.Flags, p.VLAN = p.Flags|burst.VLANStripped, tci }
		in(outside, fromClient(alice, vip80, "S"))(r)
		r.turn()
		r.ports[outside].OnReceive = nil
	}
}

// refuseFixtures: what is malformed, impossible or not for us.
var refuseFixtures = []fixture{
	{"frames", with(kernel, web(0)), []step{
		{"shorter than an Ethernet header", in(outside, make([]byte, 13)), counted{DropFrame: 1}, nil},
		{"to another MAC address", in(outside, fromClient(alice, vip80, "S", lcoretest.Link(gatewayMAC, insideMAC))), counted{DropOtherHost: 1}, nil},
		{"with a VLAN tag", in(outside, fromClient(alice, vip80, "S", lcoretest.VLAN(5))), counted{DropEtherType: 1}, nil},
		{"with a VLAN tag that the port took off", stripped(5), counted{DropEtherType: 1}, nil},
		{"with a priority tag, which is of no other network", stripped(0xe000), counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok"}},
		{"neither ARP nor IP", in(outside, append(datagram(alice, vip80)[:12:12], make([]byte, 48)...)), counted{DropEtherType: 1}, nil},
		{"IPv4 to everybody on the link", in(outside, fromClient(alice, vip80, "S", lcoretest.Link(gatewayMAC, everybody))), counted{DropBroadcast: 1}, nil},
	}},
	{"IPv4", with(kernel, web(0)), []step{
		{"version 5", in(outside, header(fromClient(alice, vip80, "S"), 0, 0x55)), counted{DropIPHeader: 1}, nil},
		{"header of 16 bytes", in(outside, header(fromClient(alice, vip80, "S"), 0, 0x44)), counted{DropIPHeader: 1}, nil},
		{"longer than the frame", in(outside, header(fromClient(alice, vip80, "S"), 3, 47)), counted{DropIPHeader: 1}, nil},
		{"cut off in the header", in(outside, fromClient(alice, vip80, "S")[:33]), counted{DropIPHeader: 1}, nil},
		{"wrong checksum", in(outside, damaged(fromClient(alice, vip80, "S"), 24)), counted{DropIPChecksum: 1}, nil},
		{"a checksum that the port has verified is not looked at again", func(r *rig) {
			r.ports[outside].OnReceive = func(p *burst.Packet) { p.Flags |= burst.IPCsumGood }
			in(outside, damaged(fromClient(alice, vip80, "S"), 24))(r)
		}, counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum bad ip"}},
	}},
	{"sources that cannot be", with(kernel, web(0)), []step{
		{"none", in(outside, fromClient("0.0.0.1:1", vip80, "S")), counted{DropSource: 1}, nil},
		{"loopback", in(outside, fromClient("127.0.0.1:1", vip80, "S")), counted{DropSource: 1}, nil},
		{"a group", in(outside, fromClient("224.0.0.1:1", vip80, "S")), counted{DropSource: 1}, nil},
		{"everybody", in(outside, fromClient("255.255.255.255:1", vip80, "S")), counted{DropSource: 1}, nil},
		{"our own", in(outside, fromClient("10.9.0.1:1", vip80, "S")), counted{DropSource: 1}, nil},
		{"a VIP", in(outside, fromClient("10.0.0.1:1", vip80, "S")), counted{DropSource: 1}, nil},
	}},
	{"to many", with(kernel, web(0)), []step{
		{"a group", in(outside, datagram(alice, "224.0.0.18:9")), counted{DropBroadcast: 1}, nil},
		{"everybody", in(outside, datagram(alice, "255.255.255.255:67")), counted{DropBroadcast: 1}, nil},
		{"the subnet", in(inside, answered(1, "10.9.0.11:9", "10.8.0.255:9")), counted{DropBroadcast: 1}, nil},
	}},
	{"transport headers", with(kernel, web(0), resolver()), []step{
		{"C3.1: TCP of 19 bytes", in(outside, shortened(fromClient(alice, vip80, "S"), 39)), counted{DropTransportHeader: 1}, nil},
		{
			"TCP whose header is longer than the segment", in(outside, malformedTCP()),
			counted{DropTransportHeader: 1},
			nil,
		},
		{"UDP of 7 bytes", in(outside, shortened(datagram(alice, "10.0.0.1:53"), 27)), counted{DropTransportHeader: 1}, nil},
		{
			"ICMP of 7 bytes", in(outside, shortened(lcoretest.Echo(ip("172.16.0.1"), ip("10.0.0.1"), 1, 1, fromGateway), 27)),
			counted{DropTransportHeader: 1},
			nil,
		},
		{
			"a protocol that we do not speak", in(outside, ofProtocol(47, lcoretest.Echo(ip("172.16.0.1"), ip("10.0.0.1"), 1, 1, fromGateway))),
			counted{DropProtocol: 1},
			nil,
		},
	}},
}

// malformedTCP is a segment that says its header is 60 bytes long.
func malformedTCP() []byte {
	frame := fromClient(alice, vip80, "S")
	frame[wire.EthernetLen+20+12] = 0xf0
	return frame
}

// header returns a copy of an IPv4 frame with byte i of its IP header set to b, and the header checksum made right.
func header(frame []byte, i int, b byte) []byte {
	frame = append([]byte(nil), frame...)
	h := frame[wire.EthernetLen : wire.EthernetLen+20]
	h[i], h[10], h[11] = b, 0, 0
	sum := uint32(0)
	for j := 0; j < len(h); j += 2 {
		sum += uint32(binary.BigEndian.Uint16(h[j:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(h[10:], ^uint16(sum>>16+sum))
	return frame
}

// shortened returns an IPv4 frame as one whose packet has only n bytes; the padding of the link follows.
func shortened(frame []byte, n byte) []byte { return append(header(frame, 3, n), make([]byte, 20)...) }
