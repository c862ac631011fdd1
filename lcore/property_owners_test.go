package lcore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/schedule"
	"cleat/lcore/template"
)

// templateOf is the template of a connection of w, wherever it is, up to date; nil for none.
func (w *Worker) templateOf(c *conn.Entry) *template.Entry {
	if c.Template == 0 {
		return nil
	}
	s := w.templatesOf(c)
	s.Hear(c.Template)
	return &s.Entries[c.Template]
}

// templatesOf is the shard in which the template of a connection of w is.
func (w *Worker) templatesOf(c *conn.Entry) *template.Shard {
	if c.Owner == 0 {
		return w.tmpls
	}
	return w.peers[c.Owner-1].tmpls
}

// TestManyWorkersAsOne: where one worker schedules for a service, several do what one does, with whatever comes one after another: the same
// packets leave, and the tables hold the same.
func TestManyWorkersAsOne(t *testing.T) {
	check(t, func(t trial) {
		w := drawWishes(t, schedule.Names()...)
		w.size, w.settings.AnswerRate = 1024, 0
		for i := range w.services {
			w.services[i].mask = pick(t, "mask", 32, 24, 16, 1)
			w.services[i].onePacket = rapid.IntRange(0, 5).Draw(t.T, "one packet") == 0
		}
		one := newRig(t, w)
		w.workers, w.scope = pick(t, "workers", 2, 4), ServiceScope
		many := newRig(t, w)
		added := uint64(100)
		for range rapid.IntRange(4, 40).Draw(t.T, "steps") {
			switch pick(t, "step", "packet", "packet", "packet", "packet", "packet", "packet", "time", "change") {
			case "packet":
				frame := drawPacket(t, w)
				port := outside
				if [6]byte(frame[:6]) == insideMAC {
					port = inside
				}
				queue := rapid.IntRange(0, w.workers-1).Draw(t.T, "queue")
				t.Logf("packet: %v", described(frame))
				one.ports[port].Inject(0, frame)
				many.ports[port].Inject(queue, frame)
				one.turn()
				many.turn()
			case "time":
				d := pick(t, "time", 1310*time.Millisecond, 11310*time.Millisecond, 61310*time.Millisecond)
				t.Logf("%v later", d)
				one.pass(d)
				many.pass(d)
			case "change":
				w = drawChange(t, w, &added)
				w.settings.AnswerRate = 0
				t.Logf("change: %+v", w)
				one.change(w)
				many.change(w)
			}
			for i := range one.ports {
				want, got := one.ports[i].Sent(), many.ports[i].Sent()
				if !slices.EqualFunc(want, got, bytes.Equal) {
					t.Fatalf("port %d, one worker:\n%v\nand several:\n%v", i, describe(want), describe(got))
				}
			}
			if diff := cmp.Diff(one.tablesAndLoads(), many.tablesAndLoads()); diff != "" {
				t.Fatalf("one worker (-) and several (+):\n%s", diff)
			}
			many.conserve()
		}
	})
}

// tablesAndLoads is what all workers together have.
func (r *rig) tablesAndLoads() (lines []string) {
	for _, w := range r.workers {
		lines = slices.Concat(lines, w.connectionLines(), w.templateLines())
	}
	slices.Sort(lines)
	for slot := range r.workers[0].loads {
		var sum RealCounters
		for _, w := range r.workers {
			sum.Add(*w.stats.counted(uint32(slot)))
		}
		sum.Overloaded = 0 // a level that only the next pick looks at
		if sum != (RealCounters{}) {
			lines = append(lines, fmt.Sprintf("slot %d: %+v", slot, sum))
		}
	}
	return lines
}

// shareable draws services whose clients' networks are wider than a worker's, or that one worker schedules for, and tiny rings.
func shareable(t trial) wishes {
	w := wishes{
		workers: pick(t, "workers", 2, 4), scope: pick(t, "scope", WorkerScope, ServiceScope), handover: pick(t, "handover", 1, 2, 1024),
		size: pick(t, "size", 1024, 1024, 3), settings: kernel,
	}
	mask := pick(t, "mask", 24, 16, 1)
	limits := pick(t, "limits", "", " 1 3 2")
	scheduler := pick(t, "scheduler", "rr", "lc", "wlc", "sh")
	servers := func(port int) (all []string) {
		for n := 11; n <= 13; n++ {
			all = append(all, fmt.Sprintf("10.9.0.%d:%d%s", n, port, limits))
		}
		return all
	}
	w.services = []wish{
		{proto: flow.TCP, vip: "10.0.0.1:80", persist: 10 * time.Second, mask: mask, scheduler: scheduler, servers: servers(8080)},
		{proto: flow.UDP, vip: "10.0.0.1:53", persist: 10 * time.Second, mask: mask, scheduler: scheduler, servers: servers(5353)},
		{proto: flow.UDP, vip: "10.0.0.1:54", scheduler: scheduler, servers: servers(5454)},
		{proto: flow.UDP, vip: "10.0.0.1:55", persist: 10 * time.Second, mask: mask, onePacket: true, scheduler: scheduler, servers: servers(5555)},
	}
	return w
}

// numbered is a datagram, or a segment with the flags, of a client's flow, that says which of its packets it is.
func numbered(client, vip, flags string, n int) []byte {
	number := lcoretest.Payload(binary.BigEndian.AppendUint32(nil, uint32(n)))
	if strings.HasSuffix(vip, ":80") {
		return fromClient(client, vip, flags, number)
	}
	return datagram(client, vip, number)
}

// TestNothingLeaks: whatever the order in which workers turn, and however small the rings between them: packets of a flow leave in their order, every
// packet is accounted for, and when all timers have run out nothing is left and nothing counted. A datagram's flow goes to one server.
func TestNothingLeaks(t *testing.T) {
	check(t, func(t trial) {
		w := shareable(t)
		r := newRig(t, w)
		for n := range rapid.IntRange(1, 80).Draw(t.T, "packets") {
			client := fmt.Sprintf("172.16.%d.%d:%d", rapid.IntRange(0, 1).Draw(t.T, "net"), rapid.IntRange(1, 6).Draw(t.T, "host"), pick(t, "port", 1, 2))
			vip := pick(t, "vip", "10.0.0.1:80", "10.0.0.1:53", "10.0.0.1:53", "10.0.0.1:54", "10.0.0.1:54", "10.0.0.1:55")
			r.ports[outside].Inject(int(client[9])%w.workers, repeat(pick(t, "repeat", 1, 1, 4, 40), numbered(client, vip, pick(t, "flags", "S", "S", "A", "R"), n))...)
			for range rapid.IntRange(0, 4).Draw(t.T, "turns") {
				w := r.workers[rapid.IntRange(0, w.workers-1).Draw(t.T, "worker")]
				w.between(w.Turn())
			}
			if rapid.IntRange(0, 30).Draw(t.T, "change") == 0 {
				r.remove(t)
			}
		}
		r.turn()
		r.verifyOrder()
		r.conserve()
		r.verifyCounts()
		for range 20 * 60 { // longer than any connection lives
			r.now += time.Second
			r.turn()
		}
		r.conserve()
		r.verifyEmpty()
	})
}

// remove takes a real server away, or gives it back, at some workers earlier than at others.
func (r *rig) remove(t trial) {
	w := r.wishes
	w.services = slices.Clone(w.services)
	s := &w.services[rapid.IntRange(0, len(w.services)-1).Draw(t.T, "service")]
	s.servers = slices.Clone(s.servers)
	if text, gone := strings.CutSuffix(s.servers[0], " gone"); gone {
		s.servers[0] = text
	} else {
		s.servers[0] += " gone"
	}
	generation := r.tables.Generation
	r.wishes, r.tables = w, r.build(w)
	r.tables.Generation = generation + 1
	for _, v := range r.tables.Services.Virtuals() {
		v.Version = uint32(generation) + 1
		r.tables.Changed = append(r.tables.Changed, v.ID)
	}
	tables := r.tables
	for _, i := range rapid.Permutation([]int{0, 1, 2, 3}[:len(r.workers)]).Draw(t.T, "adopting") {
		r.workers[i].Adopt(&tables)
		r.workers[i].between(1)
		for range rapid.IntRange(0, 3).Draw(t.T, "turns meanwhile") {
			for _, other := range r.workers {
				other.between(other.Turn())
			}
		}
	}
}

// verifyOrder holds what has left to the order of each flow.
func (r *rig) verifyOrder() {
	r.t.Helper()
	last := map[string]uint32{}
	for _, frame := range r.ports[inside].Sent() {
		name, _, _ := strings.Cut(lcoretest.Describe(frame), " ttl")
		name, _, _ = strings.Cut(name, " seq")
		number := binary.BigEndian.Uint32(frame[len(frame)-4:])
		if number < last[name] {
			r.t.Errorf("%s: packet %d left behind packet %d", name, number, last[name])
		}
		last[name] = number
	}
}

// verifyCounts holds templates and loads to the connections that there are.
func (r *rig) verifyCounts() {
	r.t.Helper()
	controls := map[*template.Entry]uint32{}
	totals := map[uint32]int32{}
	for _, w := range r.workers {
		unproven := uint64(0)
		for i := range w.conns.Entries {
			if c := &w.conns.Entries[i]; c.Live() {
				totals[c.Slot]++
				if c.Proof != conn.Proven {
					unproven++
				}
				if e := w.templateOf(c); e != nil {
					controls[e]++
					if !e.Live() {
						r.t.Errorf("the template of %v is gone", end(w.conns.Client(c)))
					}
				}
			}
		}
		if unproven != w.conns.Unproven() {
			r.t.Errorf("worker %d: %d unproven connections counted, there are %d", w.Number, w.conns.Unproven(), unproven)
		}
	}
	for _, w := range r.workers {
		unproven := uint64(0)
		if w.inquiries.out != 0 || !w.inquiries.idle() || len(w.inquiries.waiting) != 0 {
			r.t.Errorf("worker %d: %d questions are out, %d packets wait", w.Number, w.inquiries.out, len(w.inquiries.waiting))
		}
		for i := range w.tmpls.Entries {
			w.tmpls.Hear(uint32(i))
			e := &w.tmpls.Entries[i]
			if e.Controls != controls[e] {
				r.t.Errorf("%s controls %d connections, there are %d", templateName(w.tmpls, uint32(i)), e.Controls, controls[e])
			}
			if e.Live() && w.tmpls.IsUnproven(uint32(i)) {
				unproven++
			}
		}
		if unproven != w.tmpls.Unproven() {
			r.t.Errorf("worker %d: %d unproven templates counted, there are %d", w.Number, w.tmpls.Unproven(), unproven)
		}
	}
	for slot := range r.workers[0].loads {
		var sum int32
		for _, w := range r.workers {
			sum += w.loads[slot].Active + w.loads[slot].Inactive
		}
		if sum != totals[uint32(slot)] {
			r.t.Errorf("slot %d: %d connections counted, there are %d", slot, sum, totals[uint32(slot)])
		}
		if s := r.workers[0].shared; s != nil {
			if active, inactive := s.of(uint32(slot)); active+inactive != sum {
				r.t.Errorf("slot %d: %d connections counted by all, there are %d", slot, active+inactive, sum)
			}
		}
	}
}

// verifyEmpty wants no entry and no count to be left.
func (r *rig) verifyEmpty() {
	r.t.Helper()
	r.verifyCounts()
	if c := r.counters(); c.Connections != 0 || c.Templates != 0 || c.Held != 0 {
		r.t.Errorf("%d connections, %d templates are left, %d packets held", c.Connections, c.Templates, c.Held)
	}
	for slot := range r.workers[0].loads {
		for _, w := range r.workers {
			if n := w.stats.counted(uint32(slot)); n.Active != 0 || n.Inactive != 0 || n.Templates != 0 {
				r.t.Errorf("slot %d, worker %d: still counted: %+v", slot, w.Number, *n)
			}
		}
	}
}
