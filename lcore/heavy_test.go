package lcore

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
)

// spreading are the settings of these tests: a fifth of the new connections makes a client heavy.
var spreading = func() Settings {
	s := kernel
	s.SpreadAbove = 20
	return s
}()

// storm lets clients open connections for a time, perSecond of each, from ports all over the range.
func (r *rig) storm(vip string, d time.Duration, perSecond int, clients ...string) {
	const step = 20 * time.Millisecond
	for end := r.now + d; r.now < end; r.now += step {
		for range perSecond / int(time.Second/step) {
			r.clients++
			for _, c := range clients {
				port := 1024 + uint16(r.clients*7919)%64000
				r.send(outside, fromClient(fmt.Sprintf("%s:%d", c, port), vip, "S"))
			}
		}
	}
}

// blocks are the last digits of the servers of a client's connections from nine ports: of three blocks, and again.
func (r *rig) blocks(client, vip string) string {
	var digits []byte
	for i := range 9 {
		r.clients++
		port := 3*1024 + 1024*i + r.clients%1024
		server := r.choose(fromClient(fmt.Sprintf("%s:%d", client, port), vip, "S"))
		colon := strings.LastIndexByte(server, ':')
		if colon < 1 {
			return fmt.Sprintf("port %d goes to %q", port, server)
		}
		digits = append(digits, server[colon-1])
	}
	return string(digits)
}

// TestSpread tells the story of a client that becomes heavy and light again.
func TestSpread(t *testing.T) {
	const nat, other = "172.16.0.1", "172.16.0.2"
	w := with(spreading, web(hour))
	w.services[0].spread, w.size = 3, 16384
	r := newRig(t, w)
	expect := func(what, client, want string) {
		t.Helper()
		if got := r.blocks(client, vip80); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	expect("both are light", nat, "333333333")
	expect("both are light", other, "222222222")
	old := fromClient(nat+":4096", vip80, "A") // of block 1
	r.choose(fromClient(nat+":4096", vip80, "S"))
	r.picks(2) // so that rr goes on with 2 and 1

	r.storm(vip80, 5*time.Second, 200, nat)
	expect("block 0 stays, the others are scheduled", nat, "312312312")
	expect("who is light stays", other, "222222222")
	if got := r.choose(old); got != "10.9.0.13:80" {
		t.Errorf("a connection from before goes to %q", got)
	}
	if got := r.templates(nat); !slices.Equal(got, []string{"0 10.9.0.13", "1 10.9.0.11", "2 10.9.0.12"}) {
		t.Errorf("templates: %v", got)
	}
	if c := r.counters(); c.HeavyClients != 1 {
		t.Errorf("%d heavy clients, want 1", c.HeavyClients)
	}

	r.storm(vip80, 9*time.Second, 50, nat)
	expect("down to half, it stays heavy", nat, "312312312")
	r.storm(vip80, 20*time.Second, 50, nat, "172.16.1.1", "172.16.1.2", "172.16.1.3", "172.16.1.4", "172.16.1.5", "172.16.1.6", "172.16.1.7",
		"172.16.1.8", "172.16.1.9", "172.16.1.10", "172.16.1.11", "172.16.1.12")
	expect("one of many alike", nat, "333333333")
	if c := r.counters(); c.HeavyClients != 0 {
		t.Errorf("%d heavy clients, want 0", c.HeavyClients)
	}
	r.conserve()
}

// templates are the blocks of a client's templates with their servers.
func (r *rig) templates(client string) (lines []string) {
	for _, w := range r.workers {
		for i := range w.tmpls.Entries {
			if e := &w.tmpls.Entries[i]; e.Live() && w.tmpls.Key(e).Client == addr(client) {
				lines = append(lines, fmt.Sprintf("%d %v", w.tmpls.Key(e).Block, w.tables.Services.Real(e.Slot).Addr.Netip()))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// TestWhoIsSpread: whatever the kind of the service, and whichever worker has the template, a heavy client is spread and others stay as they were.
func TestWhoIsSpread(t *testing.T) {
	pfmc := wishes{settings: spreading, marks: []service.Rule{mark(3)}, services: []wish{{mark: 3, persist: hour, servers: three, spread: 3}}}
	of := func(change func(*wish)) wishes {
		s := web(hour)
		s.spread = 3
		change(&s)
		return with(spreading, s)
	}
	narrow := func(w wishes, above int) wishes {
		w.settings.SpreadAbove = above
		return w
	}
	wide := of(func(s *wish) { s.mask = 16 })
	shared, scoped := wide, wide
	shared.workers, scoped.workers, scoped.scope = 4, 4, ServiceScope
	const nat, near = "172.16.0.1", "172.16.0.9"
	for _, tt := range []struct {
		what        string
		wishes      wishes
		nat, near   string
		vip         string
		perSecond   int
		spread      bool
		nearAsMuch  bool // the neighbour opens as many connections
		nearShares  bool // it has the client's template
		nearSpreads bool
	}{
		{what: "PPC", wishes: of(func(*wish) {}), spread: true},
		{what: "PCC", wishes: of(func(s *wish) { s.vip = "10.0.0.1:0" }), spread: true},
		{what: "PFMC", wishes: pfmc, spread: true},
		{what: "a netmask: one host of the network is heavy", wishes: wide, spread: true, nearShares: true},
		{what: "another worker owns the template", wishes: shared, spread: true, nearShares: true},
		{what: "one worker decides for all", wishes: scoped, spread: true, nearShares: true},
		{what: "spread is off", wishes: of(func(s *wish) { s.spread = 1 })},
		{what: "too few connections a second", wishes: of(func(*wish) {}), perSecond: 50},
		{what: "too small a share", wishes: narrow(of(func(*wish) {}), 60), nearAsMuch: true},
		{what: "two are heavy", wishes: of(func(*wish) {}), spread: true, nearAsMuch: true, nearSpreads: true},
		{
			what: "IPv6: one of two hosts of a /64", wishes: with(spreading, web6(func(s *wish) { s.spread, s.persist = 3, hour })),
			nat: "[fd16::1]", near: "[fd16::2]", vip: vip6, spread: true,
		},
	} {
		t.Run(tt.what, func(t *testing.T) {
			tt.wishes.size = 16384
			if tt.vip == "" {
				tt.nat, tt.near, tt.vip = nat, near, vip80
			}
			if tt.perSecond == 0 {
				tt.perSecond = 200
			}
			r := newRig(t, tt.wishes)
			was, at := r.blocks(tt.nat, tt.vip), r.blocks(tt.near, tt.vip)
			if strings.Trim(was, was[:1]) != "" || strings.Trim(at, at[:1]) != "" || (was == at) != tt.nearShares {
				t.Fatalf("at first the client has %s and its neighbour %s", was, at)
			}
			stormy := []string{tt.nat}
			if tt.nearAsMuch {
				stormy = append(stormy, tt.near)
			}
			r.storm(tt.vip, 5*time.Second, tt.perSecond, stormy...)
			got := r.blocks(tt.nat, tt.vip)
			if spread := got != was; spread != tt.spread {
				t.Errorf("the client has %s", got)
			}
			if tt.spread && (got[:3] != got[3:6] || got[:3] != got[6:] || got[0] != was[0]) {
				t.Errorf("the client's blocks have %s", got)
			}
			if got := r.blocks(tt.near, tt.vip); (got != at) != tt.nearSpreads {
				t.Errorf("its neighbour has %s", got)
			}
			r.conserve()
		})
	}
}

// TestHeavyPackets: clients' shares of the packets, both directions, as the worker estimates them; what belongs to no service is nobody's.
func TestHeavyPackets(t *testing.T) {
	w := with(kernel, web(hour))
	w.size = 4096
	r := newRig(t, w)
	r.send(outside, fromClient(alice, vip80, "S"), fromClient(bob, vip80, "S"))
	begin := r.now
	for _, q := range []struct {
		port  int
		frame []byte
	}{
		{outside, fromClient(alice, vip80, "A")},
		{inside, fromServer(3, "10.9.0.13:80", alice, "A")},
		{outside, fromClient(bob, vip80, "A")},
		{outside, lcoretest.ARPRequest(gatewayMAC, ip("10.8.0.2"), ip("10.8.0.1"))},
	} {
		for range 65536 / burst.Size {
			r.ports[q.port].Inject(0, slices.Repeat([][]byte{q.frame}, burst.Size)...)
			r.turn()
			for i := range r.ports {
				r.ports[i].Sent()
			}
		}
		r.now += 100 * time.Millisecond // not yet enough for anything to be forgotten
	}
	m := &r.workers[0].heavy.packets
	shares := map[flow.Addr]float64{}
	for _, c := range m.Counters() {
		shares[c.Client] = m.Share(c.AtLeast())
	}
	for client, want := range map[string]float64{"172.16.0.1": 0.5, "172.16.0.2": 0.25} {
		if got := shares[addr(client)]; math.Abs(got-want) > 0.1 { // 256 looks: three standard deviations
			t.Errorf("%s has %v of the packets, want about %v", client, got, want)
		}
	}
	if len(shares) != 2 || m.Total != 4*65536+2 {
		t.Errorf("%d packets of %v", m.Total, shares)
	}
	r.now = begin + 5*time.Second
	r.turn()
	if c := r.counters(); math.Abs(float64(c.HeaviestShare)/1e6-0.5) > 0.1 {
		t.Errorf("the heaviest has %d millionths", c.HeaviestShare)
	}
}

// TestHeavyReport: what management is told, by a worker that runs.
func TestHeavyReport(t *testing.T) {
	w := with(spreading, web(hour), wish{proto: flow.TCP, vip: "10.0.0.1:443", persist: hour, servers: []string{"10.9.0.12:443"}}, resolver(), web6())
	w.services[0].spread, w.size = 3, 16384
	r := newRig(t, w)
	r.storm(vip80, 5*time.Second, 200, "172.16.0.1")
	r.storm("10.0.0.1:443", 20*time.Millisecond, 50, "172.16.0.1", "172.16.0.2")
	r.blocks("172.16.0.1", vip80)
	for _, tt := range []struct {
		client  string
		room    int
		servers []string
		heavy   bool
	}{
		{"172.16.0.1", 9, []string{"10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80", "10.9.0.12:443"}, true},
		{"172.16.0.1", 2, []string{"10.9.0.11:80", "10.9.0.13:80"}, true},
		{"172.16.0.2", 9, []string{"10.9.0.12:443"}, false},
		{"172.16.0.3", 9, nil, false},
		{"fd16::1", 9, nil, false},
	} {
		r.while(func() error {
			_, connections, err := r.workers[0].Heavy()
			if c := connections.Find(addr(tt.client)); (c != nil && c.Heavy) != tt.heavy {
				t.Errorf("%s: %+v", tt.client, c)
			}
			if connections.Span < 2*time.Second || connections.Span > 4*time.Second {
				t.Errorf("the span is %v", connections.Span)
			}
			slots := make([]uint32, tt.room)
			n, err2 := r.workers[0].Servers(addr(tt.client), slots)
			var servers []string
			for _, slot := range slots[:n] {
				s := r.tables.Services.Real(slot)
				servers = append(servers, endpoint(s.Addr, s.Port))
			}
			slices.Sort(servers)
			slices.Sort(tt.servers)
			if diff := cmp.Diff(tt.servers, servers); diff != "" {
				t.Errorf("%s: %s", tt.client, diff)
			}
			if err == nil {
				err = err2
			}
			return err
		})
	}
}

// BenchmarkWeigh is what it costs a packet of known connections to be looked at now and then, with many clients that are all alike: the dearest case.
func BenchmarkWeigh(b *testing.B) {
	r := newRig(b, wishes{settings: kernel, size: 1 << 17, services: []wish{web(0)}})
	r.replay(each(64_000, func(i int) []byte { return fromClient(client(i, 1), vip80, "SA") }), nil)
	w := r.workers[0]
	for range 64_000 / burst.Size {
		w.between(w.Turn())
	}
	stranger := uint32(0)
	for b.Loop() {
		if i := w.heavy.packets.First(); i < w.in.N { // as if somebody else had come
			stranger = (stranger + 7) % 512 // whose connection is in the cache, as after a turn
			w.in.conn[i] = stranger + 1
		}
		w.weigh()
	}
	perPacket(b)
}
