package lcore

import (
	"syscall"
	"testing"

	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/template"
)

// TestMemoryOfTenMillion: 10 million connections and as many templates, of IPv4, take 1.6 GiB of a worker at most, with index, wheel and all, and a connection
// 64 bytes beside those. The memory is asked for and never touched.
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
	seed := &flow.Seed{1, 2, 3, 4}
	if _, err := conn.NewShard(alloc, capacity, 0, seed, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := template.NewShard(alloc, capacity, 0, seed, 0); err != nil {
		t.Fatal(err)
	}
	data := sizes["templates_data"] + sizes["templates_data_links"] // of a persistence engine, at most a 16th
	if gib := float64(sum-data) / (1 << 30); gib > 1.6 {
		t.Errorf("%.2f GiB", gib)
	}
	for _, table := range []string{"connections", "templates"} {
		entry, index := float64(sizes[table])/capacity, float64(sizes[table+"_index"])/capacity
		if entry > 64.1 || index > 16 {
			t.Errorf("%s: %.1f bytes an entry, %.1f index", table, entry, index)
		}
	}
}
