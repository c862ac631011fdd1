package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cleat/perf/bed"
	"cleat/perf/result"
)

// searchArgs find everything, for moments, at rates that a busy machine manages.
const searchArgs = `search --find ndr,pdr,latency,connections,concurrent,soak --case small --max 2000 --initial 20ms --final 20ms --trials 1 --width 0.5
--tolerance 0.9 --slack 1s --latency-time 20ms --concurrent 64 --soak 60ms --soak-report 20ms --flows 256 --clients 100.64.0.0/25 --capacity 4096
--room 512 -o json --out found`

// TestSearch: whatever can be found is in the report, and kept.
func TestSearch(t *testing.T) {
	alone(t)
	if bed.FirstCPU() == bed.LastCPU() {
		t.Skip("needs two CPUs")
	}
	dir := t.TempDir()
	out, errs, code := perf(t, dir, strings.Fields(searchArgs)...)
	r, err := result.Parse([]byte(out))
	if err != nil || len(r.Searches) != 3 || len(r.Soaks) != 1 {
		t.Fatalf("exit code %d, %s: %v: %s", code, errs, err, out)
	}
	if s := &r.Soaks[0]; code != 0 && s.Passed() || len(s.Trials) != 3 || s.PollGap == 0 || s.Case != "small" {
		t.Errorf("exit code %d, %s; soak: %+v", code, errs, s)
	}
	for i, want := range []result.Search{
		{Case: "small", Unit: result.PacketsPerSecond, Goals: []result.Goal{{Name: "NDR"}, {Name: "PDR"}}},
		{Case: "small-connections", Unit: result.ConnectionsPerSecond, Goals: []result.Goal{{Name: "connections"}}},
		{Case: "small-concurrent", Unit: result.Connections, Goals: []result.Goal{{Name: "concurrent"}}},
	} {
		s := &r.Searches[i]
		if s.Case != want.Case || s.Unit != want.Unit || len(s.Goals) != len(want.Goals) || len(s.Trials) == 0 || s.Goal(want.Goals[0].Name) == nil {
			t.Errorf("%+v, want %+v", s, want)
		}
	}
	packets := &r.Searches[0]
	if len(packets.Latency) != 3 || len(packets.MRR) != mrrTrials || packets.Offered == 0 || packets.Max > 2000 {
		t.Errorf("%+v", packets)
	}
	kept(t, filepath.Join(dir, "found"))
}

// TestSearchOnPorts: the real servers are in another process.
func TestSearchOnPorts(t *testing.T) {
	alone(t)
	dir := t.TempDir()
	reflecting(t, dir)
	args := strings.Fields(searchArgs)
	i := slices.Index(args, "--find")
	args[i+1] = "ndr"
	args = append(args, "--topology", "ports", "--port", memif(dir, "client"), "--target", "10.9.0.11:80", "--address", "10.9.0.1")
	out, errs, code := perf(t, dir, append(args, here...)...)
	r, err := result.Parse([]byte(out))
	if code != 0 || err != nil || len(r.Searches) != 1 {
		t.Fatalf("exit code %d, %s: %v: %s", code, errs, err, out)
	}
	if s := &r.Searches[0]; len(s.Goals) != 1 || s.Goals[0].Name != "NDR" || s.Goals[0].Lower == 0 || len(s.Trials) == 0 {
		t.Errorf("%+v", s)
	}
}

// kept looks at what --out has left.
func kept(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, []string{"search.json", "search.txt", "small.hlog"}) {
		t.Errorf("kept %v", names)
	}
	data, err := os.ReadFile(filepath.Join(dir, "search.json"))
	if err != nil || !json.Valid(data) {
		t.Errorf("search.json: %v, %s", err, data)
	}
}
