package lcore

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/template"
)

// opening is a packet that opens a connection, and what is to become of it.
type opening struct {
	proto       uint8
	client, vip netip.AddrPort
	key         string // of the template that the client is to have, without the client; "": none
}

// openings of all kinds of persistence: PPC, PCC, PFMC (over both protocols) and none. A real server is a client too.
func drawOpening(t trial) opening {
	client := netip.MustParseAddr(pick(t, "client", "172.16.0.1", "172.16.0.2", "172.16.0.77", "172.16.1.1", "172.17.0.9", "10.9.0.12"))
	o := opening{proto: flow.TCP, client: netip.AddrPortFrom(client, pick[uint16](t, "client port", 20001, 20002, 20003))}
	to, key := "", ""
	switch pick(t, "service", "ppc", "pcc", "pfmc", "none") {
	case "ppc":
		to, key = "10.0.0.1:80", "6 10.0.0.1:80"
	case "pcc":
		to, key = pick(t, "to", "10.0.0.1:8443", "10.0.0.1:22"), "6 10.0.0.1:0"
	case "pfmc":
		to, key = pick(t, "to", "10.0.0.1:443", "10.0.0.2:90"), "0 0.0.0.7:0"
		if to == "10.0.0.2:90" && rapid.Bool().Draw(t.T, "udp") {
			o.proto = flow.UDP
		}
	default:
		to, o.proto = "10.0.0.1:53", flow.UDP
	}
	o.vip, o.key = netip.MustParseAddrPort(to), key
	return o
}

func (o *opening) frame() (port int, frame []byte) {
	port, link := outside, lcoretest.Link(gatewayMAC, outsideMAC)
	if o.client.Addr() == netip.MustParseAddr("10.9.0.12") {
		port, link = inside, lcoretest.Link(serverMAC(2), insideMAC)
	}
	if o.proto == flow.UDP {
		return port, lcoretest.UDP(o.client, o.vip, link)
	}
	return port, lcoretest.TCP(o.client, o.vip, "S", link)
}

func (o *opening) name() string { return fmt.Sprintf("%d %v > %v", o.proto, o.client, o.vip) }

// TestOneClientOneTemplate: however packets of a client spread over ports, queues and time, and whichever worker turns first, there is one
// template for each of its keys, and all its connections go where that says.
func TestOneClientOneTemplate(t *testing.T) {
	servers := func(port int) []string {
		return []string{fmt.Sprintf("10.9.0.11:%d", port), fmt.Sprintf("10.9.0.12:%d 3", port), fmt.Sprintf("10.9.0.13:%d 2", port)}
	}
	check(t, func(t trial) {
		n := pick(t, "workers", 2, 4)
		scope := pick(t, "scope", WorkerScope, ServiceScope)
		mask := pick(t, "mask", 32, 24, 16, 1)
		scheduler := pick(t, "scheduler", "rr", "wlc", "wrr", "sh")
		r := newRig(t, wishes{workers: n, scope: scope, settings: kernel, marks: someRules, services: []wish{
			{proto: flow.TCP, vip: "10.0.0.1:80", persist: time.Minute, mask: mask, scheduler: scheduler, servers: servers(8080)},
			{proto: flow.TCP, vip: "10.0.0.1:0", persist: time.Minute, mask: mask, scheduler: scheduler, servers: servers(0)},
			{mark: 7, persist: time.Minute, mask: mask, scheduler: scheduler, servers: servers(0)},
			{proto: flow.UDP, vip: "10.0.0.1:53", scheduler: scheduler, servers: servers(5353)},
		}})
		opened := map[string]opening{}
		templates := map[string]bool{}
		for range rapid.IntRange(1, 60).Draw(t.T, "packets") {
			o := drawOpening(t)
			opened[o.name()] = o
			if o.key != "" {
				net, _ := o.client.Addr().Prefix(mask)
				templates[net.Masked().Addr().String()+" "+o.key] = true
			}
			port, frame := o.frame()
			r.ports[port].Inject(rapid.IntRange(0, n-1).Draw(t.T, "queue"), frame)
			if rapid.Bool().Draw(t.T, "turn") {
				w := r.workers[rapid.IntRange(0, n-1).Draw(t.T, "worker")]
				w.between(w.Turn())
			}
		}
		r.turn()
		r.sent()
		r.verifyTemplates(templates)
		r.verifyConnections(opened)
		r.verifyAnswers(t, opened)
		r.conserve()
		if in, out := r.counters().Taken, r.counters().Verdicts[HandedOver]; in != out {
			t.Errorf("%d handed over, %d taken", out, in)
		}
	})
}

// verifyTemplates holds the templates of all workers to the keys that clients should have, "client proto virtual".
func (r *rig) verifyTemplates(want map[string]bool) {
	seen := map[string]bool{}
	for _, w := range r.workers {
		for i := range w.tmpls.Entries {
			e := &w.tmpls.Entries[i]
			if !e.Live() {
				continue
			}
			k := w.tmpls.Key(e)
			name := fmt.Sprintf("%v %d %v:%d", k.Client.Netip(), k.Proto, k.Virtual.Netip(), k.Port)
			if seen[name] {
				r.t.Errorf("template %s is there twice", name)
			}
			seen[name] = true
		}
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		r.t.Errorf("templates, wanted (-) and there (+):\n%s", diff)
	}
}

// verifyConnections holds the connections of all workers to those that were opened.
func (r *rig) verifyConnections(opened map[string]opening) {
	seen := map[string]bool{}
	for _, w := range r.workers {
		for i := range w.conns.Entries {
			c := &w.conns.Entries[i]
			if !c.Live() {
				continue
			}
			name := fmt.Sprintf("%d %v > %v", c.Proto, end(w.conns.Client(c)), end(w.conns.Virtual(c)))
			if seen[name] {
				r.t.Errorf("connection %s is known twice", name)
			}
			seen[name] = true
			if o := opened[name]; (c.Template != 0) != (o.key != "") {
				r.t.Errorf("connection %s: template %d, key %q", name, c.Template, o.key)
			}
			if t := w.templateOf(c); t != nil && t.Slot != c.Slot {
				r.t.Errorf("connection %s is not where its template says: slot %d, not %d", name, c.Slot, t.Slot)
			}
		}
	}
	for name := range opened {
		if !seen[name] {
			r.t.Errorf("connection %s is missing", name)
		}
	}
	if len(seen) != len(opened) {
		r.t.Errorf("%d connections, %d opened", len(seen), len(opened))
	}
}

// verifyAnswers has every server answer, on any queue, and wants to see its answer come from the virtual address.
func (r *rig) verifyAnswers(t trial, opened map[string]opening) {
	var want []string
	for _, w := range r.workers {
		for i := range w.conns.Entries {
			c := &w.conns.Entries[i]
			if !c.Live() {
				continue
			}
			server, client, vip := end(w.conns.Server(c)), end(w.conns.Client(c)), end(w.conns.Virtual(c))
			n := int(server.Addr().As4()[3]) - 10
			frame := lcoretest.UDP(server, client, lcoretest.Link(serverMAC(n), insideMAC))
			transport := "udp"
			if c.Proto == flow.TCP {
				frame, transport = fromServer(n, server.String(), client.String(), "SA"), "tcp"
			}
			r.ports[inside].Inject(rapid.IntRange(0, len(r.workers)-1).Draw(t.T, "queue"), frame)
			to := outside
			if client.Addr() == netip.MustParseAddr("10.9.0.12") {
				to = inside
			}
			line := fmt.Sprintf("%d: %v > %v %s %d>%d", to, vip.Addr(), client.Addr(), transport, vip.Port(), client.Port())
			if transport == "tcp" {
				line += " SA seq 1 ack 0"
			}
			want = append(want, line+" ttl 63 csum ok")
		}
	}
	r.turn()
	got := r.sent()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers, wanted (-) and sent (+):\n%s", diff)
	}
	for _, w := range r.workers { // P8.4: an answer to a datagram assures the template
		for i := range w.conns.Entries {
			c := &w.conns.Entries[i]
			if bound := w.templateOf(c); c.Live() && c.State == conn.UDP && bound != nil && bound.State != template.Assured {
				t.Errorf("the template of %v > %v > %v, which was answered, is not assured: %v", end(w.conns.Client(c)), end(w.conns.Virtual(c)), end(w.conns.Server(c)), w.templateLines())
			}
		}
	}
}
