package ethdev_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

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
	removed := false
	remove := func() {
		if removed {
			return
		}
		removed = true
		if err := eal.RemoveVdev(name); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(remove)
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

func checkFrame(t testing.TB, p *burst.Packet, want []byte) {
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

func TestReshape(t *testing.T) {
	pool := newPool(t, 256)
	queue := newPort(t, "net_ring0", "", ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}}).Queue(0, 0)
	prefix := func(p *burst.Packet, n int) {
		if !p.Prepend(n) {
			t.Fatalf("no headroom for %d bytes", n)
		}
		copy(p.Data, frame(99, n))
	}
	original := frame(0, 100)
	for _, c := range []struct {
		name    string
		reshape func(p *burst.Packet)
		want    []byte
	}{
		{"as it is", func(p *burst.Packet) {}, original},
		{"prepend", func(p *burst.Packet) { prefix(p, 20) }, append(frame(99, 20), original...)},
		{"prepend all headroom", func(p *burst.Packet) { prefix(p, 128) }, append(frame(99, 128), original...)},
		{"strip", func(p *burst.Packet) { p.Data = p.Data[14:] }, original[14:]},
		{"strip and prepend", func(p *burst.Packet) { p.Data = p.Data[20:]; p.Headroom += 20; prefix(p, 8) }, append(frame(99, 8), original[20:]...)},
		{"trim", func(p *burst.Packet) { p.Trim(60) }, original[:60]},
		{"trim and prepend", func(p *burst.Packet) { p.Trim(60); prefix(p, 4) }, append(frame(99, 4), original[:60]...)},
		{"grow to the end of the room", func(p *burst.Packet) {
			p.Data = append(p.Data, frame(98, cap(p.Data)-len(p.Data))...)
			p.Len = uint32(len(p.Data))
		}, append(frame(0, 100), frame(98, 156)...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := packets(t, pool, 1, func(int) int { return 100 })
			for range 2 { // once as made, once as received
				c.reshape(&p[0])
				if queue.Transmit(p) != 1 || queue.Receive(p) != 1 {
					t.Fatal("the ring did not carry it")
				}
				checkFrame(t, &p[0], c.want)
				if p[0].Headroom+uint16(cap(p[0].Data)) != burst.Headroom+256 {
					t.Errorf("headroom %d and room %d are not the whole buffer", p[0].Headroom, cap(p[0].Data))
				}
				pool.Free(p)
				p = packets(t, pool, 1, func(int) int { return 100 })
				if queue.Transmit(p) != 1 || queue.Receive(p) != 1 {
					t.Fatal("the ring did not carry it")
				}
			}
			pool.Free(p)
		})
	}
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
