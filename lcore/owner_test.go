package lcore

import (
	"fmt"
	"testing"
	"time"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
)

// shared24 are services whose templates are for a /24, so that most have another worker than the client's for an owner.
func shared24(persist time.Duration) []wish {
	udp := []string{"10.9.0.11:53", "10.9.0.12:53", "10.9.0.13:53"}
	return []wish{
		{proto: flow.TCP, vip: vip80, persist: persist, mask: 24, servers: three},
		{proto: flow.UDP, vip: "10.0.0.1:53", persist: persist, mask: 24, scheduler: "lc", servers: udp},
	}
}

// stranger is an address in 172.16.0.0/24 of a client whose worker is not the owner of its network's template.
func (r *rig) stranger() string {
	for n := 1; ; n++ {
		if client := fmt.Sprintf("172.16.0.%d:20001", n); r.owner(client) != r.owner("172.16.0.0:0") {
			return client
		}
	}
}

// TestQuestions follows one: what waits, goes on and is refused, and what worker does it.
func TestQuestions(t *testing.T) {
	r := newRig(t, wishes{workers: 2, settings: kernel, services: shared24(hour)})
	client := r.stranger()
	asker, owner := r.workers[r.owner(client)], r.workers[1-r.owner(client)]
	r.ports[outside].Inject(asker.Number, repeat(3, datagram(client, "10.0.0.1:53"))...)
	asker.Turn()
	if q := &asker.inquiries; q.out != 1 || len(q.waiting) != 2 || asker.conns.Used != 0 {
		t.Errorf("%d questions are out, %d packets wait, %d connections; want 1, 2, none yet", q.out, len(q.waiting), asker.conns.Used)
	}
	r.ports[outside].Inject(asker.Number, repeat(followers-1, datagram(client, "10.0.0.1:53"))...)
	for asker.Turn() != 0 {
	}
	if n := asker.counters.Verdicts[DropHandoverFull]; n != 1 || asker.counters.Held != followers {
		t.Errorf("%d packets wait, %d were dropped; want %d and 1", asker.counters.Held, n, followers)
	}
	owner.Turn()
	if owner.tmpls.Used != 1 || owner.tmpls.Entries[1].Controls != 1 {
		t.Errorf("%d templates at the owner, the first controls %d connections; want 1 and 1", owner.tmpls.Used, owner.tmpls.Entries[1].Controls)
	}
	asker.Turn()
	if got := len(r.sent()); got != 1 || asker.conns.Used != 1 || asker.tmpls.Used != 0 {
		t.Errorf("with the answer %d packets left, %d connections, %d templates at the asker; want 1, 1, none", got, asker.conns.Used, asker.tmpls.Used)
	}
	r.ports[outside].Inject(asker.Number, datagram(client, "10.0.0.1:53", lcoretest.Payload([]byte("last"))))
	r.turn()
	if got := r.sent(); len(got) != followers+1 || r.workers[0].counters.Held+r.workers[1].counters.Held != 0 {
		t.Errorf("%d packets left behind the first, want %d", len(got), followers+1)
	}
	if !asker.inquiries.idle() || asker.inquiries.out != 0 {
		t.Errorf("a flow is still asked about")
	}
	r.conserve()
}

// TestQuestionsOut: no more than Plan.Handover of them, however many clients come.
func TestQuestionsOut(t *testing.T) {
	r := newRig(t, wishes{workers: 2, handover: 4, settings: kernel, services: shared24(hour)})
	client := r.stranger()
	asker := r.workers[r.owner(client)]
	for n := range 6 {
		r.ports[outside].Inject(asker.Number, fromClient(fmt.Sprintf("%s%d", client[:len(client)-1], n+2), vip80, "S"))
	}
	asker.Turn()
	if n := asker.counters.Verdicts[DropHandoverFull]; n != 2 || asker.inquiries.out != 4 {
		t.Errorf("%d questions are out, %d packets were dropped; want 4 and 2", asker.inquiries.out, n)
	}
	r.turn()
	r.conserve()
	r.verifyCounts()
}

// TestTemplatesAreListedUpToDate: connections and state of a template as they are, wherever its connections live (P8.4).
func TestTemplatesAreListedUpToDate(t *testing.T) {
	r := newRig(t, wishes{workers: 2, settings: kernel, services: shared24(hour)})
	client := r.stranger()
	owner := r.workers[1-r.owner(client)]
	for _, flags := range []string{"S", "A", "R"} {
		r.send(outside, fromClient(client, vip80, flags))
		if flags == "S" {
			r.send(inside, fromServer(3, "10.9.0.13:80", client, "SA"))
		}
	}
	if row := owner.tmpls.Row(1); row.Controls != 1 || row.State != 1 {
		t.Errorf("%d connections, state %d; want 1, ASSURED", row.Controls, row.State)
	}
	r.pass(11 * second) // CLOSE takes 10 s
	if row := owner.tmpls.Row(1); row.Controls != 0 || row.State != 1 {
		t.Errorf("when its connection has ended: %d connections, state %d; want none, ASSURED", row.Controls, row.State)
	}
}

// TestPurgeOfSharedTemplates: P6.3: connections of all workers go, then the templates under which they were.
func TestPurgeOfSharedTemplates(t *testing.T) {
	r := newRig(t, wishes{workers: 2, settings: kernel, services: shared24(hour)})
	for n := range 20 {
		r.send(outside, fromClient(fmt.Sprintf("172.16.0.%d:1", n+1), vip80, "S"))
	}
	gone := wishes{workers: 2, settings: kernel, services: shared24(hour)}
	gone.services[0].servers = []string{three[0] + " 1 gone", three[1] + " 1 gone", three[2] + " 1 gone"}
	r.change(gone)
	for _, w := range r.workers {
		r.while(w.PurgeConnections)
	}
	for _, w := range r.workers {
		r.while(w.PurgeTemplates)
	}
	r.verifyEmpty()
}

// TestAskingAllocatesNothing, at either end.
func TestAskingAllocatesNothing(t *testing.T) {
	for _, scope := range []Scope{WorkerScope, ServiceScope} {
		r := newRig(t, wishes{workers: 2, scope: scope, settings: kernel, size: 8192, services: shared24(time.Second)})
		for i, w := range r.workers {
			queue := lcoretest.NewReplay(r.pool, each(4096, func(n int) []byte {
				return datagram(client(n/2+i*5000, uint16(1+n/2)), "10.0.0.1:53")
			})...)
			w.Queues[outside], w.Queues[inside] = queue, silent{queue}
		}
		turn := func() {
			r.now += 10 * time.Millisecond
			for _, w := range r.workers {
				w.between(w.Turn())
			}
		}
		if n := testing.AllocsPerRun(200, turn); n != 0 {
			t.Errorf("scope %d: %v allocations a turn", scope, n)
		}
		c := r.counters()
		if c.Verdicts[HandedOver] < 50*burst.Size || c.Verdicts[Held] == 0 || c.Verdicts[ForwardInput] < 50*burst.Size {
			t.Errorf("scope %d: %d handed over, %d waited, %d forwarded", scope, c.Verdicts[HandedOver], c.Verdicts[Held], c.Verdicts[ForwardInput])
		}
		r.conserve()
	}
}

// TestOwnersRun has workers run by themselves while clients come and go: nothing is lost but where rings are full, and in the end nothing is left.
func TestOwnersRun(t *testing.T) {
	for _, w := range []wishes{
		{workers: 2, scope: WorkerScope, handover: 8}, {workers: 4, scope: ServiceScope}, {workers: 4, scope: WorkerScope},
	} {
		w.settings, w.size, w.services = kernel, 8192, shared24(10*second)
		r := newRig(t, w)
		stop := r.run(1000) // an established connection takes 0.9 s
		for n := range 4000 {
			client := fmt.Sprintf("172.16.%d.%d:%d", n%7, n/7%250+1, n%3+1)
			r.ports[outside].Inject(n%w.workers,
				fromClient(client, vip80, "S"), fromClient(client, vip80, "R"), datagram(client, "10.0.0.1:53"), datagram(client, "10.0.0.1:53"))
			if n%50 == 0 {
				r.ports[inside].Take()
				time.Sleep(2 * time.Millisecond)
			}
		}
		for r.ports[outside].Waiting() != 0 {
			time.Sleep(time.Millisecond)
		}
		stop()
		r.now = r.workers[0].Clock()
		for _, w := range r.workers {
			w.Clock, w.Idle = func() time.Duration { return r.now }, Idle{}
		}
		for range 20 * 60 {
			r.now += second
			r.turn()
		}
		r.conserve()
		r.verifyEmpty()
		c := r.counters()
		late := c.Verdicts[DropNoAnswer] // RST of connections whose 60 ms are over
		if c.TemplateHits == 0 || c.Taken == 0 || c.ConnectionInserts < 2000 || w.handover == 0 && c.Drops() != late {
			t.Errorf("%+v: too little happened, or too much: %+v", w, c)
		}
	}
}
