package flow

import (
	"testing"

	"pgregory.net/rapid"
)

// TestMap holds Map to Go's own map.
func TestMap(t *testing.T) {
	type key struct {
		addr  Addr
		port  uint16
		proto uint8
	}
	keys := rapid.Custom(func(t *rapid.T) key {
		return key{
			Addr{rapid.Uint64Range(0, 1).Draw(t, "hi"), rapid.Uint64Range(0, 20).Draw(t, "lo")},
			rapid.Uint16Range(0, 2).Draw(t, "port"), rapid.Uint8Range(0, 1).Draw(t, "proto"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		m, twin := NewMap[int](), map[key]int{}
		for i, k := range rapid.SliceOf(keys).Draw(t, "set") {
			m.Set(k.addr, k.port, k.proto, i+1)
			twin[k] = i + 1
			if m.Len() != len(twin) {
				t.Fatalf("Len() = %d, want %d", m.Len(), len(twin))
			}
		}
		if 2*m.Len() > len(m.places) {
			t.Fatalf("%d keys in %d places", m.Len(), len(m.places))
		}
		for range 100 {
			k := keys.Draw(t, "get")
			if got := m.Get(k.addr, k.port, k.proto); got != twin[k] {
				t.Fatalf("Get(%v) = %d, want %d", k, got, twin[k])
			}
		}
	})
}

func TestNewSeedDiffers(t *testing.T) {
	if a, b := NewSeed(), NewSeed(); a == b || a == (Seed{}) {
		t.Errorf("two seeds: %x, %x", a, b)
	}
}
