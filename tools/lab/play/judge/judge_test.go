package judge

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cleat/tools/lab/play/record"
)

const recordings = "../testdata/golden"

// read reads all recordings of the kernel, by scenario. Every call makes new ones, to be changed at will.
func read(t *testing.T) map[string]*record.Result {
	t.Helper()
	files, err := filepath.Glob(recordings + "/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d recordings: %v", len(files), err)
	}
	all := map[string]*record.Result{}
	for _, file := range files {
		if all[scenarioOf(file)], err = record.ReadResult(file); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestRecordingsAgreeWithThemselves(t *testing.T) {
	first, second := read(t), read(t)
	for name := range first {
		for _, f := range Compare(first[name], second[name]) {
			t.Errorf("%s: %v", name, f)
		}
	}
}

// dumps are the listings of a result, in order.
func dumps(r *record.Result) (all []map[string][]string) {
	for _, s := range r.Steps {
		all = append(all, s.Dump)
	}
	return append(all, r.Final)
}

// plant changes one entry of one listing of connections whose time is neither nearly over nor very long.
func plant(r *record.Result, change func(d map[string][]string, name string, row, expires int)) bool {
	for _, d := range dumps(r) {
		for _, name := range []string{"conn", "Lnc"} {
			for row, line := range d[name] {
				words := strings.Fields(line)
				if len(words) == 0 || !slices.Contains(protocols, words[0]) {
					continue
				}
				at := 1
				if name == "conn" {
					at = 8
				}
				if left := secondsLeft(words[at]); left <= 40 || left > 300 {
					continue
				}
				change(d, name, row, at)
				return true
			}
		}
	}
	return false
}

// word replaces one word of a row.
func word(d map[string][]string, name string, row, at int, by func(string) string) {
	words := strings.Fields(d[name][row])
	words[at] = by(words[at])
	d[name] = slices.Clone(d[name])
	d[name][row] = strings.Join(words, " ")
}

// TestPlantedChanges: a change of each kind is found in every recording that can hold it.
func TestPlantedChanges(t *testing.T) {
	changes := map[string]func(d map[string][]string, name string, row, expires int){
		"row dropped": func(d map[string][]string, name string, row, _ int) {
			d[name] = slices.Delete(slices.Clone(d[name]), row, row+1)
		},
		"listing missing": func(d map[string][]string, name string, _, _ int) { delete(d, name) },
		"other server": func(d map[string][]string, name string, row, _ int) {
			word(d, name, row, 5, func(string) string { return map[string]string{"conn": "FFFFFFFF", "Lnc": "9.9.9.9:9"}[name] })
		},
		"five seconds": func(d map[string][]string, name string, row, at int) {
			word(d, name, row, at, func(left string) string {
				s := secondsLeft(left) + 5
				if name == "conn" {
					return strconv.Itoa(s)
				}
				return fmt.Sprintf("%02d:%02d", s/60, s%60)
			})
		},
	}
	for kind, change := range changes {
		planted, missed := 0, []string{}
		here := read(t)
		for name, kernel := range read(t) {
			if !plant(here[name], change) {
				continue
			}
			planted++
			if len(Compare(kernel, here[name])) == 0 {
				missed = append(missed, name)
			}
		}
		tolerated := 0
		if kind == "five seconds" { // within what is allowed for entries that the kernel's late timers have touched
			tolerated = 5
		}
		if planted < 50 || len(missed) > tolerated {
			t.Errorf("%s: planted in %d, not found in %v", kind, planted, missed)
		}
	}
}

// TestPlantedServer: another server's answer is found everywhere.
func TestPlantedServer(t *testing.T) {
	here := read(t)
	planted := 0
	for name, kernel := range read(t) {
		at := slices.IndexFunc(here[name].Steps, func(s record.StepResult) bool { return strings.HasPrefix(s.Result, "rs") })
		if at < 0 {
			continue
		}
		planted++
		here[name].Steps[at].Result = "rs9"
		if found := Compare(kernel, here[name]); len(found) != 1 || found[0].What != "result" {
			t.Errorf("%s: %v", name, found)
		}
	}
	if planted < 100 {
		t.Errorf("planted in %d only", planted)
	}
}

// TestWhatIsCompared goes through the rules one by one, on a scenario of one command, two steps and a final listing.
func TestWhatIsCompared(t *testing.T) {
	const head = "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData"
	entry := func(state string, left int) string {
		return fmt.Sprintf("TCP AC100001 4E21 0A000001 0050 0A09000D 0050 %-11s %7d", state, left)
	}
	result := func() *record.Result {
		return &record.Result{
			Setup: []record.Command{{Run: "ipvsadm -A -t 10.0.0.1:80", Stderr: []string{"Service already exists"}, Exit: 255}, {Run: "uname", Stdout: []string{"Linux"}}},
			Steps: []record.StepResult{
				{I: 0, Op: "tcp", Client: "172.16.0.1:20001", Result: "rs3", At: "10.9.0.13:80", Seen: "172.16.0.1:20001"},
				{I: 2, Op: "dump", Dump: map[string][]string{
					"conn":      {head, entry("ESTABLISHED", 899), entry("NONE", 50)},
					"Lnc":       {"IPVS connection entries", "TCP 14:59  ESTABLISHED 172.16.0.1:20001   10.0.0.1:80        10.9.0.13:80"},
					"stats":     {"TCP  10.0.0.1:80    1   3   2   164   140", "  -> 10.9.0.13:80   1   3   2   164   140"},
					"conn_sync": {head},
				}},
				{I: 3, Op: "cmd", Cmd: &record.Command{Run: "ipvsadm -Lnc", Stdout: []string{"TCP 00:59  NONE 172.16.0.1:0   10.0.0.1:80        10.9.0.13:80"}}},
			},
			Final: map[string][]string{"Ln": {"IP Virtual Server version 1.2.1 (size=4096)", "TCP  10.0.0.1:80 rr", "  -> 10.9.0.13:80  Masq  1  0  1  "}},
		}
	}
	conn := func(entries ...string) func(*record.Result) {
		return func(r *record.Result) { r.Steps[1].Dump["conn"] = append([]string{head}, entries...) }
	}
	for _, c := range []struct {
		name         string
		kernel, here func(*record.Result)
		want         string // step and what of every finding
	}{
		{name: "the same"},
		{name: "exit status", here: func(r *record.Result) { r.Setup[0].Exit = 2 }, want: "-1 setup"},
		{name: "words of ipvsadm", here: func(r *record.Result) { r.Setup[0].Stderr = nil }, want: "-1 setup"},
		{name: "words of others", here: func(r *record.Result) { r.Setup[1].Stderr = []string{"uname: what?"} }},
		{name: "output of others", here: func(r *record.Result) { r.Setup[1].Stdout = nil }, want: "-1 setup"},
		{name: "a command too few", here: func(r *record.Result) { r.Setup = r.Setup[:1] }, want: "-1 setup"},
		{name: "a command too many", here: func(r *record.Result) { r.Setup = append(r.Setup, record.Command{Run: "more"}) }},
		{name: "another server", here: func(r *record.Result) { r.Steps[0].Result = "rs1" }, want: "0 result"},
		{name: "no server at all", here: func(r *record.Result) { r.Steps[0] = record.StepResult{Result: "timeout"} }, want: "0 result, 0 at, 0 seen"},
		{name: "a step too few", here: func(r *record.Result) { r.Steps = r.Steps[:2] }, want: " steps"},
		{name: "times of steps", here: func(r *record.Result) { r.Steps[1].T = 77 }},
		{name: "two seconds", here: conn(entry("NONE", 52), entry("ESTABLISHED", 897))},
		{name: "three seconds", here: conn(entry("ESTABLISHED", 896), entry("NONE", 50)), want: "2 conn"},
		{name: "another state", here: conn(entry("CLOSE", 899), entry("NONE", 50)), want: "2 conn, 2 conn"},
		{name: "twice", here: conn(entry("ESTABLISHED", 899), entry("ESTABLISHED", 899), entry("NONE", 50)), want: "2 conn"},
		{name: "fired late there, on time here", kernel: conn(entry("NONE", 0)), here: conn()},
		{name: "and extended here", kernel: conn(entry("NONE", 0)), here: conn(entry("NONE", 17))},
		{name: "but not any time", kernel: conn(entry("NONE", 0)), here: conn(entry("NONE", 18)), want: "2 conn"},
		{name: "an end that is late in another state", kernel: conn(entry("NONE", 0), entry("ESTABLISHED", 15)), here: conn()},
		{name: "no listing", here: func(r *record.Result) { delete(r.Steps[1].Dump, "conn") }, want: "2 conn"},
		{name: "an empty listing", here: conn(), want: "2 conn, 2 conn"},
		{name: "a listing that may be missing", here: func(r *record.Result) { delete(r.Steps[1].Dump, "conn_sync") }},
		{name: "bytes", here: func(r *record.Result) { r.Steps[1].Dump["stats"][0] = "TCP  10.0.0.1:80    1   4   2   264   140" }},
		{name: "connections counted", here: func(r *record.Result) { r.Steps[1].Dump["stats"][1] = "  -> 10.9.0.13:80   2   3   2   164   140" }, want: "2 stats, 2 stats"},
		{name: "a command that lists connections", here: func(r *record.Result) {
			r.Steps[2].Cmd.Stdout[0] = strings.Replace(r.Steps[2].Cmd.Stdout[0], "00:59", "00:57", 1)
		}},
		{name: "the table's size", here: func(r *record.Result) { r.Final["Ln"][0] = "IP Virtual Server version 1.2.1 (size=16384)" }},
		{name: "blanks at the end", here: func(r *record.Result) { r.Final["Ln"][2] = "  -> 10.9.0.13:80  Masq  1  0  1" }},
		{name: "another line", here: func(r *record.Result) { r.Final["Ln"][1] = "TCP  10.0.0.1:80 wrr" }, want: "final Ln, final Ln"},
		{name: "another order", here: func(r *record.Result) { slices.Reverse(r.Final["Ln"]) }, want: "final Ln"},
		{
			name: "what the kernel is not sure of",
			kernel: func(r *record.Result) {
				r.Differences = []record.Difference{{Step: float64(2), What: "conn"}, {Step: "final", What: "Ln"}}
			},
			here: func(r *record.Result) { r.Final, r.Steps[1].Dump["conn"] = nil, nil },
		},
	} {
		kernel, here := result(), result()
		for r, change := range map[*record.Result]func(*record.Result){kernel: c.kernel, here: c.here} {
			if change != nil {
				change(r)
			}
		}
		var got []string
		for _, f := range Compare(kernel, here) {
			got = append(got, f.Step+" "+f.What)
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %v, want %q", c.name, Compare(kernel, here), c.want)
		}
	}
}

func TestSecondsLeft(t *testing.T) {
	for text, want := range map[string]int{"59": 59, "0": 0, "14:59": 899, "00:00": 0, "100:00": 6000, "1:2": unknown, "NONE": unknown, "-1": unknown, "": unknown} {
		if got := secondsLeft(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestRows(t *testing.T) {
	got := rows("conn_sync", []string{
		"Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires",
		"TCP AC100001 4E21 0A000001 0050 0A09000D 0050 ESTABLISHED LOCAL      899",
		"IP  AC100001 0000 00000003 0000 0A09000D 0000 NONE        SYNC        59",
		"IP  AC100001 0000 00000003 0000 0A09000D 0000 NONE        SYNC        60",
	})
	want := map[key][]int{
		"TCP AC100001 4E21 0A000001 0050 0A09000D 0050 ESTABLISHED LOCAL": {899},
		"IP AC100001 0000 00000003 0000 0A09000D 0000 NONE SYNC":          {59, 60},
	}
	if !maps.EqualFunc(got, want, func(a, b []int) bool { return reflect.DeepEqual(a, b) }) {
		t.Errorf("%v, want %v", got, want)
	}
}
