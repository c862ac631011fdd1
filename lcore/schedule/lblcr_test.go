package schedule

import "testing"

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
