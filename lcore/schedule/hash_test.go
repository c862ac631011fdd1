package schedule

import (
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// TestSiphash is X.2.
func TestSiphash(t *testing.T) {
	for _, c := range []struct {
		addr       string
		hash1      uint32
		slot, with int // with: + 50000
		hash2      uint32
		skip       int
	}{
		{"10.0.0.1", 0x03080ce4, 3711, 2318, 0x48f9d0c1, 966},
		{"10.0.0.2", 0x41cfde13, 1884, 1470, 0xc537a6e5, 294},
		{"192.0.2.1", 0x92889c88, 2891, 3800, 0xc6fe83e5, 4086},
		{"198.51.100.1", 0x2215d3fd, 2374, 2775, 0x73e8f8da, 2647},
		{"198.51.100.254", 0x8d4472b1, 1150, 3041, 0x4ea46014, 3605},
		{"255.255.255.255", 0x22c5d719, 3432, 1183, 0xf75a0f5d, 1370},
		{"0.0.0.0", 0x1d5a77c2, 2495, 1277, 0xf882433f, 860},
	} {
		client := &Client{Addr: ip(c.addr), Port: 50000}
		x, y := client.number(0), client.number(service.HashPort)
		if got := siphash(x, key1); got != c.hash1 || int(got%mhSlots) != c.slot {
			t.Errorf("%s: h(key1) %08x, slot %d; want %08x, %d", c.addr, got, got%mhSlots, c.hash1, c.slot)
		}
		if got := int(siphash(y, key1) % mhSlots); got != c.with {
			t.Errorf("%s with its port: slot %d, want %d", c.addr, got, c.with)
		}
		if got := siphash(x, key2); got != c.hash2 || int(got%(mhSlots-1))+1 != c.skip {
			t.Errorf("%s: h(key2) %08x, skip %d; want %08x, %d", c.addr, got, got%(mhSlots-1)+1, c.hash2, c.skip)
		}
	}
}

// TestMH is X.3.
func TestMH(t *testing.T) {
	d := newDirector("mh", 0, slots)
	for n, addr := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"} {
		d.addAt(uint32(n+1), 1, ip(addr), 80)
	}
	orders, _ := ordersOf(d.virtual.Reals)
	for slot, want := range map[int]order{1: {3167, 700, 1}, 2: {1231, 3544, 1}, 3: {1631, 3453, 1}} {
		if got := orders[3-slot]; got != want {
			t.Errorf("server %d: %+v, want %+v", slot, got, want)
		}
	}
	owned := map[uint32]int{}
	for i, b := range d.virtual.Buckets {
		slot := d.virtual.Reals[b].Slot
		owned[slot]++
		if want := "1223312331122113"; i < len(want) && byte('0'+slot) != want[i] {
			t.Errorf("slot %d: server %d, want %c", i, slot, want[i])
		}
	}
	if owned[1] != 1364 || owned[2] != 1364 || owned[3] != 1365 {
		t.Errorf("servers own %v, want 1364 1364 1365", owned)
	}
	for addr, want := range map[string]int{"198.51.100.1": 3, "198.51.100.2": 3, "198.51.100.3": 1, "198.51.100.254": 3} {
		if got := d.pick(&Client{Addr: ip(addr)}); got != want {
			t.Errorf("%s: server %d, want %d", addr, got, want)
		}
	}
}

// TestMHWeights: M.4: turns are shares, cut to 6 bits, and one at least.
func TestMHWeights(t *testing.T) {
	for _, c := range []struct {
		weights, want []int32
	}{
		{[]int32{2, 4, 6}, []int32{1, 2, 3}},
		{[]int32{1, 1000}, []int32{1, 62}},
		{[]int32{0, 63}, []int32{0, 1}},
		{[]int32{1, 64}, []int32{1, 32}},
		{[]int32{1, 63}, []int32{1, 63}},
	} {
		reals := make([]service.Real, len(c.weights))
		for i, w := range c.weights {
			reals[i].LastWeight = w
		}
		orders, _ := ordersOf(reals)
		for i, want := range c.want {
			if orders[i].turns != int(want) {
				t.Errorf("weights %v: server %d has %d turns, want %d", c.weights, i, orders[i].turns, want)
			}
		}
	}
}

// TestMHFull: as many servers as there are slots have one each.
func TestMHFull(t *testing.T) {
	v := &service.Virtual{Reals: make([]service.Real, mhSlots)}
	for i := range v.Reals {
		v.Reals[i] = service.Real{Addr: flow.V4(uint32(i)), LastWeight: 7}
	}
	mh{}.Build(v)
	seen := map[uint16]bool{}
	for _, b := range v.Buckets {
		seen[b] = true
	}
	if len(seen) != mhSlots {
		t.Errorf("%d of %d servers have a slot", len(seen), mhSlots)
	}
}

// TestMHFallbackGoesFar: M.7, where all but a server with few slots are overloaded.
func TestMHFallbackGoesFar(t *testing.T) {
	d, twin := newDirector("mh", service.Fallback, slots), &mhTwin{fallback: true}
	list := []*server{{slot: 1, weight: 63, last: 63, overload: true}, {slot: 0, weight: 1, last: 1}}
	d.add(0, 1)
	d.add(1, 63)
	d.loads[1].Overload = true
	twin.changed(list)
	for a := range uint32(1000) {
		c := &Client{Addr: flow.V4(172<<24 + a)}
		if got, want := d.pick(c), twin.pick(list, c); want == nil || got != int(want.slot) {
			t.Fatalf("client %d: server %d, the twin's %v", a, got, want)
		}
	}

	d.edit(0, 0)
	if got := d.pick(&Client{}); got != None {
		t.Errorf("server %d, want none", got)
	}
}

func BenchmarkMHBuild(b *testing.B) {
	d := large("mh", 100)
	for b.Loop() {
		mh{}.Build(d.virtual)
	}
}
