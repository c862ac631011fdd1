package traffic

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"pgregory.net/rapid"
)

var (
	clientMAC   = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	directorMAC = net.HardwareAddr{2, 0, 0, 0, 0, 2}
	vip         = netip.MustParseAddrPort("192.0.2.10:80")
	vip6        = netip.MustParseAddrPort("[fd00::10]:80")
	shapes      = map[string]*Shape{
		"ACK": {Proto: "tcp", VIP: vip, Src: clientMAC, Dst: directorMAC},
		"SYN": {Proto: "tcp", SYN: true, VIP: vip, Src: clientMAC, Dst: directorMAC},
		"UDP": {Proto: "udp", VIP: vip, Src: clientMAC, Dst: directorMAC},

		"long ACK":  {Proto: "tcp", VIP: vip, Src: clientMAC, Dst: directorMAC, Len: 590},
		"odd UDP":   {Proto: "udp", VIP: vip, Src: clientMAC, Dst: directorMAC, Len: 61},
		"IPv6 SYN":  {Proto: "tcp", SYN: true, VIP: vip6, Src: clientMAC, Dst: directorMAC},
		"IPv6 UDP":  {Proto: "udp", VIP: vip6, Src: clientMAC, Dst: directorMAC},
		"long IPv6": {Proto: "tcp", VIP: vip6, Src: clientMAC, Dst: directorMAC, Len: MaxLen},
	}
)

func newWriter(t rapid.TB, s *Shape) *Writer {
	w, err := NewWriter(s)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// decoded is what gopacket finds in a frame.
type decoded struct {
	src, dst net.HardwareAddr
	from, to netip.AddrPort
	kind     string
}

// decode fails unless gopacket, computing the frame's checksums itself, comes to the same ones.
func decode(t rapid.TB, frame []byte) (d decoded) {
	t.Helper()
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	if p.TransportLayer() == nil { // what gopacket takes the payload of some ports for is nobody's business
		t.Fatalf("% x: %v", frame, p.ErrorLayer())
	}
	eth, network := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet), p.NetworkLayer()
	d.src, d.dst = eth.SrcMAC, eth.DstMAC
	from, _ := netip.AddrFromSlice(network.NetworkFlow().Src().Raw())
	to, _ := netip.AddrFromSlice(network.NetworkFlow().Dst().Raw())
	again := []gopacket.SerializableLayer{eth, network.(gopacket.SerializableLayer)}
	switch l4 := p.TransportLayer().(type) {
	case *layers.TCP:
		d.from, d.to = netip.AddrPortFrom(from, uint16(l4.SrcPort)), netip.AddrPortFrom(to, uint16(l4.DstPort))
		d.kind = map[[2]bool]string{{true, false}: "SYN", {false, true}: "ACK"}[[2]bool{l4.SYN, l4.ACK}]
		_ = l4.SetNetworkLayerForChecksum(network)
		again = append(again, l4, gopacket.Payload(l4.Payload))
	case *layers.UDP:
		d.from, d.to, d.kind = netip.AddrPortFrom(from, uint16(l4.SrcPort)), netip.AddrPortFrom(to, uint16(l4.DstPort)), "UDP"
		_ = l4.SetNetworkLayerForChecksum(network)
		again = append(again, l4, gopacket.Payload(l4.Payload))
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{ComputeChecksums: true}, again...); err != nil {
		t.Fatal(err)
	}
	want := append(bytes.Clone(b.Bytes()), make([]byte, FrameLen)...)[:max(FrameLen, len(b.Bytes()))]
	if !bytes.Equal(frame, want) {
		t.Fatalf("frame\n% x\nwith checksums as gopacket computes them\n% x", frame, want)
	}
	return d
}

// kind is what decode has to find.
func (s *Shape) kind() string {
	switch {
	case s.Proto == "udp":
		return "UDP"
	case s.SYN:
		return "SYN"
	}
	return "ACK"
}

// clientOf is the address of a client in frames of a shape.
func (s *Shape) clientOf(client uint32) netip.Addr {
	if s.VIP.Addr().Is4() {
		return addrOf(client)
	}
	a := Clients6.Addr().As16()
	binary.BigEndian.PutUint32(a[4:], client)
	a[15] = 1
	return netip.AddrFrom16(a)
}

func addrOf(client uint32) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, client)))
}

func TestWriter(t *testing.T) {
	for name, shape := range shapes {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			f := Flow{rapid.Uint32().Draw(t, "client"), rapid.Uint16Range(1, 65535).Draw(t, "port")}
			w := newWriter(t, shape)
			frame := make([]byte, w.Len())
			w.Write(frame, f)
			got := decode(t, frame)
			if got.kind != shape.kind() || got.from != netip.AddrPortFrom(shape.clientOf(f.Client), f.Port) || got.to != shape.VIP ||
				!bytes.Equal(got.src, clientMAC) || !bytes.Equal(got.dst, directorMAC) || shape.Len != 0 && len(frame) != shape.Len {
				t.Fatalf("flow %v became %+v, %d bytes", f, got, len(frame))
			}
		}))
	}
}

// TestUDPChecksum: where the sum comes to 0, 0xffff is sent, since 0 means none.
func TestUDPChecksum(t *testing.T) {
	w := newWriter(t, shapes["UDP"])
	frame := make([]byte, FrameLen)
	for port := range 1 << 16 { // one of them brings the sum to 0
		w.Write(frame, Flow{addrUint(netip.MustParseAddr("100.64.0.1")), uint16(port)})
		if binary.BigEndian.Uint16(frame[l4of4+6:]) == 0xffff {
			return
		}
		if binary.BigEndian.Uint16(frame[l4of4+6:]) == 0 {
			t.Fatalf("port %d: checksum 0", port)
		}
	}
	t.Fatal("no port gave checksum 0xffff")
}

func addrUint(a netip.Addr) uint32 { return binary.BigEndian.Uint32(a.AsSlice()) }

func TestARPReply(t *testing.T) {
	frame, err := ARPReply(netip.MustParseAddr("10.9.0.11"), vip.Addr(), directorMAC)
	if err != nil || len(frame) != FrameLen {
		t.Fatalf("% x, %v", frame, err)
	}
	arp, ok := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default).Layer(layers.LayerTypeARP).(*layers.ARP)
	if !ok || arp.Operation != layers.ARPReply || !bytes.Equal(arp.SourceHwAddress, frame[6:12]) || !bytes.Equal(frame[:6], directorMAC) ||
		!bytes.Equal(arp.SourceProtAddress, []byte{10, 9, 0, 11}) || !bytes.Equal(arp.DstProtAddress, vip.Addr().AsSlice()) {
		t.Errorf("% x", frame)
	}
}

func TestWrongShapes(t *testing.T) {
	for _, c := range []struct {
		proto  string
		length int
		want   string
	}{
		{"sctp", 0, `protocol "sctp": must be tcp or udp`},
		{"tcp", 59, "frames of 59 bytes: must be 60 to 1514"},
		{"tcp", 1515, "frames of 1515 bytes: must be 60 to 1514"},
	} {
		_, err := NewWriter(&Shape{Proto: c.proto, VIP: vip, Src: clientMAC, Dst: directorMAC, Len: c.length})
		if err == nil || err.Error() != c.want {
			t.Errorf("%+v: error %v, want %s", c, err, c.want)
		}
	}
	if _, err := NewWriter(&Shape{Proto: "tcp", VIP: vip6, Src: clientMAC, Dst: directorMAC, Len: 73}); err == nil {
		t.Error("TCP over IPv6 in 73 bytes")
	}
	if _, err := NewWriter(&Shape{Proto: "tcp"}); err == nil || err.Error() != "virtual service invalid AddrPort: must be an address and a port" {
		t.Errorf("no virtual service: error %v", err)
	}
}

func TestWriteAllocatesNothing(t *testing.T) {
	w, frame := newWriter(t, shapes["ACK"]), make([]byte, FrameLen)
	if n := testing.AllocsPerRun(100, func() { w.Write(frame, Flow{1, 2}) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// TestAnswer: a valid frame the other way round.
func TestAnswer(t *testing.T) {
	for kind, shape := range shapes {
		w := newWriter(t, shape)
		frame := make([]byte, w.Len())
		w.Write(frame, Flow{0x0a000001, 4711})
		there := decode(t, frame)
		back := decode(t, Answer(frame, directorMAC, clientMAC))
		if back.from != there.to || back.to != there.from || !bytes.Equal(back.src, directorMAC) || !bytes.Equal(back.dst, clientMAC) {
			t.Errorf("%s: answer to %+v is %+v", kind, there, back)
		}
	}
}

// TestNth: no flow comes twice before all clients have used all ports, and all clients lie in Clients.
func TestNth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clients := rapid.IntRange(1, MaxClients).Draw(t, "clients")
		n := rapid.Uint64Range(0, uint64(clients)*ports-1)
		a, b := n.Draw(t, "a"), n.Draw(t, "b")
		if (a == b) != (Nth(a, clients) == Nth(b, clients)) {
			t.Fatalf("%d and %d: %v and %v", a, b, Nth(a, clients), Nth(b, clients))
		}
		if f := Nth(a, clients); !Clients.Contains(addrOf(f.Client)) || f.Port < firstPort {
			t.Fatalf("%d: %v", a, f)
		}
	})
}

func TestFramesAreShuffledFlows(t *testing.T) {
	const n = 1000
	w := newWriter(t, shapes["ACK"])
	frames := Frames(n, w)
	if len(frames) != n {
		t.Fatalf("%d frames", len(frames))
	}
	seen, inOrder := map[netip.AddrPort]bool{}, 0
	for i, f := range frames {
		d := decode(t, f)
		seen[d.from] = true
		if d.from.Addr() == addrOf(Nth(uint64(i), n).Client) {
			inOrder++
		}
	}
	if len(seen) != n || inOrder > n/10 {
		t.Errorf("%d different flows of %d, %d of them in order", len(seen), n, inOrder)
	}
	if again := Frames(n, w); !slices.EqualFunc(frames, again, bytes.Equal) {
		t.Error("another time other frames")
	}
}

// TestFramesOfSeveralWriters: as many of each.
func TestFramesOfSeveralWriters(t *testing.T) {
	lengths := map[int]int{}
	for _, f := range Frames(300, newWriter(t, shapes["ACK"]), newWriter(t, shapes["long ACK"]), newWriter(t, shapes["ACK"])) {
		lengths[len(f)]++
	}
	if lengths[60] != 200 || lengths[590] != 100 {
		t.Errorf("frames by length: %v", lengths)
	}
}

func TestMix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := make([][]byte, rapid.IntRange(0, 50).Draw(t, "requests"))
		answers := make([][]byte, rapid.IntRange(0, 50).Draw(t, "answers"))
		for i := range requests {
			requests[i] = []byte{'r', byte(i)}
		}
		for i := range answers {
			answers[i] = []byte{'a', byte(i)}
		}
		mixed := Mix(requests, answers)
		got := map[byte][][]byte{}
		for _, f := range mixed {
			got[f[0]] = append(got[f[0]], f)
		}
		if !slices.EqualFunc(got['r'], requests, bytes.Equal) {
			t.Fatalf("requests became %v", got['r'])
		}
		if slices.SortFunc(got['a'], bytes.Compare); !slices.EqualFunc(got['a'], answers, bytes.Equal) {
			t.Fatalf("answers became %v", got['a'])
		}
	})
}

func TestWritePcap(t *testing.T) {
	frames := Frames(100, newWriter(t, shapes["SYN"]))
	path := filepath.Join(t.TempDir(), "x.pcap")
	if err := WritePcap(path, frames); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range frames {
		got, info, err := r.ReadPacketData()
		if err != nil || !bytes.Equal(got, want) || info.Length != FrameLen {
			t.Fatalf("packet %d: % x, %+v, %v; want % x", i, got, info, err, want)
		}
	}
	if _, _, err := r.ReadPacketData(); err != io.EOF {
		t.Errorf("after the last packet: %v", err)
	}
}
