package ethdev_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"cleat/cgo/ethdev"
	"cleat/cgo/pktmbuf"
	"cleat/lcore/burst"
)

// writePcap makes a file in a new folder, which becomes the working one until the end of the test: its name is
// short, since DPDK may refuse a device's name and arguments from 128 bytes on, and folders of tests have long names.
func writePcap(t testing.TB, frames [][]byte) (name string) {
	t.Helper()
	t.Chdir(t.TempDir())
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for i, f := range frames {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(int64(i), 0), CaptureLength: len(f), Length: len(f)}
		if err := w.WritePacket(info, f); err != nil {
			t.Fatal(err)
		}
	}
	name = "rx.pcap"
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func readPcap(t testing.TB, path string) (frames [][]byte) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, _, err := r.ReadPacketData()
		if err == io.EOF {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, data)
	}
}

// forward takes all packets of the queue, has each changed, and sends it.
func forward(queue *ethdev.Queue, change func(p *burst.Packet)) (count int) {
	var p [burst.Size]burst.Packet
	for {
		n := queue.Receive(p[:])
		if n == 0 {
			return count
		}
		for i := range p[:n] {
			change(&p[i])
		}
		count += queue.Transmit(p[:n])
	}
}

// TestPcap sends what is read from a file, of all lengths, to another file; frames longer than the
// data room come and go in several segments.
func TestPcap(t *testing.T) {
	var frames [][]byte
	for i := range 100 {
		frames = append(frames, frame(i, 60+i*87)) // up to 8,673 bytes
	}
	for _, c := range []struct {
		name     string
		dataRoom int
		change   func(p *burst.Packet)
		want     func(f []byte) []byte
	}{
		{"one segment", 9600, func(p *burst.Packet) {}, func(f []byte) []byte { return f }},
		{"segments", 1000, func(p *burst.Packet) {}, func(f []byte) []byte { return f }},
		{"segments trimmed to one", 1000, func(p *burst.Packet) { p.Trim(40) }, func(f []byte) []byte { return f[:40] }},
		{
			"segments prepended", 1000,
			func(p *burst.Packet) { p.Prepend(5); copy(p.Data, "cleat") },
			func(f []byte) []byte { return append([]byte("cleat"), f...) },
		},
		{
			"segments stripped", 1000,
			func(p *burst.Packet) { p.Data = p.Data[14:]; p.Len -= 14; p.Headroom += 14 },
			func(f []byte) []byte { return f[14:] },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			pool := newPool(t, c.dataRoom)
			rx, tx := writePcap(t, frames), "tx.pcap"
			t.Run("forward", func(t *testing.T) { // its end closes the port, and the file
				port := newPort(t, "net_pcap0", fmt.Sprintf("rx_pcap=%s,tx_pcap=%s", rx, tx), ethdev.Config{Queues: 1, MTU: 9000, Pools: []*pktmbuf.Pool{pool}})
				number := 0
				count := forward(port.Queue(0, 0), func(p *burst.Packet) {
					length := len(frames[number])
					if int(p.Len) != length || (p.Segments > 1) != (length > c.dataRoom) || len(p.Data) != min(length, c.dataRoom) {
						t.Errorf("frame %d of %d bytes: Len %d, %d segments, the first of %d", number, length, p.Len, p.Segments, len(p.Data))
					}
					number++
					c.change(p)
				})
				if count != len(frames) {
					t.Errorf("%d frames forwarded, want %d", count, len(frames))
				}
			})
			got := readPcap(t, tx)
			if len(got) != len(frames) {
				t.Fatalf("%d frames written, want %d", len(got), len(frames))
			}
			for i := range got {
				if want := c.want(bytes.Clone(frames[i])); !bytes.Equal(got[i], want) {
					t.Errorf("frame %d: %d bytes written, want %d, or other ones", i, len(got[i]), len(want))
				}
			}
		})
	}
}

// TestSegments looks at a chain behind another port: Trim cuts it off, nothing else does.
func TestSegments(t *testing.T) {
	pool := newPool(t, 1000)
	c := ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}}
	source := newPort(t, "net_pcap0", "rx_pcap="+writePcap(t, [][]byte{frame(0, 2500), frame(1, 2500)}), c).Queue(0, 0)
	ring := newPort(t, "net_ring0", "", c).Queue(0, 0)
	p := make([]burst.Packet, 2)
	if n := source.Receive(p); n != 2 {
		t.Fatalf("received %d", n)
	}
	p[1].Trim(50)
	if ring.Transmit(p) != 2 || ring.Receive(p) != 2 {
		t.Fatal("the ring did not carry them")
	}
	if p[0].Len != 2500 || p[0].Segments < 2 || !bytes.Equal(p[0].Data, frame(0, 2500)[:1000]) {
		t.Errorf("whole: Len %d, %d segments, the first of %d", p[0].Len, p[0].Segments, len(p[0].Data))
	}
	checkFrame(t, &p[1], frame(1, 2500)[:50])
	pool.Free(p)
}

func TestPcapForEver(t *testing.T) {
	pool := newPool(t, 2048)
	rx := writePcap(t, [][]byte{frame(0, 60), frame(1, 61), frame(2, 62)})
	port := newPort(t, "net_pcap0", "rx_pcap="+rx+",infinite_rx=1", ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}})
	queue := port.Queue(0, 0)
	var p [burst.Size]burst.Packet
	for number := 0; number < 1000; {
		n := queue.Receive(p[:])
		if n == 0 {
			t.Fatal("the file ended")
		}
		for i := range p[:n] {
			checkFrame(t, &p[i], frame(number%3, 60+number%3))
			number++
		}
		if queue.Transmit(p[:n]) != n {
			t.Fatal("not transmitted")
		}
	}
}
