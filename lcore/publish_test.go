package lcore

import (
	"testing"
	"time"
)

// TestPublishIsBounded: between two turns the counters of no more than publishBudget real servers are published, those that changed first
// before the others, and all in the end.
func TestPublishIsBounded(t *testing.T) {
	const servers = 3*publishBudget + 5
	r := newRig(t, wishes{settings: kernel})
	w := r.workers[0]
	for slot := range uint32(servers) {
		w.stats.template(slot, 1)
	}
	published := func() (n int) {
		for slot := range uint32(servers) {
			if w.Real(slot).Templates == 1 {
				n++
			}
		}
		return n
	}
	r.now += time.Millisecond
	for turn, want := range []int{publishBudget, 2 * publishBudget, 3 * publishBudget, servers} {
		w.between(w.Turn())
		w.stats.template(0, 0) // it changes all the time
		if got := published(); got != want {
			t.Fatalf("turn %d: %d servers published, want %d", turn, got, want)
		}
	}
}
