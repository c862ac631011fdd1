package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"cleat/perf/result"
)

var keep = flag.String("keep", "", "write the page of the test into this directory, to be looked at")

// full is a report with something of everything.
func full(t *testing.T) *result.Report {
	t.Helper()
	near := func(x float64) result.Series { return result.Series{x, 0.95 * x, 1.1 * x} }
	row := func(name, line string, flows, workers, size int, path float64) result.Row {
		return result.Row{Case: name, Floor: near(20), Path: near(path), Share: 1, Line: line, Flows: flows, Workers: workers, Size: size}
	}
	r := &result.Report{
		Host: result.Host{Time: time.Unix(0, 0).UTC(), Name: "here", CPU: "Some <CPU>", CPUs: 2, Virtual: true, Kernel: "6.1", Cleat: "v1", Load: "0.1"},
		Rows: []result.Row{
			row("known-1k", "NAT tcp", 1000, 1, 64, 37), row("known-100k", "NAT tcp", 100000, 1, 64, 72), row("known-1m", "NAT tcp", 1000000, 1, 64, 90),
			row("known-1k-dr", "DR tcp", 1000, 1, 64, 35), row("known-100k-dr", "DR tcp", 100000, 1, 64, 70),
			row("known-1k-1518", "NAT tcp", 1000, 1, 1518, 50),
			row("workers-1", "NAT tcp, of several", 1000, 1, 64, 40), row("workers-2", "NAT tcp, of several", 1000, 2, 64, 44),
			{Case: "new-clients", Floor: near(40), Path: near(900), Rate: true, Aim: 2.5, Must: 1.5, Share: 1},
			{Case: "floor", Floor: near(19), Share: 1},
		},
		Figures: []result.Figure{{Case: "memory", What: "bytes | connection", Unit: "B", Values: result.Series{73}, Aim: 80, Must: 80}},
		Soaks:   []result.Soak{{Case: "soak", Unit: result.PacketsPerSecond, Load: 1e6, Trials: []result.Trial{{Duration: time.Minute, Sent: 10, Received: 10}}}},
	}
	r.Failures = []result.Failure{{Case: "flood", Why: "no memory"}}
	r.Rows[0].Aim, r.Rows[0].Must = 18, 30
	r.Rows[1].Aim, r.Rows[1].Must = 35, 50
	s := result.Search{
		Case: "udp", Unit: result.PacketsPerSecond, MRR: near(2e6),
		Goals: []result.Goal{{Name: "NDR", Lower: 1.5e6, Upper: 1.51e6, Throughput: 1.5e6, Limit: result.LimitDevice}, {Name: "PDR", Limit: result.LimitMin}},
	}
	for _, fraction := range []float64{0.9, 0.1} {
		s.Latency = append(s.Latency, result.LatencyPoint{Fraction: fraction, Load: 1.5e6 * fraction, Tag: fmt.Sprint(fraction), Histogram: histogram(t, fraction)})
	}
	r.Searches = []result.Search{s}
	r.Distributions = []result.Distribution{{Case: "gaps", Name: "worker", Histogram: histogram(t, 1)}, {Case: "gaps", Name: "plain C", Histogram: histogram(t, 0.5)}}
	return r
}

func histogram(t *testing.T, times float64) result.Histogram {
	h := hdrhistogram.New(1, 1e9, 3)
	for i := range 100000 {
		v := 8000 + float64(i)/10
		if i%1000 == 0 {
			v *= float64(1 + i/5000)
		}
		if err := h.RecordValue(int64(v * times)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := result.NewHistogram(h)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWrite(t *testing.T) {
	dir := *keep
	if dir == "" {
		dir = t.TempDir()
	}
	if err := Write(dir, "quick", full(t)); err != nil {
		t.Fatal(err)
	}
	var names []string
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		names = append(names, f.Name())
		if filepath.Ext(f.Name()) != ".svg" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		wellFormed(t, f.Name(), text)
	}
	want := []string{
		"connections.svg", "gaps.hlog", "gaps.svg", "latency-udp.hlog", "latency-udp.svg", "own-cost.svg", "report.html", "report.json", "report.md",
		"throughput-by-flows.svg", "throughput-by-size.svg", "throughput-by-workers.svg",
	}
	if !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	r, err := result.Read(filepath.Join(dir, "report.json"))
	if err != nil || len(r.Rows) != 10 {
		t.Errorf("report.json: %v, %+v", err, r)
	}
}

func TestHlog(t *testing.T) {
	r := full(t)
	for _, log := range logs(r) {
		var b bytes.Buffer
		if err := log.write(&b, &r.Host); err != nil {
			t.Fatal(err)
		}
		reader := hdrhistogram.NewHistogramLogReader(&b)
		for _, d := range log.of {
			h, err := reader.NextIntervalHistogram()
			want, wrong := d.Histogram.Decode()
			if err != nil || wrong != nil || h == nil || !h.Equals(want) || h.Tag() != fileName(d.Name) {
				t.Errorf("%s: %v, %v: %+v came back for %s", log.name, err, wrong, h, d.Name)
			}
		}
	}
}

func wellFormed(t *testing.T, name string, text []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

// TestPages: both pages say what was missed, have every plot, and need nothing from elsewhere.
func TestPages(t *testing.T) {
	r := full(t)
	var html, markdown bytes.Buffer
	if err := HTML(&html, "quick", r); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&markdown, "quick", r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<td>100 k flows, NAT</td><td>&#43;35, must &#43;50 ns</td><td>&#43;52.0 ns</td><td class="missed">✗ MISSED</td>`,
		`<td class="not measured">not measured</td>`, "Some &lt;CPU&gt;", "(a virtual machine)", `<b class="missed">flood</b>: no memory`, "<td>NDR</td><td>1.5M packets/s</td>", "soak passed: soak: 1 000 000 packets/s for 1m0s",
	} {
		if !strings.Contains(html.String(), want) {
			t.Errorf("HTML lacks %s", want)
		}
	}
	for _, want := range []string{
		"| 100 k flows, NAT | +35, must +50 ns | +52.0 ns | ✗ MISSED |\n", "| not measured |", "**flood**: no memory", "![Own cost of a packet](own-cost.svg)", "(latency-udp.svg)",
		"| udp | NDR | 1.5M packets/s |", `worker's own memory: bytes \| connection`,
	} {
		if !strings.Contains(markdown.String(), want) {
			t.Errorf("Markdown lacks %s", want)
		}
	}
	if n := strings.Count(html.String(), "<svg"); n != 7 {
		t.Errorf("%d plots in HTML, want 7", n)
	}
	outside := regexp.MustCompile(`<script|<link|<img|@import|url\(|(?:src|href)=`)
	if found := outside.FindString(html.String()); found != "" {
		t.Errorf("HTML needs %s", found)
	}
}

// TestEmpty: what there is no data for is left out.
func TestEmpty(t *testing.T) {
	r := &result.Report{Rows: []result.Row{{Case: "floor", Floor: result.Series{19}}}}
	var html bytes.Buffer
	if err := HTML(&html, "floors", r); err != nil {
		t.Fatal(err)
	}
	for _, not := range []string{"<svg", "Targets", "Plots", "Other figures", "Highest loads"} {
		if strings.Contains(html.String(), not) {
			t.Errorf("a page without data has %s", not)
		}
	}
}
