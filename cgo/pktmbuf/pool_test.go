package pktmbuf_test

import (
	"os"
	"strings"
	"testing"

	"cleat/cgo/eal"
	"cleat/cgo/eal/ealtest"
	"cleat/cgo/pktmbuf"
	"cleat/lcore/burst"
)

func TestMain(m *testing.M) { os.Exit(ealtest.Run(m)) }

// newPool makes a pool that must be whole again when the test is over.
func newPool(t testing.TB, n, cache, dataRoom int) *pktmbuf.Pool {
	t.Helper()
	pool, err := pktmbuf.NewPool("test", n, cache, dataRoom, eal.SocketAny)
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

func TestAllocFree(t *testing.T) {
	pool := newPool(t, 127, 0, 2048)
	if pool.Size() != 127 || pool.Avail() != 127 || pool.InUse() != 0 {
		t.Errorf("new: size %d, available %d, in use %d", pool.Size(), pool.Avail(), pool.InUse())
	}
	var held []burst.Packet
	for range 3 {
		p := make([]burst.Packet, burst.Size)
		if !pool.Alloc(p) {
			t.Fatal("Alloc failed")
		}
		held = append(held, p...)
	}
	if pool.InUse() != 96 || pool.Avail() != 31 {
		t.Errorf("in use %d, available %d, want 96 and 31", pool.InUse(), pool.Avail())
	}
	seen := map[uintptr]bool{}
	for i := range held {
		p := &held[i]
		if len(p.Data) != 0 || cap(p.Data) != 2048 || p.Len != 0 || p.Headroom != burst.Headroom || p.Segments != 1 || p.Flags != 0 {
			t.Errorf("packet %d: len %d, cap %d, %+v", i, len(p.Data), cap(p.Data), p)
		}
		if seen[p.Handle] {
			t.Errorf("packet %d was given out twice", i)
		}
		seen[p.Handle] = true
		whole := p.Data[:cap(p.Data)]
		whole[0], whole[len(whole)-1] = 1, 2 // the memory is there
	}
	if pool.Alloc(make([]burst.Packet, burst.Size)) || pool.Avail() != 31 {
		t.Errorf("Alloc of 32 with 31 left: %d are left", pool.Avail())
	}
	if !pool.Alloc(nil) {
		t.Error("Alloc of none failed")
	}
	pool.Free(held) // 96: more than one burst
}

func TestAllocAfterUse(t *testing.T) {
	pool := newPool(t, 1, 0, 256)
	p := make([]burst.Packet, 1)
	for range 3 {
		if !pool.Alloc(p) {
			t.Fatal("Alloc failed")
		}
		if p[0].Len != 0 || p[0].Headroom != burst.Headroom || cap(p[0].Data) != 256 {
			t.Errorf("a used buffer is not as new: %+v", p[0])
		}
		p[0].Data = p[0].Data[:14]
		p[0].Prepend(100)
		pool.Free(p)
	}
}

func TestFreeToOwnPool(t *testing.T) {
	one := newPool(t, 7, 0, 128)
	two, err := pktmbuf.NewPool("test2", 7, 0, 128, eal.SocketAny)
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	p := make([]burst.Packet, 8)
	if !one.Alloc(p[:4]) || !two.Alloc(p[4:]) {
		t.Fatal("Alloc failed")
	}
	one.Free(p)
	if one.InUse() != 0 || two.InUse() != 0 {
		t.Errorf("in use: %d and %d", one.InUse(), two.InUse())
	}
}

func TestCacheOfThread(t *testing.T) {
	pool := newPool(t, 255, 32, 128)
	done, err := eal.Thread("test", 0, func() {
		p := make([]burst.Packet, burst.Size)
		for range 1000 {
			if !pool.Alloc(p) {
				t.Error("Alloc failed")
				return
			}
			pool.Free(p)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	<-done
}

func TestNoGarbage(t *testing.T) {
	pool := newPool(t, 127, 0, 2048)
	var p [burst.Size]burst.Packet
	if n := testing.AllocsPerRun(100, func() {
		pool.Alloc(p[:])
		pool.Free(p[:])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestNewPoolErrors(t *testing.T) {
	newPool(t, 7, 0, 128)
	for _, c := range []struct {
		name               string
		n, cache, dataRoom int
		want               string
	}{
		{"test", 7, 0, 128, "File exists"},
		{"x", 0, 0, 128, "0 mbufs"},
		{"x", 7, -1, 128, "cache of -1"},
		{"x", 7, 600, 128, "Invalid argument"},
		{"x", 7, 0, 0, "data room 0: must be 1 to 65407"},
		{"x", 7, 0, 65408, "data room 65408"},
		{"x", 1 << 24, 0, 65000, "Cannot allocate memory"},
	} {
		pool, err := pktmbuf.NewPool(c.name, c.n, c.cache, c.dataRoom, eal.SocketAny)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
		if err == nil {
			pool.Close()
		}
	}
}

func BenchmarkAllocFree(b *testing.B) {
	pool := newPool(b, 1023, 256, 2048)
	done, err := eal.Thread("bench", 0, func() {
		var p [burst.Size]burst.Packet
		for b.Loop() {
			pool.Alloc(p[:])
			pool.Free(p[:])
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	<-done
}
