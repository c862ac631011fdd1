package flow

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// toeplitz is the hash as the RSS specification has it: for every bit of the input that is set, the 32 bits of the key from that bit on.
func toeplitz(key [40]byte, input []byte) (hash uint32) {
	bit := func(b []byte, i int) uint32 { return uint32(b[i/8]) >> (7 - i%8) & 1 }
	for i := range 8 * len(input) {
		if bit(input, i) == 0 {
			continue
		}
		var window uint32
		for j := range 32 {
			window = window<<1 | bit(key[:], i+j)
		}
		hash ^= window
	}
	return hash
}

// TestToeplitzTwin checks the twin against the verification suite of the RSS specification: its key, and 66.9.149.187:2794 to
// 161.142.100.80:1766, addresses only.
func TestToeplitzTwin(t *testing.T) {
	key := [40]byte{
		0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
		0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
	}
	if got := toeplitz(key, []byte{66, 9, 149, 187, 161, 142, 100, 80}); got != 0x323e8fc2 {
		t.Fatalf("%#08x, want 0x323e8fc2", got)
	}
}

func TestHashIsWhatANICComputes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSteering(rapid.Uint32().Draw(t, "word"), 3, 32, 128)
		a := Addr{rapid.Uint64().Draw(t, "hi"), rapid.Uint64().Draw(t, "lo")}
		var field []byte
		if rapid.Bool().Draw(t, "IPv4") {
			a = V4(a.Uint32())
			field = binary.BigEndian.AppendUint32(nil, a.Uint32())
		} else {
			field = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, a.Hi), a.Lo)
		}
		want := s.Hash(a)
		if got := toeplitz(s.Key(), field); got != want {
			t.Errorf("source only: NIC %#08x, Hash %#08x", got, want)
		}
		// The other address left out of the tuple, or in it but masked to zero.
		if got := toeplitz(s.Key(), append(make([]byte, len(field)), field...)); got != want {
			t.Errorf("destination only: NIC %#08x, Hash %#08x", got, want)
		}
	})
}

func TestSteeringPrefix(t *testing.T) {
	s := NewSteering(4, 24, 64)
	for _, c := range []struct {
		name string
		a, b Addr
		same bool
	}{
		{"one /24", V4(0xc0000201), V4(0xc00002fe), true},
		{"two /24", V4(0xc0000201), V4(0xc0000301), false},
		{"one /64", Addr{5 << 32, 1}, Addr{5 << 32, 1 << 63}, true},
		{"two /64", Addr{5 << 32, 1}, Addr{5<<32 | 1, 1}, false},
	} {
		if same := s.Hash(c.a) == s.Hash(c.b); same != c.same {
			t.Errorf("%s: same hash %v, want %v", c.name, same, c.same)
		}
	}
}

// TestNeighboursSpread: with every key that NewSteering may draw, 128 clients in a row, or in networks in a row, are shared out to within one.
func TestNeighboursSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		workers := rapid.IntRange(1, Entries).Draw(t, "workers")
		s := NewSteering(workers, 32, 64)
		base := rapid.Uint32().Draw(t, "base")
		shift := rapid.SampledFrom([]int{0, 8, 16, 24}).Draw(t, "byte")
		v6 := rapid.Bool().Draw(t, "IPv6")
		got := make([]int, workers)
		for i := range uint32(Entries) {
			a := base&^(0x7f<<shift) | i<<shift
			if v6 {
				got[s.Worker(Addr{uint64(a), 1})]++
			} else {
				got[s.Worker(V4(a))]++
			}
		}
		for w, n := range got {
			if n < Entries/workers || n > (Entries+workers-1)/workers {
				t.Fatalf("%d workers: worker %d has %d of %d clients", workers, w, n, Entries)
			}
		}
	})
}

// TestScatteredSpread: clients all over the world are shared out within 10 % (some 9 standard deviations).
func TestScatteredSpread(t *testing.T) {
	const workers, clients = 8, 64_000
	s := NewSteering(workers, 32, 64)
	var got [workers]int
	random := rand.New(rand.NewPCG(1, 2))
	for range clients {
		got[s.Worker(V4(random.Uint32()))]++
	}
	for w, n := range got {
		if n < clients/workers*90/100 || n > clients/workers*110/100 {
			t.Errorf("worker %d has %d of %d clients", w, n, clients)
		}
	}
}

func TestIndirection(t *testing.T) {
	s := NewSteering(5, 32, 64)
	table := s.Indirection()
	for a := range uint32(1000) {
		if got, want := s.Worker(V4(a)), int(table[s.Hash(V4(a))%Entries]); got != want {
			t.Fatalf("Worker(%d) = %d, the NIC's table says %d", a, got, want)
		}
	}
}

func BenchmarkWorker(b *testing.B) {
	s := NewSteering(8, 32, 64)
	for b.Loop() {
		s.Worker(V4(0xac100001))
	}
}
