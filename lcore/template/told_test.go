package template

import (
	"sync"
	"testing"
)

// TestTold: what several workers tell at once is heard, all of it, and a slot that is used again starts anew.
func TestTold(t *testing.T) {
	const workers, connections = 4, 1000
	s := newShard(t, 2)
	key := Key{Client: ip("172.16.5.0")}
	i := s.Insert(&key, 1, 0, 100)
	s.Touch(i, 0)
	s.Entries[i].Controls = workers*connections + 1
	var telling sync.WaitGroup
	for range workers {
		telling.Go(func() {
			for range connections {
				s.TellAssured(i)
				s.TellEnded(i)
			}
		})
	}
	for range 100 {
		s.Hear(i)
	}
	telling.Wait()
	if e := s.Row(i); e.Controls != 1 || e.State != Assured {
		t.Errorf("%d connections are left, state %d; want 1, ASSURED", e.Controls, e.State)
	}
	s.Remove(i)
	s.Reclaim()
	again := s.Insert(&key, 1, 0, 100)
	s.Touch(again, 0)
	if e := s.Row(again); again != i || e.Controls != 0 || e.State != None {
		t.Errorf("slot %d, used before as %d: %d connections, state %d", again, i, e.Controls, e.State)
	}
}
