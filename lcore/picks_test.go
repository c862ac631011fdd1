package lcore

import (
	"fmt"
	"testing"
	"time"

	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/wheel"
)

// balanced is a service of that scheduler at 10.0.0.1:80.
func balanced(scheduler string, servers ...string) wish {
	return wish{proto: flow.TCP, vip: vip80, scheduler: scheduler, servers: servers}
}

// TestSequences: which servers new clients get; those of equal weights as the kernel was seen to give them.
func TestSequences(t *testing.T) {
	for _, tt := range []struct {
		scheduler string
		servers   []string
		want      string
	}{
		{"rr", three, "321321321"}, // G.1: newest first
		{"rr", []string{"10.9.0.11:80 5", "10.9.0.12:80 0", "10.9.0.13:80"}, "313131"},
		{"wrr", []string{"10.9.0.11:80 1", "10.9.0.12:80 2", "10.9.0.13:80 3"}, "321332321332"},
		{"lc", three, "321321321"},
		{"lc", []string{"10.9.0.11:80 1", "10.9.0.12:80 2", "10.9.0.13:80 0"}, "2121"},
		{"wlc", []string{"10.9.0.11:80 1", "10.9.0.12:80 2", "10.9.0.13:80 3"}, "321323321323"},
		{"sed", []string{"10.9.0.11:80 1", "10.9.0.12:80 2", "10.9.0.13:80 3"}, "323321323321"},
		{"nq", []string{"10.9.0.11:80 0", "10.9.0.12:80 1", "10.9.0.13:80 2"}, "323332332332"},
		{"fo", []string{"10.9.0.11:80 1", "10.9.0.12:80 3", "10.9.0.13:80 2"}, "222222"},
		{"ovf", []string{"10.9.0.11:80 1", "10.9.0.12:80 2", "10.9.0.13:80 3"}, "333322211xxx"},
		{"dh", three, "333333"}, // one destination
		{"none", three, "xx"},
		{"wlc", []string{"10.9.0.11:80 0", "10.9.0.12:80 0", "10.9.0.13:80 0"}, "xx"},
	} {
		r := newRig(t, with(kernel, balanced(tt.scheduler, tt.servers...)))
		if got := r.picks(len(tt.want)); got != tt.want {
			t.Errorf("%s over %v: %s, want %s", tt.scheduler, tt.servers, got, tt.want)
		}
		r.conserve()
	}
}

// TestCountedAtOnce: G.8: the connections of one burst count for one another.
func TestCountedAtOnce(t *testing.T) {
	r := newRig(t, with(kernel, balanced("lc", three...)))
	var burst [][]byte
	for i := range 6 {
		burst = append(burst, fromClient(fmt.Sprintf("172.16.0.%d:1", i+1), vip80, "S"))
	}
	r.send(outside, burst...)
	if got := r.loads(); got != "2+0 2+0 2+0" {
		t.Errorf("active and inactive connections: %s", got)
	}
}

// loads are the connections of servers 1 to 3, active+inactive.
func (r *rig) loads() string {
	text := ""
	for _, l := range r.workers[0].loads[:3] {
		text += fmt.Sprintf(" %d+%d", l.Active, l.Inactive)
	}
	return text[1:]
}

// TestActiveAndInactive: which states count as which (connections.md C4), and what lc makes of it.
func TestActiveAndInactive(t *testing.T) {
	r := newRig(t, with(kernel, balanced("lc", three...), wish{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.11:53"}}))
	for _, s := range []struct {
		act  act
		want string
	}{
		{fromAlice("S"), "0+0 0+0 1+0"},
		{acts(fromWeb("SA"), fromAlice("A")), "0+0 0+0 1+0"},
		{fromAlice("FA"), "0+0 0+0 0+1"},
		{fromWeb("FA"), "0+0 0+0 0+1"},
		{fromAlice("S"), "0+0 0+0 1+0"}, // C2 3 b: the old one is gone before the choice
		{wait(61 * second), "0+0 0+0 0+0"},
	} {
		s.act(r)
		r.turn()
		if got := r.loads(); got != s.want {
			t.Errorf("%s, want %s: %v", got, s.want, r.listing())
		}
	}
	acts(establish(alice, 3), fromAlice("FA"))(r) // 257 against 1 (G.3)
	if got := r.picks(3); got != "213" {
		t.Errorf("after one that is over at 3: %s, want 213", got)
	}
	in(outside, datagram(alice, "10.0.0.1:53"))(r)
	r.turn()
	if l := r.workers[0].loads[3]; l.Active != 0 || l.Inactive != 1 { // C5.1
		t.Errorf("UDP counts as %d+%d", l.Active, l.Inactive)
	}
}

// TestThresholds: C9.3: overloaded from upper on, until the number falls below lower; C9.5: not for clients with a template; C9.6.
func TestThresholds(t *testing.T) {
	persistent := balanced("rr", "10.9.0.12:80", "10.9.0.13:80 1 3 2")
	persistent.persist = hour
	r := newRig(t, with(kernel, persistent))
	if got := r.picks(8); got != "32323222" {
		t.Errorf("with an upper threshold of 3: %s", got)
	}
	for i := range 2 {
		if got := r.choose(fromClient(fmt.Sprintf("172.17.0.1:%d", i+1), vip80, "S")); got != "10.9.0.13:80" {
			t.Errorf("C9.5: a client with a template went to %q", got)
		}
	}
	if l := r.workers[0].loads[1]; l.Active != 5 || !l.Overload {
		t.Errorf("%+v, want 5 active, overloaded", l)
	}
	r.workers[0].publish()
	if a, b := r.workers[0].Real(0).Overloaded, r.workers[0].Real(1).Overloaded; a != 0 || b != 1 {
		t.Errorf("published as overloaded: %d, %d; want 0, 1", a, b)
	}
	finish := func(client string) {
		in(outside, fromClient(client, vip80, "A"), fromClient(client, vip80, "R"))(r) // CLOSE, 10 s
		r.turn()
		r.pass(11 * second)
		r.sent()
	}
	for _, client := range []string{"172.17.0.1:1", "172.17.0.1:2", "172.17.0.1:999"} {
		finish(client)
	}
	if got := r.picks(2); got != "22" {
		t.Errorf("with 2 of lower 2: %s", got)
	}
	finish("172.17.0.3:999")
	if got := r.picks(4); got != "3232" {
		t.Errorf("with 1 of lower 2: %s", got)
	}
	edited := balanced("rr", "10.9.0.12:80 1 1 1", "10.9.0.13:80 1 1 1")
	r.change(with(kernel, edited))
	if got := r.picks(2); got != "xx" { // C9.3: on edit; C9.6
		t.Errorf("all overloaded: %s", got)
	}
	r.change(with(kernel, balanced("rr", "10.9.0.12:80", "10.9.0.13:80 1 1 1")))
	if got := r.picks(2); got != "22" { // C9.2
		t.Errorf("without a threshold at 2: %s", got)
	}
}

// TestRotorSurvives: G.7, R.4: rr goes on from its place when servers come or the service is edited, and starts anew with another incarnation.
func TestRotorSurvives(t *testing.T) {
	r := newRig(t, with(kernel, balanced("rr", three[:2]...)))
	got := r.picks(1)
	r.change(with(kernel, balanced("rr", three...)))
	if got += "|" + r.picks(4); got != "2|1321" {
		t.Errorf("a third server was added: %s, want 2|1321", got)
	}
	r.change(with(kernel, balanced("rr", three...)))
	if got := r.picks(1); got != "3" {
		t.Errorf("edited: %s, want 3", got)
	}
	tables := r.build(r.wishes)
	tables.Services.Virtuals()[0].Incarnation = 99
	tables.Generation, tables.Changed = r.tables.Generation+1, []uint32{0}
	r.workers[0].Adopt(&tables)
	r.turn()
	if got := r.picks(3); got != "321" {
		t.Errorf("made anew: %s, want 321", got)
	}
	if r.workers[0].Adopted() != tables.Generation {
		t.Errorf("generation %d, want %d", r.workers[0].Adopted(), tables.Generation)
	}
}

// clientOf returns the address of the nth client that belongs to a worker.
func (r *rig) clientOf(worker, n int) string {
	for a := uint32(0xac100001); ; a++ {
		if r.workers[0].Steering.Worker(flow.V4(a)) != worker {
			continue
		}
		if n--; n < 0 {
			return flow.V4(a).Netip().String()
		}
	}
}

// TestWorkersSchedule: several workers' rotors start at different servers, and their least connections are those of all, as published.
func TestWorkersSchedule(t *testing.T) {
	r := newRig(t, wishes{settings: kernel, workers: 3, services: []wish{balanced("rr", three...)}})
	for worker, want := range []string{"10.9.0.13:80", "10.9.0.12:80", "10.9.0.11:80"} {
		if got := r.choose(fromClient(r.clientOf(worker, 0)+":1", vip80, "S")); got != want {
			t.Errorf("rr: worker %d began with %s, want %s", worker, got, want)
		}
	}
	r.conserve()

	r = newRig(t, wishes{settings: kernel, workers: 2, services: []wish{balanced("lc", three...)}})
	for i, want := range []string{"10.9.0.13:80", "10.9.0.12:80", "10.9.0.11:80", "10.9.0.13:80"} {
		if got := r.choose(fromClient(r.clientOf(i%2, i)+":1", vip80, "S")); got != want {
			t.Errorf("lc: choice %d is %s, want %s", i, got, want)
		}
		r.now += time.Millisecond // more than sums of others may be old
		r.turn()
	}
	r.conserve()
}

// TestConnectionsOverTime: what comes and goes leaves nothing behind: no entry, no count, no template.
func TestConnectionsOverTime(t *testing.T) {
	persistent := balanced("lc", three...)
	persistent.persist = 5 * second
	r := newRig(t, wishes{settings: kernel, size: 300, services: []wish{persistent}})
	retime(conn.SynRecv, wheel.Second)(r)
	r.picks(250)
	r.pass(61 * second)
	r.picks(250)
	r.pass(61 * second)
	w := r.workers[0]
	if got := r.loads(); got != "0+0 0+0 0+0" || w.conns.Used != 0 || w.tmpls.Used != 0 {
		t.Errorf("%s connections at the servers, %d in the table, %d templates", got, w.conns.Used, w.tmpls.Used)
	}
	for slot := range 3 {
		if n := w.stats.reals[slot].Templates; n != 0 {
			t.Errorf("server %d has %d templates", slot+1, n)
		}
	}
	if c := r.counters(); c.ConnectionInserts != 500 || c.ConnectionExpiries != 500 || c.TemplateInserts != 500 || c.TemplateExpiries != 500 {
		t.Errorf("%d connections made, %d ended; %d templates made, %d ended; want 500", c.ConnectionInserts, c.ConnectionExpiries, c.TemplateInserts, c.TemplateExpiries)
	}
	r.conserve()
}
