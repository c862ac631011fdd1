package conn

import (
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/memory"
)

// TestCraftedKeys: to whoever knows the secret of the hash, and has an IPv6 network that agrees with it, a million connections have one hash. They
// take the places of each other, a look-up among them compares 24 entries, and all others are as if there were no such thing.
func TestCraftedKeys(t *testing.T) {
	const capacity, others, crafted, bound = 50_000, 10_000, 1_000_000, 24
	seed := flow.Seed{0x2001_0db8_0017_0042, 0x9ae16a3b2f90404f, 0xc3a5c85c97cb3127, 0xb492b66fbe98f273}
	s, err := NewShard(memory.Heap, capacity, capacity, &seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	other := func(n int) *flow.Key {
		return &flow.Key{Src: flow.V4(0x0a000000 + uint32(n)), SrcPort: 7, Dst: flow.V4(9), DstPort: 80, Proto: flow.UDP}
	}
	open := func(k *flow.Key) uint32 {
		i := s.Insert(k, k.Dst, 80)
		if i == 0 {
			if victim := s.Victim(k, k.Dst); victim != 0 {
				s.Remove(victim)
				s.Reclaim()
				i = s.Insert(k, k.Dst, 80)
			}
		}
		if i != 0 {
			s.Entries[i].Timeout = 1000
			s.Touch(i, 0)
		}
		return i
	}
	prove := func(i uint32) {
		s.Entries[i].InPackets = 2
		s.Hear(i, false)
	}
	for n := range others {
		prove(open(other(n)))
	}
	craft := func(n int) *flow.Key {
		return &flow.Key{Src: flow.Addr{Hi: seed[0], Lo: uint64(n) + 1}, SrcPort: 7, Dst: flow.Addr{Hi: 5, Lo: 9}, DstPort: 80, Proto: flow.UDP}
	}
	hash, in := flow.Hash(craft(0).Src, 7, flow.UDP, &seed), 0
	for n := range crafted {
		k := craft(n)
		if flow.Hash(k.Src, k.SrcPort, k.Proto, &seed) != hash {
			t.Fatal("the keys do not meet")
		}
		if i := open(k); i == 0 || s.FindInput(k) != i {
			t.Fatalf("connection %d is entry %d, found at %d", n, i, s.FindInput(k))
		}
	}
	compared := 0
	for c := s.Index.Search(hash); c.Next(); compared++ {
		prove(c.Entry)
		in++
	}
	if compared > bound || s.Used != uint64(others+in) {
		t.Errorf("a look-up compares %d entries, %d of %d are the crafted ones'", compared, in, s.Used)
	}
	if i := open(craft(crafted)); i != 0 {
		t.Error("one more came in the place of a proven one")
	}
	for n := range 2 * others {
		if k := other(n); n >= others && open(k) == 0 || s.FindInput(k) == 0 {
			t.Fatalf("another client's connection %d is not there", n)
		}
	}
}
