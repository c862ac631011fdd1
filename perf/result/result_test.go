package result

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata anew")

func TestSeries(t *testing.T) {
	for _, c := range []struct {
		s                       Series
		median, least, greatest float64
	}{
		{nil, 0, 0, 0},
		{Series{3}, 3, 3, 3},
		{Series{9, 1}, 5, 1, 9},
		{Series{9, 1, 2}, 2, 1, 9},
		{Series{4, 1, 9, 2}, 3, 1, 9},
	} {
		least, greatest := c.s.Spread()
		if c.s.Median() != c.median || least != c.least || greatest != c.greatest {
			t.Errorf("%v: median %v, %v … %v", c.s, c.s.Median(), least, greatest)
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		row  Row
		want string
	}{
		{Row{Floor: Series{20}, Path: Series{37}, Aim: 18, Must: 30}, "aim"},
		{Row{Floor: Series{20}, Path: Series{50}, Aim: 18, Must: 30}, "must"},
		{Row{Floor: Series{20}, Path: Series{51}, Aim: 18, Must: 30}, "missed"},
		{Row{Floor: Series{30}, Path: Series{250}, Rate: true, Aim: 4, Must: 2.5}, "aim"},
		{Row{Floor: Series{30}, Path: Series{400}, Rate: true, Aim: 4, Must: 2.5}, "must"},
		{Row{Floor: Series{30}, Path: Series{401}, Rate: true, Aim: 4, Must: 2.5}, "missed"},
		{Row{Floor: Series{20}, Path: Series{51}}, ""},
		{Row{Floor: Series{20}, Aim: 18, Must: 30}, ""},
	} {
		if got := c.row.Verdict(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.row, got, c.want)
		}
	}
}

func TestOwnIsTakenPairByPair(t *testing.T) {
	r := Row{Floor: Series{20, 40, 30}, Path: Series{50, 60, 45}}
	if want := (Series{30, 20, 15}); !reflect.DeepEqual(r.Own(), want) {
		t.Errorf("%v, want %v", r.Own(), want)
	}
}

var report = &Report{
	Host: Host{
		Time: time.Unix(0, 0).UTC(), CPU: "Some CPU", CPUs: 2, Kernel: "6.1", DPDK: "22.11.7", Go: "go1.26", Cleat: "v1",
		Hugepages: true, Load: "0.10",
	},
	Rows: []Row{
		{Case: "floor", Floor: Series{20, 22, 21}, Share: 1},
		{Case: "known", Floor: Series{20, 22, 21}, Path: Series{40, 44, 50}, Share: 0.987, Aim: 18, Must: 30},
		{Case: "new", Floor: Series{30}, Path: Series{300}, Share: 0.5, Rate: true, Aim: 4, Must: 2.5},
		{Case: "no target", Floor: Series{30}, Path: Series{300}, Share: 1},
	},
}

func TestTable(t *testing.T) { golden(t, "testdata/table.golden", report.Table) }

// golden compares what is written with a file.
func golden(t *testing.T, file string, write func(io.Writer) error) {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

// TestSettle: not slower than another case is told over all repetitions of both.
func TestSettle(t *testing.T) {
	start := func(nat, dr float64) *Report {
		return &Report{Rows: []Row{
			{Case: "nat", Floor: Series{20}, Path: Series{20 + nat}},
			{Case: "dr", Floor: Series{20}, Path: Series{20 + dr}, Than: "nat"},
			{Case: "alone", Floor: Series{20}, Path: Series{25}, Than: "nobody"},
		}}
	}
	r := start(30, 50)
	r.Settle()
	if dr := &r.Rows[1]; dr.Aim != 30 || dr.Must != 30 || dr.Verdict() != "missed" {
		t.Errorf("one start: %+v, %s", dr, dr.Verdict())
	}
	r.Add(start(60, 40))
	if dr := &r.Rows[1]; dr.Aim != 45 || dr.Must != 60 || dr.Verdict() != "aim" {
		t.Errorf("two starts: %+v, %s", dr, dr.Verdict())
	}
	if v := r.Rows[2].Verdict(); v != "" {
		t.Errorf("nothing to compare with: %q", v)
	}
}

func TestTargets(t *testing.T) {
	r := &Report{
		Rows: []Row{
			{Case: "mine", Floor: Series{20}, Path: Series{37}, Aim: 18, Must: 30},
			{Case: "new-clients", Floor: Series{30}, Path: Series{401}, Rate: true, Aim: 4, Must: 2.5},
			{Case: "known-1k", Floor: Series{20}, Path: Series{37}, Aim: 18, Must: 30},
			{Case: "known-1k-udp", Floor: Series{20}, Path: Series{37}},
		},
		Figures: []Figure{
			{Case: "memory", What: "a connection", Unit: "B", Values: Series{70}, Aim: 64, Must: 80},
			{Case: "memory", What: "a template", Unit: "B", Values: Series{70}, Aim: 80, Must: 80},
			{Case: "mine", What: "shares", Unit: "%", Values: Series{50}, Aim: 90, Must: 90, More: true},
			{Case: "mine", What: "no target", Unit: "%", Values: Series{50}},
		},
	}
	of := map[string]Target{}
	for _, target := range r.Targets() {
		of[target.Title] = target
	}
	for title, want := range map[string]Target{
		"1 k flows, NAT":                    {Wanted: "+18, must +30 ns", Measured: "+17.0 ns", Verdict: "aim"},
		"new connections, new clients":      {Wanted: "4, must 2.5 M/s", Measured: "2.49 M/s", Verdict: "missed"},
		"worker's own memory: a connection": {Wanted: "at most 64, must 80 B", Measured: "70 B", Verdict: "must"},
		"worker's own memory: a template":   {Wanted: "at most 80 B", Measured: "70 B", Verdict: "aim"},
		"1 M flows, NAT":                    {Verdict: NotMeasured},
		"mine":                              {Wanted: "+18, must +30 ns", Measured: "+17.0 ns", Verdict: "aim"},
		"mine: shares":                      {Wanted: "at least 90 %", Measured: "50 %", Verdict: "missed"},
	} {
		got := of[title]
		got.Title, got.Case = "", ""
		if got != want {
			t.Errorf("%s: %+v, want %+v", title, got, want)
		}
	}
	if len(of) != len(titles)+3 { // memory twice, and two of the case without a title
		t.Errorf("%d targets: %+v", len(of), of)
	}
}

func TestJSONComesBack(t *testing.T) {
	var b bytes.Buffer
	if err := report.JSON(&b); err != nil {
		t.Fatal(err)
	}
	again, err := Parse(b.Bytes())
	if err != nil || !reflect.DeepEqual(again, report) {
		t.Errorf("%v: %+v, want %+v", err, again, report)
	}
}

func TestProcessor(t *testing.T) {
	for text, want := range map[string]struct {
		name    string
		virtual bool
	}{
		"processor\t: 0\nmodel name\t: AMD EPYC 7763\nflags\t: fpu hypervisor\n": {"AMD EPYC 7763", true},
		"processor\t: 0\nmodel name\t: AMD EPYC 7763\nflags\t: fpu sse\n":        {"AMD EPYC 7763", false},
		"processor\t: 0\nCPU implementer\t: 0x41\n":                              {"unknown", false},
	} {
		if name, virtual := processor(text, "unknown"); name != want.name || virtual != want.virtual {
			t.Errorf("%q: %q, %v, want %+v", text, name, virtual, want)
		}
	}
}

func TestCaches(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"index0/level": "1\n", "index0/type": "Data\n", "index0/size": "32K\n",
		"index1/level": "2\n", "index1/type": "Unified\n", "index1/size": "512K\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := caches(dir); got != "L1d 32K, L2 512K" {
		t.Errorf("%q", got)
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		`{"version": 2, "cases": []}`: "version 2 of a report: this cleat-perf reads version 1",
		`{"cases": []}`:               "version 0 of a report: this cleat-perf reads version 1",
		`<html>`:                      "no report: invalid character '<' looking for beginning of value",
	} {
		if _, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestAdd(t *testing.T) {
	r := &Report{
		Host: Host{Ports: []string{"net_pcap"}},
		Rows: []Row{{Case: "a", Floor: Series{1}, Path: Series{2}, Share: 1}}, Figures: []Figure{{Case: "a", What: "x", Values: Series{1}}},
	}
	r.Add(&Report{
		Host:    Host{Ports: []string{"net_ring", "net_pcap"}},
		Rows:    []Row{{Case: "a", Floor: Series{3, 5, 7}, Path: Series{4, 6, 8}, Share: 0.5}, {Case: "b", Floor: Series{9}}},
		Figures: []Figure{{Case: "a", What: "x", Values: Series{2}}, {Case: "a", What: "y", Values: Series{3}}},
	})
	want := &Report{
		Host:    Host{Ports: []string{"net_pcap", "net_ring"}},
		Rows:    []Row{{Case: "a", Floor: Series{1, 3, 5, 7}, Path: Series{2, 4, 6, 8}, Share: 0.625}, {Case: "b", Floor: Series{9}}},
		Figures: []Figure{{Case: "a", What: "x", Values: Series{1, 2}}, {Case: "a", What: "y", Values: Series{3}}},
	}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("%+v, want %+v", r, want)
	}
}

func TestNewHost(t *testing.T) {
	h := NewHost("v1", "1")
	if h.CPUs < 1 || h.Kernel == "" || h.Load == "" || h.Go == "" || time.Since(h.Time) > time.Minute {
		t.Errorf("%+v", h)
	}
}
