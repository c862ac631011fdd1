package prefetch_test

import (
	"math/rand/v2"
	"testing"

	"cleat/lcore/prefetch"
)

type entry [8]uint64

// TestNothingIsSeen: entries are as they were, also where a number lies beyond the table, and where there is nothing to ask for.
func TestNothingIsSeen(t *testing.T) {
	table := make([]entry, 100)
	for i := range table {
		table[i][0] = uint64(i)
	}
	prefetch.Entries(table, nil)
	prefetch.Entries(table[:0], []uint32{1})
	prefetch.Entries(table, []uint32{0, 99, 1<<32 - 1, 50})
	for i := range table {
		if table[i] != (entry{uint64(i)}) {
			t.Errorf("entry %d is %v", i, table[i])
		}
	}
}

// BenchmarkEntries reads bursts of 32 entries from a table that no cache holds, asked for before or not.
func BenchmarkEntries(b *testing.B) {
	const size = 1 << 21 // 128 MiB
	table := make([]entry, size)
	for i := range table {
		table[i][0] = 1
	}
	random := rand.New(rand.NewPCG(1, 2))
	numbers := make([]uint32, 1<<16)
	for i := range numbers {
		numbers[i] = random.Uint32N(size)
	}
	for _, asked := range []bool{false, true} {
		name := "plain"
		if asked {
			name = "asked"
		}
		b.Run(name, func(b *testing.B) {
			at, sum := 0, uint64(0)
			for b.Loop() {
				burst := numbers[at : at+32]
				if asked {
					prefetch.Entries(table, burst)
				}
				for _, n := range burst { // each depends on the one before, as the work on a packet is too long to overlap the next one's
					sum += table[(uint64(n)+sum&(1<<62))%size][0]
				}
				at = (at + 32) % len(numbers)
			}
			if sum == 0 {
				b.Fatal("nothing read")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/32, "ns/entry")
		})
	}
}
