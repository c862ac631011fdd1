package template

import (
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/memory"
	"cleat/lcore/shard"
)

// TestCraftedKeys: the same as for connections (package conn), with a million client networks of one hash. Those that are proven stay.
func TestCraftedKeys(t *testing.T) {
	const capacity, others, crafted, bound = 50_000, 10_000, 1_000_000, 24
	seed := flow.Seed{0x2001_0db8_0017_0042, 0x9ae16a3b2f90404f, 0xc3a5c85c97cb3127, 0xb492b66fbe98f273}
	s, err := NewShard(memory.Heap, capacity, capacity, &seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	bind := func(k *Key) uint32 {
		i := s.Insert(k, nil, 1, 80, 1000)
		if i == 0 {
			if victim := s.Victim(s.WantOf(k, nil), shard.Looks); victim != 0 {
				s.Remove(victim)
				s.Reclaim()
				i = s.Insert(k, nil, 1, 80, 1000)
			}
		}
		if i != 0 {
			s.Touch(i, 0)
		}
		return i
	}
	other := func(n int) *Key {
		return &Key{Client: flow.V4(0x0a000000 + uint32(n)), Virtual: flow.V4(9), Port: 80, Proto: flow.TCP}
	}
	for n := range others {
		s.Prove(bind(other(n)))
	}
	craft := func(n int) *Key {
		return &Key{Client: flow.Addr{Hi: seed[0], Lo: uint64(n) + 1}, Virtual: flow.Addr{Hi: 5, Lo: 9}, Port: 80, Proto: flow.TCP}
	}
	hash := s.Hash(craft(0), nil)
	for n := range crafted {
		k := craft(n)
		if s.Hash(k, nil) != hash {
			t.Fatal("the keys do not meet")
		}
		if i := bind(k); i == 0 || s.Find(k, nil) != i {
			t.Fatalf("template %d is entry %d, found at %d", n, i, s.Find(k, nil))
		}
	}
	compared := 0
	for c := s.Index.Search(hash); c.Next(); compared++ {
		s.Prove(c.Entry)
	}
	if compared > bound || s.Used != uint64(others+compared) {
		t.Errorf("a look-up compares %d entries of %d", compared, s.Used)
	}
	if bind(craft(crafted)) != 0 || !s.Index.Crowded(s.Hash(craft(crafted), nil)) {
		t.Error("one more came in the place of a proven one")
	}
	for n := range 2 * others {
		if k := other(n); n >= others && bind(k) == 0 || s.Find(k, nil) == 0 {
			t.Fatalf("another client's template %d is not there", n)
		}
	}
}
