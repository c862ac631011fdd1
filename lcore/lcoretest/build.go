package lcoretest

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// MAC addresses that frames have unless Link says otherwise: from a client's side to the director.
var (
	ClientMAC   = [6]byte{0x02, 0, 0, 0, 0, 0x01}
	DirectorMAC = [6]byte{0x02, 0, 0, 0, 0, 0x02}
	RealMAC     = [6]byte{0x02, 0, 0, 0, 0, 0x03}
)

// headers is what an Option may change before a frame is put together.
type headers struct {
	eth        layers.Ethernet
	tags       []uint16
	ip4        layers.IPv4
	ip6        layers.IPv6
	tcp        layers.TCP
	extensions []uint8
	payload    []byte
	noUDPCheck bool
}

// Option changes one thing about a frame that is built.
type Option func(*headers)

// Link sets the link addresses.
func Link(src, dst [6]byte) Option {
	return func(h *headers) { h.eth.SrcMAC, h.eth.DstMAC = src[:], dst[:] }
}

// VLAN puts an 802.1Q tag in; the first one named is the outermost.
func VLAN(id uint16) Option { return func(h *headers) { h.tags = append(h.tags, id) } }

// TTL sets the TTL or hop limit, otherwise 64.
func TTL(n uint8) Option { return func(h *headers) { h.ip4.TTL, h.ip6.HopLimit = n, n } }

// TOS sets the type of service or traffic class.
func TOS(n uint8) Option { return func(h *headers) { h.ip4.TOS, h.ip6.TrafficClass = n, n } }

// ID sets the identification of an IPv4 packet.
func ID(n uint16) Option { return func(h *headers) { h.ip4.Id = n } }

// DF forbids fragmentation.
func DF() Option { return func(h *headers) { h.ip4.Flags |= layers.IPv4DontFragment } }

// RouterAlert puts an option of 4 bytes into the IPv4 header.
func RouterAlert() Option {
	return func(h *headers) {
		h.ip4.Options = append(h.ip4.Options, layers.IPv4Option{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}})
	}
}

// Seq sets the sequence and acknowledgment numbers of a segment, otherwise 1 and 0.
func Seq(seq, ack uint32) Option { return func(h *headers) { h.tcp.Seq, h.tcp.Ack = seq, ack } }

// MSS puts a maximum segment size option into the TCP header.
func MSS(n uint16) Option {
	return func(h *headers) {
		h.tcp.Options = append(h.tcp.Options, layers.TCPOption{
			OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{byte(n >> 8), byte(n)},
		})
	}
}

// Timestamp puts a time stamps option (RFC 7323) into the TCP header.
func Timestamp(value, echo uint32) Option {
	return TCPOption(8, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, value), echo)...)
}

// SACK puts a selective acknowledgment (RFC 2018) of from…to−1 into the TCP header.
func SACK(from, to uint32) Option {
	return TCPOption(5, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, from), to)...)
}

// TCPOption puts an option into the TCP header.
func TCPOption(kind uint8, data ...byte) Option {
	return func(h *headers) {
		h.tcp.Options = append(h.tcp.Options, layers.TCPOption{
			OptionType: layers.TCPOptionKind(kind), OptionLength: uint8(2 + len(data)), OptionData: data,
		})
	}
}

// Payload sets what the packet carries, otherwise nothing.
func Payload(b []byte) Option { return func(h *headers) { h.payload = b } }

// NoChecksum sends a UDP datagram without a checksum.
func NoChecksum() Option { return func(h *headers) { h.noUDPCheck = true } }

// TCP builds a segment. flags is made of the letters F S R P A U.
func TCP(src, dst netip.AddrPort, flags string, opts ...Option) []byte {
	h := newHeaders(src.Addr(), dst.Addr(), layers.IPProtocolTCP, opts)
	h.tcp.SrcPort, h.tcp.DstPort = layers.TCPPort(src.Port()), layers.TCPPort(dst.Port())
	for letter, flag := range map[string]*bool{
		"F": &h.tcp.FIN, "S": &h.tcp.SYN, "R": &h.tcp.RST, "P": &h.tcp.PSH, "A": &h.tcp.ACK, "U": &h.tcp.URG,
	} {
		*flag = strings.Contains(flags, letter)
	}
	must(h.tcp.SetNetworkLayerForChecksum(h.network()))
	return h.frame(&h.tcp)
}

// UDP builds a datagram.
func UDP(src, dst netip.AddrPort, opts ...Option) []byte {
	h := newHeaders(src.Addr(), dst.Addr(), layers.IPProtocolUDP, opts)
	udp := &layers.UDP{SrcPort: layers.UDPPort(src.Port()), DstPort: layers.UDPPort(dst.Port())}
	must(udp.SetNetworkLayerForChecksum(h.network()))
	frame := h.frame(udp)
	if h.noUDPCheck {
		packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.NoCopy)
		clear(packet.TransportLayer().LayerContents()[6:8])
	}
	return frame
}

// SCTP builds a packet of chunks, empty ones of these types (RFC 9260 section 3.2); Payload follows behind the last.
func SCTP(src, dst netip.AddrPort, chunks []uint8, opts ...Option) []byte {
	h := newHeaders(src.Addr(), dst.Addr(), layers.IPProtocolSCTP, opts)
	var body []byte
	for i, c := range chunks {
		length := 4
		if i == len(chunks)-1 {
			length += len(h.payload)
		}
		body = append(body, c, 0, byte(length>>8), byte(length))
	}
	h.payload = append(body, h.payload...)
	return h.frame(&layers.SCTP{SrcPort: layers.SCTPPort(src.Port()), DstPort: layers.SCTPPort(dst.Port()), VerificationTag: 7})
}

// Other builds a packet of any other protocol, of which Payload is all.
func Other(protocol uint8, src, dst netip.Addr, opts ...Option) []byte {
	return newHeaders(src, dst, layers.IPProtocol(protocol), opts).frame(gopacket.Payload(nil))
}

// Echo builds an ICMP or ICMPv6 echo request.
func Echo(src, dst netip.Addr, id, seq uint16, opts ...Option) []byte {
	if src.Is6() {
		return icmp6(src, dst, 128, 0, uint32(id)<<16|uint32(seq), opts)
	}
	return icmp(src, dst, layers.ICMPv4TypeEchoRequest, 0, id, seq, opts)
}

// EchoReply builds an ICMP or ICMPv6 echo reply.
func EchoReply(src, dst netip.Addr, id, seq uint16, opts ...Option) []byte {
	if src.Is6() {
		return icmp6(src, dst, 129, 0, uint32(id)<<16|uint32(seq), opts)
	}
	return icmp(src, dst, layers.ICMPv4TypeEchoReply, 0, id, seq, opts)
}

// ICMPError builds an ICMP error about a frame, an untagged one of IPv4: it quotes the IP header and 8 bytes. mtu is for
// fragmentation needed, otherwise 0. Of IPv6 it builds an ICMPv6 error, which quotes the whole packet up to 1232 bytes; mtu is for packet too big.
func ICMPError(src, dst netip.Addr, typ, code uint8, mtu uint16, about []byte, opts ...Option) []byte {
	if src.Is6() {
		return icmp6(src, dst, typ, code, uint32(mtu), append(opts, Payload(about[14:min(len(about), 14+1232)])))
	}
	quote := about[14:]
	quote = quote[:min(len(quote), int(quote[0]&0xf)*4+8)]
	return icmp(src, dst, typ, code, 0, mtu, append(opts, Payload(quote)))
}

// ICMPErrorWhole is like ICMPError, but quotes all of the frame.
func ICMPErrorWhole(src, dst netip.Addr, typ, code uint8, mtu uint16, about []byte, opts ...Option) []byte {
	return icmp(src, dst, typ, code, 0, mtu, append(opts, Payload(about[14:])))
}

func icmp(src, dst netip.Addr, typ, code uint8, id, seq uint16, opts []Option) []byte {
	h := newHeaders(src, dst, layers.IPProtocolICMPv4, opts)
	return h.frame(&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(typ, code), Id: id, Seq: seq})
}

// ARPRequest builds a broadcast that asks for target.
func ARPRequest(sender [6]byte, senderIP, target netip.Addr, opts ...Option) []byte {
	everybody := [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	return arp(layers.ARPRequest, sender, senderIP, [6]byte{}, target, append([]Option{Link(sender, everybody)}, opts...))
}

// ARPReply builds the answer that senderIP is at sender, for target.
func ARPReply(sender [6]byte, senderIP netip.Addr, target [6]byte, targetIP netip.Addr, opts ...Option) []byte {
	return arp(layers.ARPReply, sender, senderIP, target, targetIP, append([]Option{Link(sender, target)}, opts...))
}

func arp(op uint16, sender [6]byte, senderIP netip.Addr, target [6]byte, targetIP netip.Addr, opts []Option) []byte {
	h := newHeaders(senderIP, targetIP, 0, opts)
	h.eth.EthernetType = layers.EthernetTypeARP
	return h.serialize(&layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
		Operation:       op,
		SourceHwAddress: sender[:], SourceProtAddress: senderIP.AsSlice(),
		DstHwAddress: target[:], DstProtAddress: targetIP.AsSlice(),
	})
}

// Fragments cuts an untagged IPv4 frame into frames that carry size bytes, a multiple of 8, of its payload each.
func Fragments(frame []byte, size int) [][]byte {
	packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	eth := packet.LinkLayer().(*layers.Ethernet)
	whole := packet.NetworkLayer().(*layers.IPv4)
	var fragments [][]byte
	for at := 0; at < len(whole.Payload); at += size {
		ip, end := *whole, min(at+size, len(whole.Payload))
		ip.FragOffset = uint16(at / 8)
		if end < len(whole.Payload) {
			ip.Flags |= layers.IPv4MoreFragments
		}
		fragments = append(fragments, serialize(eth, &ip, gopacket.Payload(whole.Payload[at:end])))
	}
	return fragments
}

// newHeaders returns headers from src to dst with their defaults, changed by opts.
func newHeaders(src, dst netip.Addr, protocol layers.IPProtocol, opts []Option) *headers {
	h := &headers{
		eth: layers.Ethernet{SrcMAC: ClientMAC[:], DstMAC: DirectorMAC[:], EthernetType: layers.EthernetTypeIPv4},
		ip4: layers.IPv4{Version: 4, TTL: 64, Protocol: protocol},
		ip6: layers.IPv6{Version: 6, HopLimit: 64, NextHeader: protocol},
		tcp: layers.TCP{Seq: 1, Window: 65535},
	}
	if src.Is6() {
		h.eth.EthernetType = layers.EthernetTypeIPv6
	}
	h.ip4.SrcIP, h.ip4.DstIP = net.IP(src.AsSlice()), net.IP(dst.AsSlice())
	h.ip6.SrcIP, h.ip6.DstIP = h.ip4.SrcIP, h.ip4.DstIP
	for _, opt := range opts {
		opt(h)
	}
	return h
}

func (h *headers) network() gopacket.NetworkLayer {
	if h.eth.EthernetType == layers.EthernetTypeIPv6 {
		return &h.ip6
	}
	return &h.ip4
}

// frame puts the frame together around a transport header.
func (h *headers) frame(transport gopacket.SerializableLayer) []byte {
	if h.network() == &h.ip6 {
		var extensions []byte
		h.ip6.NextHeader, extensions = h.chain(h.ip6.NextHeader)
		return h.serialize(&h.ip6, gopacket.Payload(extensions), transport, gopacket.Payload(h.payload))
	}
	return h.serialize(h.network().(gopacket.SerializableLayer), transport, gopacket.Payload(h.payload))
}

// serialize puts the frame together from its link header, its tags, and the layers above.
func (h *headers) serialize(above ...gopacket.SerializableLayer) []byte {
	frame := []gopacket.SerializableLayer{&h.eth}
	next := &h.eth.EthernetType
	for _, id := range h.tags {
		tag := &layers.Dot1Q{VLANIdentifier: id, Type: *next}
		*next = layers.EthernetTypeDot1Q
		next = &tag.Type
		frame = append(frame, tag)
	}
	return serialize(append(frame, above...)...)
}

func serialize(frame ...gopacket.SerializableLayer) []byte {
	buffer := gopacket.NewSerializeBuffer()
	must(gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, frame...))
	return buffer.Bytes()
}

// must ends the test: what cannot be serialized is a mistake in the test itself.
func must(err error) {
	if err != nil {
		panic("lcoretest: " + err.Error())
	}
}
