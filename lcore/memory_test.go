package lcore

import (
	"syscall"
	"testing"
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
)

// TestMemoryOfTenMillion: 10 million connections and as many templates, of IPv4, take 1.6 GiB of a worker at most, with index, wheel, room for Call-IDs and
// all, and a connection 64 bytes beside those. The memory is asked for and never touched.
func TestMemoryOfTenMillion(t *testing.T) {
	const capacity = 10_000_000
	sizes, sum := map[string]int{}, 0
	var taken [][]byte
	alloc := func(name string, size int) ([]byte, error) {
		sizes[name] += size
		sum += size
		b, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
		taken = append(taken, b)
		return b, err
	}
	t.Cleanup(func() {
		for _, b := range taken {
			if b != nil {
				_ = syscall.Munmap(b)
			}
		}
	})
	plan := Plan{
		Workers: 1, Pool: lcoretest.NewPool(t, 1), Alloc: alloc, Connections: capacity, Templates: capacity, Services: 64, Reals: 256,
		Seed: &flow.Seed{1, 2, 3, 4}, Steering: flow.NewSteering(1, 32, 64), Clock: func() time.Duration { return time.Hour },
	}
	if _, err := newWorker(&plan, nil, &Tables{Services: service.NewTable(nil, nil, nil)}); err != nil {
		t.Fatal(err)
	}
	if gib := float64(sum) / (1 << 30); gib > 1.6 {
		t.Errorf("%.3f GiB", gib)
	}
	for _, table := range []string{"connections", "templates"} {
		entry, index := float64(sizes[table])/capacity, float64(sizes[table+"_index"])/capacity
		if entry > 64.1 || index > 16 {
			t.Errorf("%s: %.1f bytes an entry, %.1f index", table, entry, index)
		}
	}
}
