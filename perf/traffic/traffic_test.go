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
	shapes      = map[string]*Shape{
		"ACK": {Proto: "tcp", VIP: vip, Src: clientMAC, Dst: directorMAC},
		"SYN": {Proto: "tcp", SYN: true, VIP: vip, Src: clientMAC, Dst: directorMAC},
		"UDP": {Proto: "udp", VIP: vip, Src: clientMAC, Dst: directorMAC},
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
	eth, ip := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet), p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	d.src, d.dst = eth.SrcMAC, eth.DstMAC
	from, _ := netip.AddrFromSlice(ip.SrcIP)
	to, _ := netip.AddrFromSlice(ip.DstIP)
	again := []gopacket.SerializableLayer{eth, ip}
	switch l4 := p.TransportLayer().(type) {
	case *layers.TCP:
		d.from, d.to = netip.AddrPortFrom(from, uint16(l4.SrcPort)), netip.AddrPortFrom(to, uint16(l4.DstPort))
		d.kind = map[[2]bool]string{{true, false}: "SYN", {false, true}: "ACK"}[[2]bool{l4.SYN, l4.ACK}]
		l4.SetNetworkLayerForChecksum(ip)
		again = append(again, l4)
	case *layers.UDP:
		d.from, d.to, d.kind = netip.AddrPortFrom(from, uint16(l4.SrcPort)), netip.AddrPortFrom(to, uint16(l4.DstPort)), "UDP"
		l4.SetNetworkLayerForChecksum(ip)
		again = append(again, l4, gopacket.Payload(l4.Payload))
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{ComputeChecksums: true}, again...); err != nil {
		t.Fatal(err)
	}
	want := append(bytes.Clone(b.Bytes()), make([]byte, FrameLen)...)[:FrameLen]
	if !bytes.Equal(frame, want) {
		t.Fatalf("frame\n% x\nwith checksums as gopacket computes them\n% x", frame, want)
	}
	return d
}

func addrOf(client uint32) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, client)))
}

func TestWriter(t *testing.T) {
	for kind, shape := range shapes {
		t.Run(kind, rapid.MakeCheck(func(t *rapid.T) {
			f := Flow{rapid.Uint32().Draw(t, "client"), rapid.Uint16Range(1, 65535).Draw(t, "port")}
			frame := make([]byte, FrameLen)
			newWriter(t, shape).Write(frame, f)
			got := decode(t, frame)
			if got.kind != kind || got.from != netip.AddrPortFrom(addrOf(f.Client), f.Port) || got.to != vip ||
				!bytes.Equal(got.src, clientMAC) || !bytes.Equal(got.dst, directorMAC) {
				t.Fatalf("flow %v became %+v", f, got)
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
		if binary.BigEndian.Uint16(frame[l4+6:]) == 0xffff {
			return
		}
		if binary.BigEndian.Uint16(frame[l4+6:]) == 0 {
			t.Fatalf("port %d: checksum 0", port)
		}
	}
	t.Fatal("no port gave checksum 0xffff")
}

func addrUint(a netip.Addr) uint32 { return binary.BigEndian.Uint32(a.AsSlice()) }

func TestWrongShapes(t *testing.T) {
	for _, c := range []struct{ proto, vip, want string }{
		{"sctp", "192.0.2.1:80", `protocol "sctp": must be tcp or udp`},
		{"tcp", "[2001:db8::1]:80", "virtual service [2001:db8::1]:80: must be an IPv4 address and a port"},
	} {
		_, err := NewWriter(&Shape{Proto: c.proto, VIP: netip.MustParseAddrPort(c.vip), Src: clientMAC, Dst: directorMAC})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s to %s: error %v, want %s", c.proto, c.vip, err, c.want)
		}
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
		frame := make([]byte, FrameLen)
		newWriter(t, shape).Write(frame, Flow{0x0a000001, 4711})
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
	frames := Frames(w, n)
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
	if again := Frames(w, n); !slices.EqualFunc(frames, again, bytes.Equal) {
		t.Error("another time other frames")
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
	frames := Frames(newWriter(t, shapes["SYN"]), 100)
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
