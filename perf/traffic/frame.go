// Package traffic makes the packets of the suite: frames, of 64 bytes (60 and the FCS that a port adds) unless more is asked for, of
// many clients to virtual services.
//
// What a frame is made of comes from gopacket, which shares no code, and so no mistake, with what is measured.
package traffic

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// FrameLen is the length of the shortest frame in bytes, without FCS.
const FrameLen = 60

const (
	etherType  = 12
	ip         = 14
	ipChecksum = ip + 10 // IPv4 only
	ip4Src     = ip + 12
	ip6Src     = ip + 8
	l4of4      = ip + 20
	l4of6      = ip + 40
	ttl        = 64
)

// clientWord is where the client's 32 bits lie: the whole address of IPv4, the second word of IPv6's, which tells its /64 network.
const clientWord = 14 + 12

// Clients are the addresses that clients have, 2^22 of them; a director reaches them through a router.
var Clients = netip.MustParsePrefix("100.64.0.0/10")

// Clients6 are the same clients with IPv6: 2001:db8:6440::1 for 100.64.0.0, each in a /64 network of its own.
var Clients6 = netip.MustParsePrefix("2001:db8::/32")

// Shape is what all frames of a Writer have in common.
type Shape struct {
	Proto    string // "tcp" or "udp"
	SYN      bool   // TCP: SYN, else ACK
	VIP      netip.AddrPort
	Src, Dst net.HardwareAddr
	Len      int // of the frame in bytes, without FCS; 0: as short as can be
}

// MaxLen is the length of the longest frame in bytes, without FCS.
const MaxLen = 1514

// Flow is the client's side of a flow; host byte order.
type Flow struct {
	Client uint32
	Port   uint16
}

// Writer writes frames of one shape. It allocates nothing.
type Writer struct {
	frame    []byte // with the client's bits and port 0
	l4       int    // where TCP or UDP begins
	checksum int    // where its checksum lies
	v4, udp  bool
}

// NewWriter returns a Writer, or an error that says what is wrong with the shape.
func NewWriter(s *Shape) (*Writer, error) {
	if !s.VIP.IsValid() {
		return nil, fmt.Errorf("virtual service %s: must be an address and a port", s.VIP)
	}
	w := &Writer{v4: s.VIP.Addr().Is4(), udp: s.Proto == "udp", l4: l4of6}
	if w.v4 {
		w.l4 = l4of4
	}
	headers, at := w.l4+20, 16
	switch {
	case w.udp:
		headers, at = w.l4+8, 6
	case s.Proto != "tcp":
		return nil, fmt.Errorf("protocol %q: must be tcp or udp", s.Proto)
	}
	w.checksum = w.l4 + at
	length := cmp.Or(s.Len, max(FrameLen, headers))
	if length < max(FrameLen, headers) || length > MaxLen {
		return nil, fmt.Errorf("frames of %d bytes: must be %d to %d", length, max(FrameLen, headers), MaxLen)
	}
	payload := length - headers
	if !w.udp && length == FrameLen {
		payload = 0 // TCP without data is shorter: the rest is padding
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, s.layers(payload)...); err != nil {
		return nil, err
	}
	w.frame = make([]byte, length)
	copy(w.frame, b.Bytes())
	return w, nil
}

// layers are a frame of the client whose 32 bits are 0 and port 0.
func (s *Shape) layers(payload int) []gopacket.SerializableLayer {
	eth := &layers.Ethernet{SrcMAC: s.Src, DstMAC: s.Dst, EthernetType: layers.EthernetTypeIPv4}
	proto := layers.IPProtocolTCP
	if s.Proto == "udp" {
		proto = layers.IPProtocolUDP
	}
	var under gopacket.NetworkLayer
	var network gopacket.SerializableLayer
	if s.VIP.Addr().Is4() {
		ip4 := &layers.IPv4{
			Version: 4, TTL: ttl, Flags: layers.IPv4DontFragment, Protocol: proto,
			SrcIP: net.IPv4zero, DstIP: s.VIP.Addr().AsSlice(),
		}
		under, network = ip4, ip4
	} else {
		eth.EthernetType = layers.EthernetTypeIPv6
		ip6 := &layers.IPv6{Version: 6, HopLimit: ttl, NextHeader: proto, SrcIP: firstClient6(), DstIP: s.VIP.Addr().AsSlice()}
		under, network = ip6, ip6
	}
	stack := []gopacket.SerializableLayer{eth, network}
	if proto == layers.IPProtocolUDP {
		udp := &layers.UDP{DstPort: layers.UDPPort(s.VIP.Port())}
		_ = udp.SetNetworkLayerForChecksum(under) // it is IP
		return append(stack, udp, gopacket.Payload(make([]byte, payload)))
	}
	tcp := &layers.TCP{DstPort: layers.TCPPort(s.VIP.Port()), SYN: s.SYN, ACK: !s.SYN, Window: 65535}
	_ = tcp.SetNetworkLayerForChecksum(under)
	return append(stack, tcp, gopacket.Payload(make([]byte, payload)))
}

// firstClient6 is the address of the client whose 32 bits are 0.
func firstClient6() net.IP {
	a := Clients6.Addr().As16()
	a[15] = 1
	return a[:]
}

// Len is the length of the Writer's frames in bytes, without FCS.
func (w *Writer) Len() int { return len(w.frame) }

// Write puts the frame of a flow into dst, Len bytes.
func (w *Writer) Write(dst []byte, f Flow) {
	dst = dst[:len(w.frame)]
	copy(dst, w.frame)
	binary.BigEndian.PutUint32(dst[clientWord:], f.Client)
	binary.BigEndian.PutUint16(dst[w.l4:], f.Port)
	sum := f.Client>>16 + f.Client&0xffff
	if w.v4 {
		add(dst[ipChecksum:], sum)
	}
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

// Answer turns a frame as a real server gets it into the server's answer: all checksums stay right when addresses and
// ports change places.
func Answer(frame []byte, src, dst net.HardwareAddr) []byte {
	a := bytes.Clone(frame)
	copy(a[0:], dst)
	copy(a[6:], src)
	at, size, l4 := ip4Src, 4, l4of4
	if layers.EthernetType(binary.BigEndian.Uint16(frame[etherType:])) == layers.EthernetTypeIPv6 {
		at, size, l4 = ip6Src, 16, l4of6
	}
	copy(a[at:], frame[at+size:at+2*size])
	copy(a[at+size:], frame[at:at+size])
	copy(a[l4:], frame[l4+2:l4+4])
	copy(a[l4+2:], frame[l4:l4+2])
	return a
}
