package lcore

import (
	"fmt"
	"testing"
	"time"
)

// TestAskedAgain: a server is removed, and the worker that decides does not know yet. A flow is asked about again and again, and its packets leave in
// their order: those that came while a question was out before those that came with its answer.
func TestAskedAgain(t *testing.T) {
	gone := func(text string) wishes {
		w := resolver()
		w.persist, w.scheduler = 10*time.Second, "fo"
		w.servers = []string{"10.9.0.11:53 1", "10.9.0.12:53 2" + text}
		return wishes{settings: kernel, workers: 2, scope: ServiceScope, services: []wish{w}}
	}
	r := newRig(t, gone(""))
	owner := r.workers[0].ownerOfService(r.tables.Services.Virtual(0))
	client := ""
	for n := 1; client == "" || r.owner(client) == owner; n++ {
		client = fmt.Sprintf("172.16.0.%d:1", n)
	}
	asker := r.workers[1-owner]
	arrive := func(numbers ...int) {
		for _, n := range numbers {
			r.ports[outside].Inject(asker.Number, numbered(client, "10.0.0.1:53", "", n))
		}
	}
	step := func(w *Worker) { w.between(w.Turn()) }
	arrive(1, 2, 3)
	step(asker)
	step(r.workers[owner])
	r.wishes = gone(" 0 0 2 gone")
	tables := r.build(r.wishes)
	tables.Generation = r.tables.Generation + 1
	asker.Adopt(&tables)
	asker.between(1)
	for range 2 { // the answer is of no use; 2 and 3 wait for the next one
		step(asker)
	}
	step(r.workers[owner])
	asker.order.ports = false // the answer comes before the packet
	arrive(4)
	step(asker)
	r.workers[owner].Adopt(&tables)
	r.turn()
	var got []byte
	for _, f := range r.ports[inside].Sent() {
		got = append(got, f[len(f)-1])
	}
	if string(got) != "\x01\x02\x03\x04" {
		t.Errorf("packets left as %v", got)
	}
	r.conserve()
}
