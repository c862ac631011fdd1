// Package traffic makes the packets of the suite: 64-byte frames (60 and the FCS that a port adds) of many clients to one
// virtual service.
//
// What a frame is made of comes from gopacket, which shares no code, and so no mistake, with what is measured.
package traffic

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// FrameLen is the length of every frame in bytes, without FCS.
const FrameLen = 60

const (
	ipChecksum = 14 + 10
	ipSrc      = 14 + 12
	ipDst      = 14 + 16
	l4         = 14 + 20
	ttl        = 64
)

// Clients are the addresses that clients have, 2^22 of them; a director reaches them through a router.
var Clients = netip.MustParsePrefix("100.64.0.0/10")

// Shape is what all frames of a run have in common.
type Shape struct {
	Proto    string // "tcp" or "udp"
	SYN      bool   // TCP: SYN, else ACK
	VIP      netip.AddrPort
	Src, Dst net.HardwareAddr
}

// Flow is the client's side of a flow; host byte order.
type Flow struct {
	Client uint32
	Port   uint16
}

// Writer writes frames of one shape. It allocates nothing.
type Writer struct {
	frame    [FrameLen]byte // with client address and port 0
	checksum int            // where that of TCP or UDP lies
	udp      bool
}

// NewWriter returns a Writer, or an error that says what is wrong with the shape.
func NewWriter(s *Shape) (*Writer, error) {
	if !s.VIP.Addr().Is4() {
		return nil, fmt.Errorf("virtual service %s: must be an IPv4 address and a port", s.VIP)
	}
	ip := &layers.IPv4{
		Version: 4, TTL: ttl, Flags: layers.IPv4DontFragment,
		SrcIP: net.IPv4zero, DstIP: s.VIP.Addr().AsSlice(),
	}
	stack := []gopacket.SerializableLayer{&layers.Ethernet{SrcMAC: s.Src, DstMAC: s.Dst, EthernetType: layers.EthernetTypeIPv4}, ip}
	w := &Writer{}
	switch s.Proto {
	case "tcp":
		ip.Protocol = layers.IPProtocolTCP
		tcp := &layers.TCP{DstPort: layers.TCPPort(s.VIP.Port()), SYN: s.SYN, ACK: !s.SYN, Window: 65535}
		tcp.SetNetworkLayerForChecksum(ip)
		stack = append(stack, tcp)
		w.checksum = l4 + 16
	case "udp":
		ip.Protocol = layers.IPProtocolUDP
		udp := &layers.UDP{DstPort: layers.UDPPort(s.VIP.Port())}
		udp.SetNetworkLayerForChecksum(ip)
		stack = append(stack, udp, gopacket.Payload(make([]byte, FrameLen-l4-8)))
		w.checksum, w.udp = l4+6, true
	default:
		return nil, fmt.Errorf("protocol %q: must be tcp or udp", s.Proto)
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		return nil, err
	}
	copy(w.frame[:], b.Bytes()) // TCP without data is 54 bytes: the rest is padding
	return w, nil
}

// Write puts the frame of a flow into dst, FrameLen bytes.
func (w *Writer) Write(dst []byte, f Flow) {
	dst = dst[:FrameLen]
	copy(dst, w.frame[:])
	binary.BigEndian.PutUint32(dst[ipSrc:], f.Client)
	binary.BigEndian.PutUint16(dst[l4:], f.Port)
	sum := f.Client>>16 + f.Client&0xffff
	add(dst[ipChecksum:], sum)
	add(dst[w.checksum:], sum+uint32(f.Port))
	if w.udp && binary.BigEndian.Uint16(dst[w.checksum:]) == 0 { // RFC 768: 0 would mean none
		binary.BigEndian.PutUint16(dst[w.checksum:], 0xffff)
	}
}

// add takes words that were 0 into the checksum at b.
func add(b []byte, sum uint32) {
	sum += uint32(^binary.BigEndian.Uint16(b))
	for sum>>16 != 0 {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(b, ^uint16(sum))
}

// Answer turns a frame as a real server gets it into the server's answer: both checksums stay right when addresses and
// ports change places.
func Answer(frame []byte, src, dst net.HardwareAddr) []byte {
	a := make([]byte, FrameLen)
	copy(a, frame)
	copy(a[0:], dst)
	copy(a[6:], src)
	copy(a[ipSrc:], frame[ipDst:ipDst+4])
	copy(a[ipDst:], frame[ipSrc:ipSrc+4])
	copy(a[l4:], frame[l4+2:l4+4])
	copy(a[l4+2:], frame[l4:l4+2])
	return a
}
