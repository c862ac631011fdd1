package path

import (
	"fmt"
	"maps"
	"os"
	"runtime"
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

// TestFlood: it comes to figures of everything; what they are is nobody's business here.
func TestFlood(t *testing.T) {
	needLab(t)
	f := &Flood{Flows: 1000, Room: 20000}
	figures, err := f.Measure(lab, Schedule{Repetitions: 2, Each: 5 * time.Millisecond})
	if err != nil || len(figures) != 7 {
		t.Fatalf("%d figures, want 7; %v", len(figures), err)
	}
	for i := range figures {
		if figures[i].Case != "flood" || len(figures[i].Values) != 2 || figures[i].Values.Median() <= 0 {
			t.Errorf("%+v", figures[i])
		}
	}
}

// TestCrews: one worker and two, the latter with and without handing over. Measure itself fails if a packet got lost, or went where it should not.
func TestCrews(t *testing.T) {
	needLab(t)
	for _, c := range []Crew{
		{Case{Name: "one", Proto: "tcp", Flows: 500}, 1, 0},
		{Case{Name: "two", Proto: "tcp", Flows: 1000}, 2, 0},
		{Case{Name: "strangers", Proto: "tcp", Flows: 1000}, 2, 50},
	} {
		t.Run(c.Name, func(t *testing.T) {
			if c.Workers > runtime.NumCPU() {
				t.Skip("needs two CPUs")
			}
			shifts, err := c.Measure(lab, Schedule{Repetitions: 2, Each: 5 * time.Millisecond})
			if err != nil || len(shifts) != 2 {
				t.Fatalf("%d repetitions, want 2; %v", len(shifts), err)
			}
			for _, s := range shifts {
				if s.Floor.Packets == 0 || s.Path.Packets == 0 || s.Path.CPU <= 0 || (s.HandedOver != 0) != (c.Strangers != 0) {
					t.Errorf("%+v", s)
				}
			}
		})
	}
}

// TestTables: nothing is forgotten, and an entry takes what it says.
func TestTables(t *testing.T) {
	needLab(t)
	figures, err := (&Tables{10000}).Measure(lab)
	if err != nil {
		t.Fatal(err)
	}
	bytes := map[string]float64{}
	for _, f := range figures {
		bytes[f.What] = f.Values.Median()
	}
	if bytes["a connection"] < 64 || bytes["index, a connection"] < 8 || bytes["a template, index, timer and all"] < 72 ||
		bytes["10 M connections and 10 M templates"] < 20e6*72/(1<<30) {
		t.Errorf("%+v", figures)
	}
}

func TestGaps(t *testing.T) {
	needLab(t)
	g := &Gaps{Case{Name: "gaps", Proto: "tcp", Flows: 100}, 1}
	figures, all, err := g.Measure(lab, Schedule{Repetitions: 1, Each: 2 * 3 * gapWindow})
	if err != nil || len(figures) != 4 || len(all) != 3 {
		t.Fatalf("%+v, %+v, %v", figures, all, err)
	}
	for _, f := range figures {
		if len(f.Values) != 2 {
			t.Errorf("%+v: want two windows", f)
		}
	}
}

// TestWatch: only long gaps, and only since begin.
func TestWatch(t *testing.T) {
	var now time.Duration
	w := &watch{clock: func() time.Duration { return now }, seen: make([]time.Duration, 0, 2)}
	for _, step := range []time.Duration{time.Hour, longGap - 1, longGap, 2 * longGap, 3 * longGap} {
		now += step
		if w.now() != now {
			t.Fatal("another time")
		}
		if step == time.Hour {
			w.begin()
		}
	}
	if want := []time.Duration{longGap, 2 * longGap}; !slices.Equal(w.seen, want) {
		t.Errorf("seen %v, want %v: there is room for two", w.seen, want)
	}
}

func TestIdle(t *testing.T) {
	needLab(t)
	for i := range Idles {
		figures, d, err := Idles[i].measure(lab, Schedule{Repetitions: 2, Each: 10 * time.Millisecond})
		if err != nil || len(figures) != 3 || len(figures[0].Values) != 2 || figures[1].Values.Median() <= 0 {
			t.Fatalf("%s: %+v, %v", Idles[i].Name, figures, err)
		}
		if h, err := d.Histogram.Decode(); err != nil || h.TotalCount() == 0 {
			t.Errorf("%s: %v", Idles[i].Name, err)
		}
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
