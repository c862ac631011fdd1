package schedule

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
	"cleat/lcore/service"
)

var clients = rapid.Custom(func(t *rapid.T) Client {
	return Client{
		Addr: flow.V4(rapid.Uint32().Draw(t, "addr")), Port: rapid.Uint16().Draw(t, "port"),
		Dst: flow.V4(10<<24 | 1<<8 | rapid.Uint32Range(1, 5).Draw(t, "destination")), // few, so that they come again
	}
})

func ip(s string) flow.Addr { return flow.FromNetip(netip.MustParseAddr(s)) }

// sequence returns the next n picks as letters, slot 1 = A, and x for none.
func sequence(d *director, n int) string {
	var b strings.Builder
	for range n {
		if slot := d.pick(&Client{}); slot == None {
			b.WriteByte('x')
		} else {
			b.WriteByte('A' + byte(slot) - 1)
		}
	}
	return b.String()
}

func TestRegistry(t *testing.T) {
	if want := strings.Fields("rr wrr lc wlc sed nq lblc lblcr dh sh mh fo ovf twos none"); !slices.Equal(Names(), want) {
		t.Errorf("Names() = %v, want %v", Names(), want)
	}
	for i, name := range Names() {
		if index, ok := ByName(name); !ok || int(index) != i || All[index].Name() != name {
			t.Errorf("ByName(%q) = %d, %v; want %d", name, index, ok, i)
		}
	}
	if _, ok := ByName("RR"); ok {
		t.Error(`ByName("RR") found one`)
	}
}

// TestRRAdd is the sequence that was measured on the kernel: a new server waits until the rotation wraps (R.4).
func TestRRAdd(t *testing.T) {
	d := newDirector("rr", 0, slots)
	for slot := range uint32(3) {
		d.add(slot+1, 1)
	}
	got := sequence(d, 4)
	d.add(4, 1)
	if got += "|" + sequence(d, 7); got != "CBAC|BADCBAD" {
		t.Errorf("%s, want CBAC|BADCBAD", got)
	}
}

func TestRRDelete(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*director)
		want   string
	}{
		{"another server", func(d *director) { d.delete(1) }, "C|BCB"},
		{"the last picked, at the head, then a new one", func(d *director) { d.delete(3); d.add(4, 1) }, "C|DBA"},
		{"it and its successor", func(d *director) { d.delete(3); d.delete(2) }, "C|AAA"},
		{"it, and it comes back", func(d *director) { d.delete(3); d.add(3, 1) }, "C|CBA"},
		{"all, and two come back", func(d *director) { d.delete(3); d.delete(2); d.delete(1); d.add(1, 1); d.add(2, 1) }, "C|BAB"},
		{"edited only", func(d *director) { d.edit(3, 5) }, "C|BAC"},
		{"quiesced", func(d *director) { d.edit(2, 0) }, "C|ACA"},
	} {
		d := newDirector("rr", 0, slots)
		for slot := range uint32(3) {
			d.add(slot+1, 1)
		}
		got := sequence(d, 1)
		c.change(d)
		if got += "|" + sequence(d, 3); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestWRR is X.5, and what happens when the heaviest server is overloaded.
func TestWRR(t *testing.T) {
	d := newDirector("wrr", 0, slots)
	d.reals = []service.Real{{Slot: 1, Added: 3, Weight: 4}, {Slot: 2, Added: 2, Weight: 2}, {Slot: 3, Added: 1, Weight: 1}}
	d.publish() // all at once, as when a service gets this scheduler
	if got := sequence(d, 14); got != "AAABABCAAABABC" {
		t.Errorf("X.5: %s, want AAABABC twice", got)
	}
	d.loads[1].Overload = true
	if got := sequence(d, 6); got != "BBCBBC" {
		t.Errorf("A overloaded: %s, want BBCBBC", got)
	}
	d.loads[2].Overload, d.loads[3].Overload = true, true
	if got := sequence(d, 2); got != "xx" {
		t.Errorf("all overloaded: %s, want xx", got)
	}
}

// TestWRRAdd: servers added one by one leave the pass where the first one put it.
func TestWRRAdd(t *testing.T) {
	d := newDirector("wrr", 0, slots)
	d.add(3, 1)
	d.add(2, 2)
	d.add(1, 4)
	if got := sequence(d, 10); got != "ABCAAABABC" {
		t.Errorf("%s, want ABC, then X.5", got)
	}
}

// TestWRRSkipsPasses: a pick takes one step where the passes between two weights are 2^31.
func TestWRRSkipsPasses(t *testing.T) {
	d := newDirector("wrr", 0, slots)
	d.add(1, math.MaxInt32)
	d.add(2, 1)
	d.loads[1].Overload = true
	if got := sequence(d, 1000); got != strings.Repeat("B", 1000) {
		t.Errorf("%s, want B only", got)
	}
	d.loads[1].Overload = false
	if got := sequence(d, 3); got != "AAA" {
		t.Errorf("%s, want AAA", got)
	}
}

// TestOverheadWidth: lc counts modulo 2^32, wlc with a sign and 64-bit products (G.3, G.5).
func TestOverheadWidth(t *testing.T) {
	for _, c := range []struct {
		name      string
		scheduler string
		active    [2]int32 // of A, B
		weight    [2]int32
		want      string
	}{
		{"2^31 and more is much for lc", "lc", [2]int32{9_000_000, 8_000_000}, [2]int32{1, 1}, "B"},
		{"and negative for wlc", "wlc", [2]int32{9_000_000, 8_000_000}, [2]int32{1, 1}, "A"},
		{"products beyond 32 bits", "wlc", [2]int32{4_000_000, 1}, [2]int32{1_000_000, 1}, "B"},
		{"products beyond 32 bits, the other way", "wlc", [2]int32{4_000_000, 8}, [2]int32{1_000_000, 1}, "A"},
	} {
		d := newDirector(c.scheduler, 0, slots)
		for i := range 2 {
			d.add(uint32(i+1), c.weight[i])
			d.loads[i+1].Active = c.active[i]
		}
		if got := sequence(d, 1); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestHash8 is X.2.
func TestHash8(t *testing.T) {
	for addr, want := range map[string][2]int{
		"10.0.0.1": {39, 116}, "10.0.0.2": {137, 214}, "192.0.2.1": {50, 127}, "198.51.100.1": {96, 173},
		"198.51.100.254": {3, 80}, "255.255.255.255": {158, 235}, "0.0.0.0": {0, 76},
	} {
		c := Client{Addr: ip(addr), Port: 50000}
		if got := [2]int{hash8(c.number(0)), hash8(c.number(service.HashPort))}; got != want {
			t.Errorf("%s: %v, want %v", addr, got, want)
		}
	}
	// IPv6: the XOR of the four words, here those of 10.0.0.1 (X.1).
	if got := hash8((&Client{Addr: ip("a00::1")}).number(0)); got != 39 {
		t.Errorf("a00::1: %d, want 39", got)
	}
}

// TestSH is X.4.
func TestSH(t *testing.T) {
	d := newDirector("sh", 0, slots)
	for slot := range uint32(3) {
		d.add(slot+1, 1)
	}
	for addr, want := range map[string]int{"198.51.100.1": 3, "198.51.100.2": 1, "198.51.100.3": 1, "198.51.100.254": 3} {
		if got := d.pick(&Client{Addr: ip(addr)}); got != want {
			t.Errorf("%s: server %d, want %d", addr, got, want)
		}
	}
	for slot := range uint32(3) {
		d.edit(slot+1, 3-int32(slot))
	}
	want := []uint16{0, 1, 1, 2, 2, 2, 0, 1, 1, 2, 2, 2} // indices in the list .3 .2 .1
	if got := d.virtual.Buckets[:12]; !slices.Equal(got, want) {
		t.Errorf("buckets %v, want %v", got, want)
	}
	d.edit(2, 256) // S.1: starves what follows
	if got := d.virtual.Buckets; len(got) != 256 || slices.Contains(got, 2) {
		t.Errorf("%d buckets, server 1 still has some: %v", len(got), got)
	}
}

func TestNoServers(t *testing.T) {
	for _, name := range Names() {
		d := newDirector(name, service.Fallback, slots)
		if got := d.pick(&Client{Addr: ip("10.0.0.1")}); got != None {
			t.Errorf("%s without servers: %d, want None", name, got)
		}
		d.add(1, 0)
		if got := d.pick(&Client{Addr: ip("10.0.0.1")}); got != None {
			t.Errorf("%s with one server of weight 0: %d, want None", name, got)
		}
	}
}

func large(name string, n int) *director {
	d := newDirector(name, service.Fallback, n)
	for slot := range uint32(n) {
		d.reals = append(d.reals, service.Real{
			Slot: slot, Added: math.MaxUint32 - uint64(slot), Identity: slot, Addr: flow.V4(slot), Weight: 1 + int32(slot%7), LastWeight: 1 + int32(slot%7),
		})
	}
	d.publish()
	return d
}

func TestPickAllocatesNothing(t *testing.T) {
	c := &Client{Addr: ip("172.16.0.1"), Port: 4000}
	for _, name := range Names() {
		d := large(name, 10)
		if n := testing.AllocsPerRun(100, func() { d.pick(c) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}

func BenchmarkPick(b *testing.B) {
	c := &Client{Addr: ip("172.16.0.1"), Port: 4000}
	for _, name := range Names() {
		for _, n := range []int{3, 100} {
			d := large(name, n)
			b.Run(fmt.Sprintf("%s/servers=%d", name, n), func(b *testing.B) {
				for b.Loop() {
					d.pick(c)
				}
			})
		}
	}
}

// TestBalanced: which services have to know of other workers' connections.
func TestBalanced(t *testing.T) {
	balancers := map[string]bool{"lc": true, "wlc": true, "sed": true, "nq": true, "lblc": true, "lblcr": true, "ovf": true, "twos": true}
	for _, name := range Names() {
		n, _ := ByName(name)
		v := &service.Virtual{Scheduler: n, Reals: []service.Real{{Weight: 1, LastWeight: 1}}}
		if Build(v); v.Balanced != balancers[name] {
			t.Errorf("%s: balanced %v", name, v.Balanced)
		}
		v.Reals[0].Upper = 1
		if Build(v); !v.Balanced {
			t.Errorf("%s: thresholds count the connections of all workers", name)
		}
	}
}
