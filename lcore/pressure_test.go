package lcore

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cleat/lcore/burst"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/template"
)

// forged are n SYNs of clients from the first on, none of which comes back.
func forged(vip string, first, n int) (frames [][]byte) {
	for i := range n {
		frames = append(frames, fromClient(fmt.Sprintf("172.17.%d.%d:9", (first+i)/250, (first+i)%250), vip, "S"))
	}
	return frames
}

// flood has the worker take frames a burst at a time; what leaves is not looked at.
func (r *rig) flood(frames [][]byte) {
	for part := range slices.Chunk(frames, burst.Size) {
		r.take(part...)
	}
}

// TestFlood: five times as many forged SYNs as fit take nothing from clients who are there, and one who comes meanwhile gets in: its handshake has the
// time in which the flood turns over all entries that are not proven. It is so with and without persistence, and for each forwarding method.
func TestFlood(t *testing.T) {
	const size, there = 256, 100
	for _, persist := range []time.Duration{0, hour} {
		for _, method := range []string{"", " direct", " fullnat"} {
			t.Run(fmt.Sprint(persist, method), func(t *testing.T) {
				service := wish{proto: flow.TCP, vip: vip80, persist: persist, locals: []string{"10.9.0.100", "10.9.0.101"}}
				for _, server := range three {
					service.servers = append(service.servers, server+" 1"+method)
				}
				r := newRig(t, wishes{settings: kernel, size: size, services: []wish{service}})
				proves := func(n int) {
					t.Helper()
					c := client(n, 7)
					before := r.counters()
					r.send(outside, fromClient(c, vip80, "A"))
					if after := r.counters(); after.Verdicts[ForwardInput] != before.Verdicts[ForwardInput]+1 {
						t.Fatalf("client %d is there no more", n)
					}
				}
				for n := range there {
					r.send(outside, fromClient(client(n, 7), vip80, "S"))
					proves(n)
				}
				for n := range 5 {
					c := there + n
					r.flood(forged(vip80, n*size, size))
					r.send(outside, fromClient(client(c, 7), vip80, "S"))
					r.flood(forged(vip80, n*size+128, (size-there)*3/4)) // not once round
					proves(c)
				}
				for n := range there + 5 {
					proves(n)
				}
				c := r.counters()
				if c.Drops() != 0 || c.PersistenceFallbacks > 5*size/20 { // those whose buckets are crowded
					t.Errorf("%d packets dropped, %d clients without template", c.Drops(), c.PersistenceFallbacks)
				}
				if c.ConnectionEvictions == 0 || (persist != 0) != (c.TemplateEvictions != 0) {
					t.Errorf("%d connections, %d templates made room", c.ConnectionEvictions, c.TemplateEvictions)
				}
				if c.Connections != size || c.UnprovenConnections != size-there-5 || c.MostConnections != size {
					t.Errorf("%d connections, %d of them unproven, %d at most", c.Connections, c.UnprovenConnections, c.MostConnections)
				}
				r.conserve()
				r.verifyCounts()
			})
		}
	}
}

// TestFloodOfDatagrams: a question from a forged address proves nothing though it is answered, and a client that asks twice stays.
func TestFloodOfDatagrams(t *testing.T) {
	const size, vip53 = 64, "10.0.0.1:53"
	r := newRig(t, wishes{settings: kernel, size: size, services: []wish{{proto: flow.UDP, vip: vip53, servers: []string{"10.9.0.11:53"}}}})
	r.send(outside, datagram(alice, vip53), datagram(alice, vip53))
	for n := range 3 * size {
		c := client(n, 9)
		r.send(outside, datagram(c, vip53))
		r.send(inside, answered(1, "10.9.0.11:53", c))
	}
	if c := r.counters(); c.ConnectionEvictions != 2*size+1 || c.UnprovenConnections != size-1 || c.Drops() != 0 {
		t.Errorf("%d made room, %d unproven, %d dropped", c.ConnectionEvictions, c.UnprovenConnections, c.Drops())
	}
	if got := r.send(inside, answered(1, "10.9.0.11:53", alice)); len(got) != 1 || !strings.Contains(got[0], "10.0.0.1 > 172.16.0.1 udp") {
		t.Errorf("the answer to alice: %v", got)
	}
}

// TestIdleTemplatesMakeRoom: templates without a connection make room, one by one, unless a client has proven itself.
func TestIdleTemplatesMakeRoom(t *testing.T) {
	const size = 64
	r := newRig(t, wishes{settings: kernel, size: size, services: []wish{web(hour)}})
	r.send(outside, fromClient(alice, vip80, "S"), fromClient(alice, vip80, "A"), fromClient(alice, vip80, "R"))
	r.flood(forged(vip80, 0, size-1))
	r.pass(61 * time.Second)
	if c := r.counters(); c.Connections != 0 || c.Templates != size || c.UnprovenTemplates != size-1 {
		t.Fatalf("%d connections, %d templates, %d of them unproven", c.Connections, c.Templates, c.UnprovenTemplates)
	}
	server := r.workers[0].tmpls.Entries[1].Slot
	r.flood(forged(vip80, size, 2*size))
	r.send(outside, fromClient("172.16.0.1:20002", vip80, "S"), fromClient("172.16.0.1:20002", vip80, "A"))
	if e := &r.workers[0].tmpls.Entries[1]; e.Slot != server || e.State != template.Assured || r.workers[0].tmpls.IsUnproven(1) || e.Controls != 1 {
		t.Errorf("alice's template: %+v", e)
	}
	if c := r.counters(); c.TemplateEvictions != 2*size || c.PersistenceFallbacks != 0 {
		t.Errorf("%d templates made room, %d clients have none", c.TemplateEvictions, c.PersistenceFallbacks)
	}
	r.verifyCounts()
}

// TestInvalidTemplatesMakeRoom: a template that is out of force keeps nobody out, whoever was proven under it.
func TestInvalidTemplatesMakeRoom(t *testing.T) {
	service := func(servers ...string) wishes {
		return wishes{settings: kernel, size: 2, services: []wish{{proto: flow.TCP, vip: vip80, persist: hour, servers: servers}}}
	}
	r := newRig(t, service("10.9.0.11:80"))
	r.send(outside, fromClient(alice, vip80, "S"), fromClient(alice, vip80, "A"), fromClient(alice, vip80, "R"))
	r.pass(11 * time.Second)
	r.change(service("10.9.0.11:80 1 gone", "10.9.0.12:80"))
	for _, c := range []string{"172.16.0.1:20002", bob} {
		r.send(outside, fromClient(c, vip80, "S"), fromClient(c, vip80, "A"))
	}
	if c := r.counters(); c.TemplateEvictions != 1 || c.PersistenceFallbacks != 0 || c.UnprovenTemplates != 0 || c.Templates != 2 {
		t.Errorf("%d made room, %d without, %d of %d unproven", c.TemplateEvictions, c.PersistenceFallbacks, c.UnprovenTemplates, c.Templates)
	}
}

// TestWideTablesMakeRoom: where only the room for IPv6 addresses is short, only an end of IPv6 helps, and comes.
func TestWideTablesMakeRoom(t *testing.T) {
	w := bothFamilies(with(kernel, web(hour)))
	w.wide = 2
	r := newRig(t, w)
	for n := range 5 {
		r.take(fromClient(client(n, 7), vip80, "S"), sixthFrame(fromClient(client(n, 7), vip80, "S")))
	}
	if c := r.counters(); c.Connections != 5+2 || c.ConnectionEvictions != 3 || c.Drops() != 0 || c.TemplateEvictions != 3 {
		t.Errorf("%d connections, %d and %d made room, %d dropped", c.Connections, c.ConnectionEvictions, c.TemplateEvictions, c.Drops())
	}
	r.verifyCounts()
}

// TestProvenStay: whatever comes, in bursts, with full tables: a connection that is proven stays until its time is over, and so does its template.
func TestProvenStay(t *testing.T) {
	check(t, func(t trial) {
		w := drawWishes(t, "rr", "wlc", "sh", "fo")
		w.size = pick(t, "size", 4, 12, 40)
		w.settings.ConnReuseMode, w.settings.ExpireNodestConn = 0, false // they end connections before their time
		r := newRig(t, bothFamilies(w))
		r.byMAC()
		proven := map[string]bool{}
		for range rapid.IntRange(4, 20).Draw(t.T, "bursts") {
			frames := make([][]byte, rapid.IntRange(1, burst.Size).Draw(t.T, "packets"))
			for i := range frames {
				if frames[i] = drawPacket(t, w); rapid.Bool().Draw(t.T, "IPv6") {
					frames[i] = sixthFrame(frames[i])
				}
			}
			r.take(frames...)
			now := r.workers[0].provenEntries()
			for name := range proven {
				if !now[name] {
					t.Fatalf("%s had been proven, and is gone", name)
				}
			}
			proven = now
			r.verifyCounts()
		}
		r.conserve()
	})
}

// provenEntries names all that must stay.
func (w *Worker) provenEntries() map[string]bool {
	all := map[string]bool{}
	for i := range w.conns.Entries {
		if c := &w.conns.Entries[i]; c.Live() && c.Proof == conn.Proven {
			row := w.conns.Row(uint32(i))
			all[fmt.Sprint("connection ", c.Proto, end(row.Client()), end(row.Virtual()), end(row.Server()))] = true
		}
	}
	for i := range w.tmpls.Entries {
		if e := &w.tmpls.Entries[i]; e.Live() && !w.tmpls.IsUnproven(uint32(i)) {
			all["template "+templateName(w.tmpls, uint32(i))] = true
		}
	}
	return all
}
