package ethdev_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"pgregory.net/rapid"

	"cleat/cgo/eal"
	"cleat/cgo/eal/ealtest"
	"cleat/cgo/ethdev"
	"cleat/cgo/pktmbuf"
	"cleat/lcore/burst"
)

func TestMain(m *testing.M) { os.Exit(ealtest.Run(m)) }

const poolSize = 2047 // more than net_ring holds

// newPool makes a pool that must be whole again when the test is over. No cache: the counts are exact.
func newPool(t testing.TB, dataRoom int) *pktmbuf.Pool {
	t.Helper()
	pool, err := pktmbuf.NewPool("test", poolSize, 0, dataRoom, eal.SocketAny)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n := pool.InUse(); n != 0 {
			t.Errorf("%d mbufs leaked", n)
		}
		pool.Close()
	})
	return pool
}

// newPort makes a virtual device and starts it, until the end of the test.
func newPort(t testing.TB, name, args string, c ethdev.Config) ethdev.Port {
	t.Helper()
	if err := eal.AddVdev(name, args); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := eal.RemoveVdev(name); err != nil {
			t.Error(err)
		}
	})
	port, err := ethdev.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := port.Configure(c); err != nil {
		t.Fatal(err)
	}
	if err := port.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := port.Stop(); err != nil {
			t.Error(err)
		}
	})
	return port
}

// frame makes n bytes that differ from those of other numbers.
func frame(number, n int) []byte {
	f := make([]byte, n)
	for i := range f {
		f[i] = byte(i*7 + number*31)
	}
	return f
}

// packets makes count packets with frame(i, length(i)).
func packets(t testing.TB, pool *pktmbuf.Pool, count int, length func(int) int) []burst.Packet {
	t.Helper()
	p := make([]burst.Packet, count)
	if !pool.Alloc(p) {
		t.Fatal("Alloc failed")
	}
	for i := range p {
		p[i].Data = append(p[i].Data, frame(i, length(i))...)
		p[i].Len = uint32(len(p[i].Data))
	}
	return p
}

func checkFrame(t interface {
	Helper()
	Errorf(format string, args ...any)
}, p *burst.Packet, want []byte,
) {
	t.Helper()
	if !bytes.Equal(p.Data, want) {
		t.Errorf("frame of %d bytes % x…, want %d bytes % x…", len(p.Data), p.Data[:min(8, len(p.Data))], len(want), want[:min(8, len(want))])
	}
	if int(p.Len) != len(want) || p.Segments != 1 {
		t.Errorf("Len %d, Segments %d, want %d and 1", p.Len, p.Segments, len(want))
	}
}

func TestNull(t *testing.T) {
	pool := newPool(t, 2048)
	port := newPort(t, "net_null0", "size=60", ethdev.Config{Queues: 2, Pools: []*pktmbuf.Pool{pool}})
	var p [burst.Size]burst.Packet
	for n := range 2 {
		queue := port.Queue(n, uint16(7+n))
		if got := queue.Receive(p[:]); got != burst.Size {
			t.Fatalf("received %d, want a full burst", got)
		}
		for i := range p {
			if len(p[i].Data) != 60 || p[i].Len != 60 || cap(p[i].Data) != 2048 || p[i].Headroom != burst.Headroom || p[i].Segments != 1 {
				t.Errorf("packet %d: len %d, cap %d, %+v", i, len(p[i].Data), cap(p[i].Data), p[i])
			}
			if p[i].Port != uint16(7+n) {
				t.Errorf("packet %d: port %d, want the worker's own index %d", i, p[i].Port, 7+n)
			}
		}
		if pool.InUse() != burst.Size {
			t.Errorf("%d mbufs in use, want %d", pool.InUse(), burst.Size)
		}
		if sent := queue.Transmit(p[:]); sent != burst.Size {
			t.Errorf("transmitted %d", sent)
		}
	}
	stats, err := port.Stats()
	if err != nil || stats.RxPackets != 2*burst.Size || stats.TxPackets != 2*burst.Size {
		t.Errorf("stats %+v, %v", stats, err)
	}
}

func TestLongAndShortBursts(t *testing.T) {
	pool := newPool(t, 2048)
	queue := newPort(t, "net_null0", "", ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}}).Queue(0, 0)
	p := make([]burst.Packet, 3*burst.Size)
	if n := queue.Receive(p); n != burst.Size {
		t.Errorf("received %d into a slice of %d, want %d", n, len(p), burst.Size)
	}
	if n := queue.Receive(p[burst.Size : burst.Size+5]); n != 5 {
		t.Errorf("received %d into a slice of 5", n)
	}
	if n := queue.Receive(nil); n != 0 {
		t.Errorf("received %d into nil", n)
	}
	if n := queue.Transmit(p[:burst.Size+5]); n != burst.Size {
		t.Errorf("transmitted %d of %d, want %d", n, burst.Size+5, burst.Size)
	}
	if n := queue.Transmit(p[burst.Size : burst.Size+5]); n != 5 {
		t.Errorf("transmitted %d of 5", n)
	}
	if n := queue.Transmit(nil); n != 0 {
		t.Errorf("transmitted %d of none", n)
	}
}

func TestRing(t *testing.T) {
	pool := newPool(t, 2048)
	queue := newPort(t, "net_ring0", "", ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}}).Queue(0, 3)
	length := func(i int) int { return 14 + 61*i }
	for range 3 {
		p := packets(t, pool, burst.Size, length)
		if n := queue.Transmit(p); n != burst.Size {
			t.Fatalf("transmitted %d", n)
		}
		var back [burst.Size]burst.Packet
		if n := queue.Receive(back[:]); n != burst.Size {
			t.Fatalf("received %d", n)
		}
		for i := range back {
			checkFrame(t, &back[i], frame(i, length(i)))
			if back[i].Handle != p[i].Handle || back[i].Port != 3 {
				t.Errorf("packet %d: handle %#x, want %#x; port %d", i, back[i].Handle, p[i].Handle, back[i].Port)
			}
		}
		pool.Free(back[:])
	}
	if n := queue.Receive(make([]burst.Packet, 1)); n != 0 {
		t.Errorf("received %d from an empty ring", n)
	}
}

// TestFullRing sends until the ring takes no more: the rest stays the caller's, fit to be sent again.
func TestFullRing(t *testing.T) {
	pool := newPool(t, 128)
	port := newPort(t, "net_ring0", "", ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}})
	queue := port.Queue(0, 0)
	sent, number := 0, 0
	var rest []burst.Packet
	for rest == nil {
		p := packets(t, pool, burst.Size-1, func(i int) int { return 60 })
		for i := range p {
			copy(p[i].Data, fmt.Sprintf("%4d", number+i))
		}
		number += len(p)
		n := queue.Transmit(p)
		sent += n
		if n < len(p) {
			rest = p[n:]
		}
	}
	if pool.InUse() != sent+len(rest) {
		t.Errorf("%d in use, %d in the ring, %d left to the caller", pool.InUse(), sent, len(rest))
	}
	var back [burst.Size]burst.Packet
	for next := 0; next < number; {
		n := queue.Receive(back[:])
		for i := range back[:n] {
			if want := fmt.Sprintf("%4d", next); string(back[i].Data[:4]) != want || len(back[i].Data) != 60 || back[i].Len != 60 {
				t.Fatalf("got packet %q of %d bytes, want %q", back[i].Data[:4], len(back[i].Data), want)
			}
			next++
		}
		pool.Free(back[:n])
		if len(rest) > 0 {
			rest = rest[queue.Transmit(rest):]
		}
		if n == 0 && len(rest) == 0 && next < number {
			t.Fatalf("%d packets came back of %d", next, number)
		}
	}
}

// TestReshape sends a packet round and round, reshaped at random by whoever holds it, and compares it
// with a plain twin: bytes in a buffer.
func TestReshape(t *testing.T) {
	const room = 256
	pool := newPool(t, room)
	queue := newPort(t, "net_ring0", "", ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}}).Queue(0, 0)
	rapid.Check(t, func(rt *rapid.T) {
		length := rapid.IntRange(1, room).Draw(rt, "length")
		p := packets(t, pool, 1, func(int) int { return length })
		defer pool.Free(p)
		twin, headroom := frame(0, length), burst.Headroom
		for turn := range rapid.IntRange(1, 6).Draw(rt, "turns") {
			switch rapid.SampledFrom([]string{"prepend", "strip", "trim", "append"}).Draw(rt, "change") {
			case "prepend":
				n := rapid.IntRange(0, headroom).Draw(rt, "n")
				if !p[0].Prepend(n) {
					rt.Fatalf("no headroom for %d bytes of %d", n, headroom)
				}
				copy(p[0].Data, frame(turn, n))
				twin, headroom = append(frame(turn, n), twin...), headroom-n
			case "strip":
				n := rapid.IntRange(0, len(twin)-1).Draw(rt, "n")
				p[0].Data = p[0].Data[n:] // Transmit and the port see to the rest
				twin, headroom = twin[n:], headroom+n
			case "trim":
				n := rapid.IntRange(1, len(twin)).Draw(rt, "n")
				p[0].Trim(n)
				twin = twin[:n]
			case "append":
				n := rapid.IntRange(0, burst.Headroom+room-headroom-len(twin)).Draw(rt, "n")
				p[0].Data = append(p[0].Data, frame(turn, n)...)
				twin = append(twin, frame(turn, n)...)
			}
			if queue.Transmit(p) != 1 || queue.Receive(p) != 1 {
				rt.Fatal("the ring did not carry it")
			}
			checkFrame(rt, &p[0], twin)
			if int(p[0].Headroom) != headroom || headroom+cap(p[0].Data) != burst.Headroom+room {
				rt.Fatalf("headroom %d, want %d; room %d", p[0].Headroom, headroom, cap(p[0].Data))
			}
		}
	})
}

func TestForeignData(t *testing.T) {
	pool := newPool(t, 256)
	queue := newPort(t, "net_ring0", "", ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}}).Queue(0, 0)
	p := packets(t, pool, 2, func(int) int { return 60 })
	defer pool.Free(p)
	p[1].Data = make([]byte, 60)
	defer func() {
		if recover() == nil {
			t.Error("Transmit took Data that is not the packet's")
		}
	}()
	queue.Transmit(p)
}

func TestNoGarbage(t *testing.T) {
	pool := newPool(t, 2048)
	queue := newPort(t, "net_null0", "", ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}}).Queue(0, 0)
	var p [burst.Size]burst.Packet
	if n := testing.AllocsPerRun(100, func() { queue.Transmit(p[:queue.Receive(p[:])]) }); n != 0 {
		t.Errorf("%v allocations a burst", n)
	}
}
