package lcore

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cleat/lcore/flow"
)

// crowd is a rig whose one service has as many proven clients as there is room for templates, n: those of 172.17.
func crowd(t *testing.T, s wish, n int) *rig {
	r := newRig(t, wishes{settings: kernel, size: 4 * n, templates: n, services: []wish{s}})
	for i := range n {
		c := fmt.Sprintf("172.17.%d.1:7", i)
		r.send(outside, fromClient(c, vip80, "S"), fromClient(c, vip80, "A"))
	}
	if c := r.counters(); c.Templates != uint64(n) || c.UnprovenTemplates != 0 || c.PersistenceFallbacks != 0 {
		t.Fatalf("%d templates, %d of them unproven, %d fallbacks", c.Templates, c.UnprovenTemplates, c.PersistenceFallbacks)
	}
	return r
}

// serversOf is where the connections of a client from some ports go.
func (r *rig) serversOf(address string, ports ...int) (all []string) {
	for _, port := range ports {
		server := r.choose(fromClient(fmt.Sprintf("%s:%d", address, port), vip80, "S"))
		if !slices.Contains(all, server) {
			all = append(all, server)
		}
	}
	return all
}

// TestAnchors: in a table full of proven templates a client without one comes to one server, with all its connections and all of its network, as long as the
// list is the same; clients share the servers; those who have templates keep them.
func TestAnchors(t *testing.T) {
	const size = 8
	r := crowd(t, wish{proto: flow.TCP, vip: vip80, persist: 60 * time.Second, mask: 24, servers: three}, size)
	count := map[string]int{}
	anchors := map[string]string{}
	for n := range 60 {
		network := fmt.Sprintf("172.18.%d", n)
		got := r.serversOf(network+".1", 1, 2, 3)
		got = append(got, r.serversOf(network+".254", 4)...)
		if got = slices.Compact(got); len(got) != 1 || got[0] == "" {
			t.Fatalf("%s came to %q", network, got)
		}
		anchors[network] = got[0]
		count[got[0]]++
	}
	if len(count) != 3 || min(count["10.9.0.11:80"], count["10.9.0.12:80"], count["10.9.0.13:80"]) < 8 {
		t.Errorf("servers by clients: %v", count)
	}
	if c := r.counters(); c.PersistenceFallbacks != 60*4 || c.TemplateEvictions != 0 || c.Drops() != 0 {
		t.Errorf("%d fallbacks, %d templates ended, %d packets dropped", c.PersistenceFallbacks, c.TemplateEvictions, c.Drops())
	}
	for i := range size {
		if got := r.serversOf(fmt.Sprintf("172.17.%d.1", i), 7, 8, 9); len(got) != 1 {
			t.Errorf("client %d, which has a template, came to %q", i, got)
		}
	}
	gone := wishes{settings: kernel, services: []wish{{proto: flow.TCP, vip: vip80, persist: 60 * time.Second, mask: 24, servers: []string{"10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80 0"}}}}
	r.change(gone)
	for network, anchor := range anchors {
		if got := r.serversOf(network+".1", 11); (got[0] == anchor) != (anchor != "10.9.0.13:80") {
			t.Errorf("%s went from %s to %s when 10.9.0.13 had gone", network, anchor, got[0])
		}
	}
	r.verifyCounts()
}

// TestAnchorsBecomeTemplates: a client that was without a template gets one to the same server when there is room, so it never moves; when nobody
// has been without one for a persistence timeout, the scheduler chooses again.
func TestAnchorsBecomeTemplates(t *testing.T) {
	const size = 4
	r := crowd(t, wish{proto: flow.TCP, vip: vip80, persist: 60 * time.Second, servers: three}, size)
	var before []string
	for n := range size {
		before = append(before, r.serversOf(fmt.Sprintf("172.18.0.%d", n), 1)...)
	}
	for i := range size {
		r.send(outside, fromClient(fmt.Sprintf("172.17.%d.1:7", i), vip80, "R")) // CLOSE, 10 s
	}
	for port := range 2 { // the templates' time is over at 60 s
		r.pass(29 * time.Second)
		for n := range size {
			if got := r.serversOf(fmt.Sprintf("172.18.0.%d", n), 2+port); got[0] != before[n] {
				t.Errorf("client %d went from %s to %s", n, before[n], got)
			}
		}
	}
	r.pass(5 * time.Second)
	inserts := r.counters().TemplateInserts
	for n := range size {
		if got := r.serversOf(fmt.Sprintf("172.18.0.%d", n), 4, 5); len(got) != 1 || got[0] != before[n] {
			t.Errorf("client %d went from %s to %s when there was room", n, before[n], got)
		}
	}
	if got := r.counters().TemplateInserts - inserts; got != size {
		t.Fatalf("%d templates were made, want %d", got, size)
	}
	if r.workers[0].anchoring[0] < r.now {
		t.Error("the time of anchors is over already")
	}
	r.pass(301 * time.Second)
	if got := r.picks(6); !strings.Contains("321321321", got) {
		t.Errorf("when all that is over, rr picks %s", got)
	}
}

// TestAnchorsFollowTheScheduler: one whose choice lasts by itself is asked itself, so fo keeps its clients together, and mh where it has them anyway.
func TestAnchorsFollowTheScheduler(t *testing.T) {
	servers := []string{"10.9.0.11:80 1", "10.9.0.12:80 9", "10.9.0.13:80 1"}
	for _, scheduler := range []string{"fo", "mh", "sh", "dh"} {
		r := crowd(t, wish{proto: flow.TCP, vip: vip80, persist: hour, scheduler: scheduler, servers: servers}, 4)
		free := newRig(t, with(kernel, wish{proto: flow.TCP, vip: vip80, persist: hour, scheduler: scheduler, servers: servers}))
		for n := range 20 {
			c := fmt.Sprintf("172.18.0.%d", n)
			if got, want := r.serversOf(c, 1, 2), free.serversOf(c, 1); !slices.Equal(got, want) {
				t.Errorf("%s: %s came to %q, with a template to %q", scheduler, c, got, want)
			}
		}
		if c := r.counters(); c.PersistenceFallbacks != 40 {
			t.Errorf("%s: %d connections without template", scheduler, c.PersistenceFallbacks)
		}
	}
}

// TestAnchorsOfCalls: with an engine each call has an anchor of its own, and a server that begins needs no template.
func TestAnchorsOfCalls(t *testing.T) {
	w := with(kernel, proxies())
	w.templates = 8
	r := newRig(t, w)
	for n := range w.templates {
		c := client(n, 5060)
		r.send(outside, datagram(c, sipVIP, call(fmt.Sprintf("%d@full", n))), datagram(c, sipVIP, call(fmt.Sprintf("%d@full", n))))
	}
	before := r.counters()
	if before.UnprovenTemplates != 0 || before.Templates != uint64(w.templates) {
		t.Fatalf("%d of %d templates unproven", before.UnprovenTemplates, before.Templates)
	}
	servers := map[string]bool{}
	for n := range 20 {
		id := fmt.Sprintf("%d@new", n)
		one := r.choose(datagram(fmt.Sprintf("172.18.0.1:%d", 1000+n), sipVIP, call(id)))
		two := r.choose(datagram(fmt.Sprintf("172.18.0.1:%d", 2000+n), sipVIP, call(id)))
		if one == "" || one != two {
			t.Errorf("call %s: %q and %q", id, one, two)
		}
		servers[one] = true
	}
	if len(servers) < 2 {
		t.Errorf("all calls of a client came to %v", servers)
	}
	if c := r.counters(); c.PersistenceFallbacks != 40 || c.Drops() != 0 {
		t.Errorf("%d without template, %d dropped", c.PersistenceFallbacks, c.Drops())
	}
}
