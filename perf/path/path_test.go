package path

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cleat/lcore"
	"cleat/lcore/nexthop"
	"cleat/lcore/service"

	"cleat/perf/bed"
	"cleat/perf/traffic"
)

// lab is the one EAL that this process can have; nil without root.
var lab *bed.Bed

// small are cases like those of the suite, in miniature.
var small = []Case{
	{Name: "tcp", Proto: "tcp", Flows: 100},
	{Name: "udp", Proto: "udp", Flows: 100},
	{Name: "both", Proto: "tcp", Flows: 100, Both: true},
	{Name: "one", Proto: "tcp", Flows: 1},
	{Name: "direct", Proto: "tcp", Flows: 100, Forward: service.Direct},
	{Name: "tunnel", Proto: "tcp", Flows: 100, Forward: service.Tunnel},
	{Name: "ipv6", Proto: "tcp", Flows: 100, IPv6: true},
	{Name: "ipv6 both", Proto: "udp", Flows: 100, IPv6: true, Both: true},
	{Name: "lengths", Proto: "udp", Flows: 100, Lengths: imix},
	{Name: "mark", Proto: "tcp", Flows: 100, Mark: true},
	{Name: "services", Proto: "tcp", Flows: 400, Services: 10, Servers: 3},
	{Name: "returning", Proto: "tcp", Live: 20000, Clients: 100},
	{Name: "new clients", Proto: "tcp", Live: 20000, Clients: 1 << 20},
}

func TestMain(m *testing.M) { os.Exit(inLab(m)) }

func inLab(m *testing.M) int {
	if os.Geteuid() != 0 {
		return m.Run()
	}
	var err error
	if lab, err = bed.Start(bed.Options{CPU: bed.LastCPU(), Hugepages: "auto", Memory: small[len(small)-1].Memory() + 32}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := lab.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func needLab(t *testing.T) {
	if lab == nil {
		t.Skip("needs root, as DPDK does")
	}
}

// TestMeasure: Measure itself fails if a packet got lost, or was anything but what the case is about. What it cost is nobody's business here.
func TestMeasure(t *testing.T) {
	for i := range small {
		t.Run(small[i].Name, func(t *testing.T) {
			needLab(t)
			pairs, err := Measure(lab, &small[i], Schedule{Repetitions: 2, Each: 5 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if len(pairs) != 2 {
				t.Fatalf("%d pairs, want 2", len(pairs))
			}
			for _, p := range pairs {
				for what, r := range map[string]bed.Reading{"floor": p.Floor, "path": p.Path} {
					if r.Packets == 0 || r.CPU <= 0 || r.Wall < 5*time.Millisecond {
						t.Errorf("%s: %+v", what, r)
					}
				}
			}
		})
	}
}

func TestMeasureFloor(t *testing.T) {
	for _, f := range []Floor{{"null", 0}, {"pcap", 50}} {
		t.Run(f.Name, func(t *testing.T) {
			needLab(t)
			readings, err := MeasureFloor(lab, &f, Schedule{Repetitions: 3, Each: time.Millisecond})
			if err != nil || len(readings) != 3 {
				t.Fatalf("%v, %v", readings, err)
			}
		})
	}
}

// TestRehearsal: every request gets its answer, as many from each real server, and a worker that has seen the requests forwards
// the answers.
func TestRehearsal(t *testing.T) {
	c := &Case{Name: "both", Proto: "tcp", Flows: 400, Both: true}
	w, err := c.writers()
	if err != nil {
		t.Fatal(err)
	}
	requests := traffic.Frames(c.Flows, w...)
	answers, err := c.rehearse(requests)
	if err != nil {
		t.Fatal(err)
	}
	from := map[string]int{}
	for _, a := range answers {
		from[string(a[6:12])]++
	}
	for n := range c.reals() {
		if mac := realMAC(n); from[string(mac[:])] != c.Flows/c.reals() {
			t.Errorf("%d answers of real server %d, want %d", from[string(mac[:])], n, c.Flows/c.reals())
		}
	}
	s := &stage{frames: append(append([][]byte{}, requests...), answers...)}
	counters, err := c.forward(s)
	if err != nil {
		t.Fatal(err)
	}
	if in, out := counters.Verdicts[lcore.ForwardInput], counters.Verdicts[lcore.ForwardOutput]; in != 400 || out != 400 {
		t.Errorf("%d requests and %d answers forwarded, want 400 each", in, out)
	}
	if len(s.sent) != 800 || counters.Unaccounted() != 0 {
		t.Errorf("%d transmitted, %d unaccounted", len(s.sent), counters.Unaccounted())
	}
}

func TestExpected(t *testing.T) {
	known, returning, fresh := called(t, "known-1k"), called(t, "new-returning"), called(t, "new-clients")
	for _, c := range []struct {
		of                          *Case
		forwarded, made, remembered uint64
		wrong                       bool
	}{
		{known, 100, 0, 0, false},
		{known, 99, 0, 0, true},
		{known, 100, 1, 0, true},
		{known, 100, 0, 1, true},
		{returning, 100, 100, 0, false},
		{returning, 100, 99, 0, true},
		{returning, 100, 100, 1, true},
		{fresh, 100, 100, 100, false},
		{fresh, 100, 100, 99, true},
	} {
		var before, after lcore.Counters
		before.Received, after.Received = 50, 150
		after.Verdicts[lcore.ForwardInput] = c.forwarded
		after.ConnectionInserts, after.TemplateInserts = c.made, c.remembered
		if err := c.of.expected(&before, &after); (err != nil) != c.wrong {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// called is the case of that name.
func called(t *testing.T, name string) *Case {
	i := slices.IndexFunc(Cases, func(c Case) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no case is called %s", name)
	}
	return &Cases[i]
}

// TestWays: what leaves the worker is what the case is about.
func TestWays(t *testing.T) {
	for i := range small {
		c := &small[i]
		if c.Live != 0 || c.Both {
			continue
		}
		w, err := c.writers()
		if err != nil {
			t.Fatal(err)
		}
		s := &stage{frames: traffic.Frames(c.Flows, w...)}
		if _, err := c.forward(s); err != nil {
			t.Fatal(err)
		}
		to, lengths := map[nexthop.MAC]int{}, map[int]int{}
		for _, f := range s.sent {
			to[nexthop.MAC(f[:6])]++
			lengths[len(f)]++
		}
		if len(s.sent) != c.Flows || len(to) != min(c.reals(), c.Flows) {
			t.Errorf("%s: %d frames to %d real servers, want %d to %d", c.Name, len(s.sent), len(to), c.Flows, c.reals())
		}
		want := map[int]int{}
		for n := range c.Flows {
			want[c.leaves(w[n%len(w)].Len())]++
		}
		if !maps.Equal(lengths, want) {
			t.Errorf("%s: frames by length %v, want %v", c.Name, lengths, want)
		}
	}
}

// leaves is how long a frame is when it leaves, in bytes: without its padding, which the next port adds again, and in its tunnel.
func (c *Case) leaves(length int) int {
	if c.Proto == "tcp" && length == traffic.FrameLen {
		length = 54
	}
	if c.Forward == service.Tunnel {
		length += 20
	}
	return length
}

// TestCases: names are there once, and a case is about known connections or about new ones.
func TestCases(t *testing.T) {
	seen := map[string]bool{}
	for i := range Cases {
		c := &Cases[i]
		if seen[c.Name] || strings.ContainsAny(c.Name, " /") {
			t.Errorf("name %q: twice, or not for a command line", c.Name)
		}
		seen[c.Name] = true
		if (c.Flows == 0) == (c.Live == 0) || c.Live != 0 && c.interval() <= 0 {
			t.Errorf("%s: neither known nor new connections: %+v", c.Name, c)
		}
		if c.Than != "" && !seen[c.Than] {
			t.Errorf("%s is compared with %s, which does not come before it", c.Name, c.Than)
		}
	}
}
