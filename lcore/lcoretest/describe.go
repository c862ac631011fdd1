package lcoretest

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Describe says in one line what an IPv4, IPv6 or ARP frame is, all its checksums verified, for example
//
//	10.8.0.2 > 10.0.0.1 tcp 20001>80 S seq 1 ttl 64 csum ok
//	10.8.0.2 > 10.0.0.1 udp 20001>53 len 12 ttl 64 csum none
//	10.0.0.1 > 10.8.0.2 icmp 3/4 mtu 1400 (10.8.0.2 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok
//	arp who has 10.0.0.1 tell 10.8.0.2 at 02:00:00:00:00:01
//	fd16::1 > ff02::1:ff00:1 who has fd00::1, from 02:00:00:00:00:01 ttl 255 csum ok
//
//	10.9.0.1 > 10.9.0.11 ipip [10.8.0.2 > 10.0.0.1 tcp 20001>80 S seq 1 ttl 63 csum ok] ttl 63 df csum ok
//
// Of TCP's options those follow that the data path may change, for example "mss 1460"; len is that of the payload and left out for none; "csum bad ip tcp" names those that are wrong. What cannot be decoded
// is described as "malformed: " and why. A tag is not described: see DescribeLink.
func Describe(frame []byte) string {
	if line := describeTunnel(frame); line != "" {
		return line
	}
	packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	if eth, ok := packet.LinkLayer().(*layers.Ethernet); ok && eth.EthernetType == layers.EthernetTypeIPv6 {
		return describe6(eth.Payload)
	}
	if why := malformed(packet); why != "" {
		return "malformed: " + why
	}
	if arp, ok := packet.Layer(layers.LayerTypeARP).(*layers.ARP); ok {
		return describeARP(arp)
	}
	ip, ok := packet.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	if !ok {
		return fmt.Sprintf("%d bytes of %s", len(frame), packet.LinkLayer().(*layers.Ethernet).EthernetType)
	}
	line := fmt.Sprintf("%s > %s %s ttl %d", ip.SrcIP, ip.DstIP, describeTransport(packet, ip), ip.TTL)
	return line + " csum " + describeChecksums(packet)
}

// malformed returns why packet cannot be decoded up to its transport header, or "". What is wrong above that, for
// example in a payload on port 53 that is no DNS, is not the data path's.
func malformed(packet gopacket.Packet) string {
	if ip, ok := packet.NetworkLayer().(*layers.IPv4); ok && int(ip.Length) > len(ip.Contents)+len(ip.Payload) {
		return "truncated"
	}
	failure := packet.ErrorLayer()
	if failure == nil || packet.TransportLayer() != nil {
		return ""
	}
	return failure.Error().Error()
}

// DescribeLink says whose frame it is: "02:00:00:00:00:01 > 02:00:00:00:00:02", and " vlan 7" for every tag.
func DescribeLink(frame []byte) string {
	packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	eth, ok := packet.LinkLayer().(*layers.Ethernet)
	if !ok {
		return "malformed"
	}
	line := fmt.Sprintf("%s > %s", eth.SrcMAC, eth.DstMAC)
	for _, layer := range packet.Layers() {
		if tag, ok := layer.(*layers.Dot1Q); ok {
			line += fmt.Sprintf(" vlan %d", tag.VLANIdentifier)
		}
	}
	return line
}

func describeARP(arp *layers.ARP) string {
	sender, senderIP, targetIP := net.HardwareAddr(arp.SourceHwAddress), net.IP(arp.SourceProtAddress), net.IP(arp.DstProtAddress)
	if arp.Operation == layers.ARPRequest {
		return fmt.Sprintf("arp who has %s tell %s at %s", targetIP, senderIP, sender)
	}
	return fmt.Sprintf("arp %s is at %s, to %s at %s", senderIP, sender, targetIP, net.HardwareAddr(arp.DstHwAddress))
}

func describeTransport(packet gopacket.Packet, ip *layers.IPv4) string {
	if ip.FragOffset != 0 || ip.Flags&layers.IPv4MoreFragments != 0 {
		return fmt.Sprintf("%s fragment %d+%d of %d", strings.ToLower(ip.Protocol.String()), int(ip.FragOffset)*8, len(ip.Payload), ip.Id)
	}
	if tcp, ok := packet.Layer(layers.LayerTypeTCP).(*layers.TCP); ok {
		return describeTCP(tcp)
	}
	if udp, ok := packet.Layer(layers.LayerTypeUDP).(*layers.UDP); ok {
		return fmt.Sprintf("udp %d>%d%s", udp.SrcPort, udp.DstPort, length(udp.Payload))
	}
	if sctp, ok := packet.Layer(layers.LayerTypeSCTP).(*layers.SCTP); ok {
		return describeSCTP(sctp)
	}
	if icmp, ok := packet.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok {
		return describeICMP(icmp)
	}
	return fmt.Sprintf("%s%s", strings.ToLower(ip.Protocol.String()), length(ip.Payload))
}

// describeSCTP names the first chunk, if there is one.
func describeSCTP(sctp *layers.SCTP) string {
	line := fmt.Sprintf("sctp %d>%d", sctp.SrcPort, sctp.DstPort)
	if len(sctp.Payload) == 0 {
		return line
	}
	return fmt.Sprintf("%s chunk %d%s", line, sctp.Payload[0], length(sctp.Payload))
}

func describeTCP(tcp *layers.TCP) string {
	flags := ""
	for _, f := range []struct {
		set    bool
		letter string
	}{{tcp.SYN, "S"}, {tcp.FIN, "F"}, {tcp.RST, "R"}, {tcp.PSH, "P"}, {tcp.ACK, "A"}, {tcp.URG, "U"}} {
		if f.set {
			flags += f.letter
		}
	}
	line := fmt.Sprintf("tcp %d>%d %s seq %d", tcp.SrcPort, tcp.DstPort, flags, tcp.Seq)
	if tcp.ACK {
		line += fmt.Sprintf(" ack %d", tcp.Ack)
	}
	return line + describeOptions(tcp.Options) + length(tcp.Payload)
}

// describeOptions describes those options that the data path may change: "mss 1460", "sack 202-302", "ts 7", "toa 172.16.0.1:20001".
func describeOptions(options []layers.TCPOption) (line string) {
	for _, o := range options {
		d := o.OptionData
		switch {
		case o.OptionType == layers.TCPOptionKindMSS && len(d) == 2:
			line += fmt.Sprintf(" mss %d", binary.BigEndian.Uint16(d))
		case o.OptionType == layers.TCPOptionKindTimestamps && len(d) == 8:
			line += fmt.Sprintf(" ts %d", binary.BigEndian.Uint32(d))
		case o.OptionType == 254 && len(d) > 2:
			if a, ok := netip.AddrFromSlice(d[2:]); ok {
				line += fmt.Sprintf(" toa %v", netip.AddrPortFrom(a, binary.BigEndian.Uint16(d)))
			}
		}
		for ; o.OptionType == layers.TCPOptionKindSACK && len(d) >= 8; d = d[8:] {
			line += fmt.Sprintf(" sack %d-%d", binary.BigEndian.Uint32(d), binary.BigEndian.Uint32(d[4:]))
		}
	}
	return line
}

func describeICMP(icmp *layers.ICMPv4) string {
	typ, code := icmp.TypeCode.Type(), icmp.TypeCode.Code()
	switch typ {
	case layers.ICMPv4TypeEchoRequest:
		return fmt.Sprintf("icmp echo request %d seq %d%s", icmp.Id, icmp.Seq, length(icmp.Payload))
	case layers.ICMPv4TypeEchoReply:
		return fmt.Sprintf("icmp echo reply %d seq %d%s", icmp.Id, icmp.Seq, length(icmp.Payload))
	}
	line := fmt.Sprintf("icmp %d/%d", typ, code)
	if typ == layers.ICMPv4TypeDestinationUnreachable && code == layers.ICMPv4CodeFragmentationNeeded {
		line += fmt.Sprintf(" mtu %d", icmp.Seq)
	}
	return line + describeQuote(icmp.Payload)
}

// describeQuote describes the packet, cut off somewhere, that an ICMP error is about. Of its
// checksums only that of the IP header can be verified.
func describeQuote(quote []byte) string {
	ip := &layers.IPv4{}
	if ip.DecodeFromBytes(quote, gopacket.NilDecodeFeedback) != nil {
		return ""
	}
	line := fmt.Sprintf(" (%s > %s %s", ip.SrcIP, ip.DstIP, strings.ToLower(ip.Protocol.String()))
	if len(ip.Payload) >= 4 && ip.Protocol != layers.IPProtocolICMPv4 {
		line += fmt.Sprintf(" %d>%d", binary.BigEndian.Uint16(ip.Payload), binary.BigEndian.Uint16(ip.Payload[2:]))
	}
	if !valid(ip) {
		return line + " csum bad)"
	}
	return line + " csum ok)"
}

// describeChecksums returns "ok", "none" for a UDP datagram without one, or "bad" and the names of those that are wrong.
func describeChecksums(packet gopacket.Packet) string {
	bad, none := "", false
	for _, layer := range packet.Layers() {
		switch transport := layer.(type) {
		case *layers.TCP:
			must(transport.SetNetworkLayerForChecksum(packet.NetworkLayer()))
		case *layers.UDP:
			must(transport.SetNetworkLayerForChecksum(packet.NetworkLayer()))
			none = transport.Checksum == 0
		}
		if sctp, ok := layer.(*layers.SCTP); ok && sctp.Checksum != sctpChecksum(sctp) {
			bad += " sctp"
		}
		if checked, ok := layer.(gopacket.LayerWithChecksum); ok && !valid(checked) {
			name, _, _ := strings.Cut(strings.ToLower(layer.LayerType().String()), "v4")
			bad += " " + name
		}
		if layer == packet.TransportLayer() {
			break // what a payload looks like by its port is not the data path's
		}
	}
	switch {
	case bad != "":
		return "bad" + bad
	case none:
		return "none"
	}
	return "ok"
}

// sctpChecksum is the one that a packet should have: gopacket computes it when it writes one, and reads it without a look.
func sctpChecksum(sctp *layers.SCTP) uint32 {
	written := serialize(&layers.SCTP{SrcPort: sctp.SrcPort, DstPort: sctp.DstPort, VerificationTag: sctp.VerificationTag}, gopacket.Payload(sctp.Payload))
	return binary.BigEndian.Uint32(written[8:])
}

func valid(layer gopacket.LayerWithChecksum) bool {
	err, result := layer.VerifyChecksum()
	return err == nil && result.Valid
}

func length(payload []byte) string {
	if len(payload) == 0 {
		return ""
	}
	return fmt.Sprintf(" len %d", len(payload))
}
