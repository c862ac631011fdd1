package netring_test

import (
	"os"
	"strings"
	"testing"

	"cleat/cgo/eal"
	"cleat/cgo/eal/ealtest"
	"cleat/cgo/ethdev"
	"cleat/cgo/netring"
	"cleat/cgo/pktmbuf"
	"cleat/lcore/burst"
)

func TestMain(m *testing.M) { os.Exit(ealtest.Run(m)) }

func start(t *testing.T, p ethdev.Port, pool *pktmbuf.Pool) *ethdev.Queue {
	t.Helper()
	if err := p.Configure(ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}}); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p.Queue(0, 7)
}

// TestCable: both directions keep packets and their order, and are full when they are full; all of it several times.
func TestCable(t *testing.T) {
	const room = 64
	pool, err := pktmbuf.NewPool("cable", 1023, 0, 256, eal.SocketAny)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for range 3 {
		c, err := netring.New("cable", room, eal.SocketAny)
		if err != nil {
			t.Fatal(err)
		}
		a, b := start(t, c.A, pool), start(t, c.B, pool)
		for _, way := range [][2]burst.Queue{{a, b}, {b, a}} {
			through(t, pool, way[0], way[1], room-1)
		}
		leave(t, pool, a)
		for _, p := range []ethdev.Port{c.A, c.B} {
			if err := p.Stop(); err != nil {
				t.Error(err)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := pool.InUse(); n != 0 {
		t.Errorf("%d buffers are lost", n)
	}
}

// through sends until the cable is full, and takes out what it holds.
func through(t *testing.T, pool *pktmbuf.Pool, from, to burst.Queue, room int) {
	t.Helper()
	var p [burst.Size]burst.Packet
	sent := 0
	for full := false; !full; {
		if !pool.Alloc(p[:]) {
			t.Fatal("no buffers")
		}
		for i := range p {
			p[i].Data = append(p[i].Data[:0], byte(sent+i), 1, 2, 3)
			p[i].Len = 4
		}
		n := from.Transmit(p[:])
		pool.Free(p[n:])
		sent += n
		full = n < len(p)
	}
	got := 0
	for {
		n := to.Receive(p[:])
		if n == 0 {
			break
		}
		for i := range p[:n] {
			if p[i].Port != 7 || len(p[i].Data) != 4 || p[i].Data[0] != byte(got+i) {
				t.Fatalf("packet %d: %v", got+i, p[i].Data)
			}
		}
		got += n
		pool.Free(p[:n])
	}
	if sent != room || got != room {
		t.Errorf("%d sent, %d received, want %d", sent, got, room)
	}
}

// leave sends a packet that nobody receives.
func leave(t *testing.T, pool *pktmbuf.Pool, q burst.Queue) {
	t.Helper()
	var p [1]burst.Packet
	if !pool.Alloc(p[:]) || q.Transmit(p[:]) != 1 {
		t.Fatal("not sent")
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		room int
		want string
	}{
		{"odd", 63, "rte_ring_create"},
		{strings.Repeat("x", 40), 64, "rte_ring_create"},
	} {
		if _, err := netring.New(c.name, c.room, eal.SocketAny); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %d: %v, want %s", c.name, c.room, err, c.want)
		}
	}
	taken, err := netring.New("taken", 64, eal.SocketAny)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := netring.New("taken", 64, eal.SocketAny); err == nil {
		t.Error("a name was given twice")
	}
}
