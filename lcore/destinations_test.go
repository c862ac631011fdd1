package lcore

import (
	"fmt"
	"testing"
	"time"

	"cleat/lcore/destination"
	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// TestDestinations: lblc on workers: each remembers where its clients' destinations went, for as long as the service has the scheduler.
func TestDestinations(t *testing.T) {
	caches := wishes{
		settings: kernel, workers: 2,
		services: []wish{{mark: 9, scheduler: "lblc", servers: []string{"10.9.0.11:0", "10.9.0.12:0", "10.9.0.13:0"}}},
		marks:    []service.Rule{{Mark: 9, Proto: flow.TCP, Dst: addr("10.0.1.0"), DstMask: flow.MaskOf(24, true)}},
	}
	r := newRig(t, caches)
	clients := 0
	check := func(when string, worker int, destinations, want string) {
		t.Helper()
		got := ""
		for _, d := range destinations {
			clients++
			if server := r.choose(fromClient(r.clientOf(worker, clients)+":1", fmt.Sprintf("10.0.1.%c:80", d), "S")); server != "" {
				got += server[len("10.9.0.1"):][:1]
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	check("worker 0, new and known ones", 0, "1232211", "3212233")
	r.now += time.Millisecond // more than sums of others may be old
	r.turn()
	check("worker 1, which knows none: the least connections", 1, "2", "1")
	r.change(caches)
	check("after a change of the service", 0, "321", "123")
	if a, b := r.memory[0][0].Len(), r.memory[0][1].Len(); a != 3 || b != 1 {
		t.Errorf("%d and %d destinations remembered, want 3 and 1", a, b)
	}

	r.memory = map[uint32][]*destination.Table{}
	tables := r.build(caches)
	tables.Services.Virtuals()[0].Incarnation = 99
	tables.Generation, tables.Changed = r.tables.Generation+1, []uint32{0}
	for _, w := range r.workers {
		w.Adopt(&tables)
		w.between(1)
	}
	check("with the service made anew", 0, "2", "1")
	r.conserve()
}
