package schedule

import (
	"slices"
	"testing"
	"time"
)

// TestLBLCRFullSet: a destination has at most setSize servers; one more works but is not remembered, until one of them was removed.
func TestLBLCRFullSet(t *testing.T) {
	d := newDirector("lblcr", 0, setSize+2)
	c := &Client{Dst: ip("10.0.1.1")}
	overload := func() int { // the server picked becomes too busy, for which an idle one has to be there
		slot := d.pick(c)
		d.loads[slot].Active += 2
		return slot
	}
	for slot := range uint32(setSize + 2) {
		d.add(slot, 1)
		overload()
	}
	set := func() []uint32 { return d.memory[0].Servers(d.memory[0].Use(c.Dst, 0, expiration)) }
	if n := len(set()); n != setSize {
		t.Fatalf("%d servers, want %d", n, setSize)
	}
	for slot := range uint32(setSize + 2) {
		d.loads[slot].Active = 2
	}
	d.loads[setSize+1].Active = 0
	if got := d.pick(c); got != setSize+1 {
		t.Errorf("server %d, want the idle one, %d", got, setSize+1)
	}
	if set()[0] == setSize+1 {
		t.Error("a full set took a server")
	}
	d.delete(set()[3])
	if d.pick(c); len(set()) != setSize || set()[0] != setSize+1 {
		t.Errorf("%v, want server %d in the removed one's place", set(), setSize+1)
	}
}

// TestLBLCRShrinks: C.1: a set that has not changed for longer than the expiration loses its heaviest server, one of several.
func TestLBLCRShrinks(t *testing.T) {
	d := newDirector("lblcr", 0, slots)
	for slot := range uint32(3) {
		d.add(slot, 1)
	}
	c := &Client{Dst: ip("10.0.1.1")}
	for range 3 { // each in turn is too busy
		d.loads[d.pick(c)].Active = 2
	}
	set := func() []uint32 { return d.memory[0].Servers(d.memory[0].Use(c.Dst, c.Now, expiration)) }
	for slot, active := range []int32{2, 3, 1} {
		d.loads[slot].Active = active
	}
	for _, s := range []struct {
		at   time.Duration
		want []uint32
	}{
		{expiration / 2, []uint32{0, 1, 2}},
		{expiration, []uint32{0, 1, 2}},
		{expiration + 1, []uint32{0, 2}},
		{expiration + 2, []uint32{0, 2}},
		{2*expiration + 1, []uint32{0, 2}},
		{2*expiration + 2, []uint32{2}},
		{4 * expiration, []uint32{2}},
	} {
		c.Now = s.at
		if got := d.pick(c); got != 2 {
			t.Errorf("at %v: server %d, want the one with least to do", s.at, got)
		}
		if got := set(); !slices.Equal(got, s.want) {
			t.Errorf("at %v: set %v, want %v", s.at, got, s.want)
		}
	}
}
