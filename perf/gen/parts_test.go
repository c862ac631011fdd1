package gen

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
	"cleat/lcore/wire"

	"cleat/perf/payload"
)

func TestParseSizes(t *testing.T) {
	for text, want := range map[string]string{
		"64":          "[64]",
		"64, 128":     "[64 128]",
		"abg":         "[64 128 1518]",
		"64x2 1518":   "[64 1518 64]",
		"64x3 594x2":  "[64 594 64 594 64]",
		"aab 100":     "[64 64 128 100]",
		"63":          "",
		"1519":        "",
		"":            "",
		"64x0":        "",
		"64xx":        "",
		"h":           "",
		"sixty-four":  "",
		"64x1001":     "",
		"64 64x2 -64": "",
	} {
		s, err := ParseSizes(text)
		if got := fmt.Sprint([]int(s)); (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
	}
	mix, err := ParseSizes("imix")
	if n := func(size int) int { return count(mix, func(s int) bool { return s == size }) }; err != nil || n(64) != 7 || n(594) != 4 || n(1518) != 1 || mix.Least() != 64 {
		t.Errorf("imix: %v, %v", mix, err)
	}
}

// TestMistakes: every mistake in a Load is named by its key.
func TestMistakes(t *testing.T) {
	for want, change := range map[string]func(*Load){
		"proto: ":       func(l *Load) { l.Proto = "sctp" },
		"unit: ":        func(l *Load) { l.Unit = "bits" },
		"targets: none": func(l *Load) { l.Targets = nil },
		"targets: \"":   func(l *Load) { l.Targets = []string{"10.0.0.1"} },
		"clients: none": func(l *Load) { l.Clients = nil },
		"clients: \"":   func(l *Load) { l.Clients = []string{"10.0.0.1"} },
		"clients: 100.64.0.0/24 and 100.64.0.128/25 overlap": func(l *Load) { l.Clients = append(l.Clients, "100.64.0.128/25") },
		"clients, targets: IPv6: must be in both":            func(l *Load) { l.Clients = append(l.Clients, "fd16::/64") },
		"clients, targets: IPv4: must be in both": func(l *Load) {
			l.Clients = []string{"fd16::/64"}
			l.Targets = append(l.Targets, vip6.String())
			l.Sizes = "84"
		},
		"new: 2":                           func(l *Load) { l.New = 2 },
		"new: 0.5: all 256 clients return": func(l *Load) { l.New, l.Requests, l.Returning = 0.5, 1, 256 },
		"requests: 0: flows without end":   func(l *Load) { l.New = 0.5 },
		"requests: 0: a connection":        func(l *Load) { l.Unit = "connections" },
		"requests: -1":                     func(l *Load) { l.Requests = -1 },
		"zipf: -1":                         func(l *Load) { l.Zipf = -1 },
		"returning: -1":                    func(l *Load) { l.Returning = -1 },
		"returning: 300: clients have 256": func(l *Load) { l.Returning = 300 },
		"ports: 9 to 8":                    func(l *Load) { l.Ports = [2]uint16{9, 8} },
		"flows: 0":                         func(l *Load) { l.Flows = 0 },
		"flows: 100: must be at least one for each of 200":                      func(l *Load) { l.Flows, l.Returning = 100, 200 },
		"flows: 512: the first client would have 2 at a time, but only 1 ports": func(l *Load) { l.Ports = [2]uint16{9, 9} },
		"sizes: ":             func(l *Load) { l.Sizes = "9000" },
		"sizes: 64: a quest":  func(l *Load) { l.Targets, l.Clients = []string{vip6.String()}, []string{"fd16::/64"} },
		"flood: -1":           func(l *Load) { l.Flood = -1 },
		"flood: it is of":     func(l *Load) { l.Flood, l.Proto = 1, "udp" },
		"flood_from: ":        func(l *Load) { l.FloodFrom = []string{"evil"} },
		"flood, flood_from: ": func(l *Load) { l.Flood, l.FloodFrom = 1, []string{"fd00::/8"} },
		"persistence: -1":     func(l *Load) { l.Persistence = -1 },
		"netmask: 0":          func(l *Load) { l.Netmask = 0 },
		"netmask6: 129":       func(l *Load) { l.Netmask6 = 129 },
		"slack: 0":            func(l *Load) { l.Slack = 0 },
	} {
		if err := small(change).Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	for name, l := range loads {
		if err := l.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestClients: numbers and addresses are one to one, and two clients are in one net if a mask makes their addresses equal.
func TestClients(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		masks := [2]int{rapid.IntRange(1, 32).Draw(t, "netmask"), rapid.IntRange(1, 128).Draw(t, "netmask6")}
		some := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"100.64.0.0/20", "10.1.2.3/32", "10.1.2.8/29", "fd16::/56", "fd17::/120", "fd18::/32", "fd19::1/128"}), 1, 4,
			rapid.ID[string]).Draw(t, "networks")
		c, err := newClients("clients", some, masks[0], masks[1])
		if err != nil {
			t.Fatal(err)
		}
		a := uint32(rapid.IntRange(0, c.count-1).Draw(t, "client"))
		b := uint32(rapid.IntRange(0, c.count-1).Draw(t, "another client"))
		for _, n := range []uint32{a, b} {
			back, ok := c.number(c.address(n))
			if !ok || back != n || !within(some, c.address(n).Netip()) {
				t.Fatalf("client %d is at %v, which is client %d, %v", n, c.address(n).Netip(), back, ok)
			}
			if net := c.netOf(n); net < 0 || net >= c.nets {
				t.Fatalf("client %d is in net %d of %d", n, net, c.nets)
			}
		}
		if c.network(int(a)) == c.network(int(b)) {
			v4 := c.address(a).Is4()
			mask := flow.MaskOf(masks[1], false)
			if v4 {
				mask = flow.MaskOf(masks[0], true)
			}
			same := c.address(a).And(mask) == c.address(b).And(mask)
			if same != (c.netOf(a) == c.netOf(b)) {
				t.Fatalf("%v and %v: nets %d and %d under masks %v", c.address(a).Netip(), c.address(b).Netip(), c.netOf(a), c.netOf(b), masks)
			}
		} else if c.netOf(a) == c.netOf(b) {
			t.Fatal("one net in two networks")
		}
		outside := flow.FromNetip(netip.MustParseAddr(rapid.SampledFrom([]string{"9.9.9.9", "fd15::1", "10.1.2.4"}).Draw(t, "outside")))
		if n, ok := c.number(outside); ok {
			t.Fatalf("%v is client %d", outside.Netip(), n)
		}
	})
}

func within(networks []string, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n string) bool { return netip.MustParsePrefix(n).Contains(a) })
}

// TestReplies holds the window to a plain set.
func TestReplies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := rapid.SampledFrom([]uint32{0, 5, math.MaxUint32 - 20}).Draw(t, "start") // numbers may wrap
		w := replies{next: start}
		w.bits = math.MaxUint64
		seen := map[int]bool{} // by distance from start
		highest := -1
		for range rapid.IntRange(1, 100).Draw(t, "answers") {
			k := rapid.IntRange(max(0, highest-70), highest+70).Draw(t, "number")
			got := w.take(start + uint32(k))
			want := fresh
			switch {
			case k > highest:
				highest = k
			case highest-k >= 64:
				want = stale
			case seen[k]:
				want = duplicate
			default:
				want = reordered
			}
			if want != stale {
				seen[k] = true
			}
			if got != want {
				t.Fatalf("answer %d after %d: %d, want %d", k, highest, got, want)
			}
		}
	})
}

// TestFlows: whatever a flow's lap, its client and port lead back to it, and no two flows share them.
func TestFlows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := small(func(l *Load) {
			l.Requests = 1
			l.Flows = rapid.IntRange(1, 300).Draw(t, "flows")
			l.Returning = rapid.IntRange(1, min(l.Flows, 200)).Draw(t, "returning")
			l.Zipf = rapid.SampledFrom([]float64{0, 0.8, 2}).Draw(t, "zipf")
			l.New = rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "new")
			l.Ports = [2]uint16{1000, uint16(rapid.IntRange(1400, 65535).Draw(t, "last port"))}
		})
		p, err := l.check()
		if err != nil {
			t.Fatal(err)
		}
		f := newFlows(p)
		for range rapid.IntRange(1, 400).Draw(t, "renewals") {
			f.renew(uint32(rapid.IntRange(0, len(f.all)-1).Draw(t, "flow")))
		}
		type tuple struct {
			client uint32
			port   uint16
		}
		seen := map[tuple]bool{}
		for i := range uint32(len(f.all)) {
			at := tuple{f.all[i].client, f.port(i)}
			back, ok := f.find(at.client, at.port)
			if !ok || back != i {
				t.Fatalf("flow %d, %v: found %d, %v", i, at, back, ok)
			}
			if seen[at] || at.port < l.Ports[0] || at.port > l.Ports[1] || int(at.client) >= p.clients.count || f.returning(i) != (int(at.client) < p.Returning) {
				t.Fatalf("flow %d: %v", i, at)
			}
			seen[at] = true
		}
	})
}

// TestShares: every client has a flow, all are given out, and Zipf's law holds roughly where there are many.
func TestShares(t *testing.T) {
	first := shares(100000, 1000, 1)
	for c := range 1000 {
		if first[c+1] <= first[c] {
			t.Fatalf("client %d has no flow", c)
		}
	}
	one, ten := float64(first[1]), float64(first[10]-first[9])
	if first[1000] != 100000 || math.Abs(one/ten-10) > 0.5 {
		t.Errorf("%d flows in all; the first client has %v, the tenth %v", first[1000], one, ten)
	}
	if even := shares(10, 3, 0); !slices.Equal(even, []uint32{0, 3, 7, 10}) {
		t.Errorf("%v", even)
	}
}

// TestWalk: every number once a round.
func TestWalk(t *testing.T) {
	for _, n := range []uint32{1, 2, 3, 10, 64, 1000, 65536} {
		w := newWalk(7, n)
		seen := map[uint32]bool{}
		for range n {
			seen[w.next()] = true
		}
		if len(seen) != int(n) || seen[6] || seen[7+n] {
			t.Errorf("%d of %d numbers in one round", len(seen), n)
		}
	}
}

// TestPace: what was due is issued or late; never is more issued than was due, nor anything later than the slack.
func TestPace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(1, 1e7).Draw(t, "rate")
		length := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Second)).Draw(t, "length"))
		p := newPace(rate, time.Hour, length, time.Millisecond)
		now := time.Hour
		for now < time.Hour+length {
			now += time.Duration(rapid.Int64Range(1, int64(length/5)).Draw(t, "pass"))
			due := p.due(now)
			if elapsed := min(now-time.Hour, length).Seconds(); float64(p.issued+p.late)+float64(due) > rate*elapsed+1e-6 {
				t.Fatalf("%d due, %d issued, %d late after %v s at %v", due, p.issued, p.late, elapsed, rate)
			}
			if float64(due) > rate*0.001+1 {
				t.Fatalf("%d due: older than the slack", due)
			}
			p.issued += uint64(min(due, rapid.IntRange(0, 1000).Draw(t, "room")))
		}
		p.end()
		if total := uint64(rate * length.Seconds()); p.issued+p.late != total {
			t.Fatalf("%d issued, %d late, %d in all", p.issued, p.late, total)
		}
	})
}

// TestAffinity: a bond lasts for the timeout from the last flow's beginning, for each net and service.
func TestAffinity(t *testing.T) {
	a := newAffinity(time.Minute, 2, 2)
	for i, s := range []struct {
		net, service int
		server       uint16
		at           time.Duration
		broken       bool
	}{
		{0, 0, 1, 0, false},
		{0, 0, 1, 50 * time.Second, false},
		{0, 0, 2, 100 * time.Second, true},  // 50 s after the last flow
		{0, 0, 1, 161 * time.Second, false}, // 61 s after it
		{1, 0, 2, 161 * time.Second, false},
		{0, 1, 2, 161 * time.Second, false},
		{0, 0, 0, 161 * time.Second, true},
	} {
		if got := a.begin(s.net, s.service, s.server, int64(s.at)); got != s.broken {
			t.Errorf("step %d: broken %v, want %v", i, got, s.broken)
		}
	}
	if newAffinity(0, 1, 1).begin(0, 0, 1, 0) || newAffinity(0, 1, 1).begin(0, 0, payload.Nobody-1, 0) {
		t.Error("without a timeout nothing can be broken")
	}
}

func TestPlace(t *testing.T) {
	l := small(func(l *Load) {})
	port := wire.MAC{2, 1, 1, 1, 1, 1}
	link, err := (&Place{Addresses: []string{"10.8.0.2"}}).Link(l, port)
	if n := link.Next[four]; err != nil || link.MAC != port || n.To != flow.FromNetip(vip4.Addr()) || n.From != router4 || n.Own != port || n.Known() {
		t.Errorf("%+v, %v", link, err)
	}
	link, err = (&Place{MAC: "02:00:00:00:08:02", Via: []string{"10.8.0.1"}, ViaMAC: "02:00:00:00:08:01"}).Link(l, port)
	if n := link.Next[four]; err != nil || link.MAC != routerMAC || n.To != flow.V4(0x0a080001) || !n.Known() {
		t.Errorf("%+v, %v", link, err)
	}
	for want, p := range map[string]*Place{
		"addresses: none for IPv4":             {},
		`addresses: "fd08::%eth0"`:             {Addresses: []string{"fd08::%eth0"}},
		"addresses: 10.8.0.3: there is one of": {Addresses: []string{"10.8.0.2", "10.8.0.3"}},
		`via: "x"`:                             {Addresses: []string{"10.8.0.2"}, Via: []string{"x"}},
		"mac: ":                                {MAC: "x"},
		"via_mac: ":                            {ViaMAC: "x"},
	} {
		if _, err := p.Link(l, port); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}
