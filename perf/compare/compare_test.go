package compare

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cleat/perf/result"
)

var hour = time.Unix(0, 0).UTC()

func host() result.Host {
	return result.Host{Time: hour, Name: "a", CPU: "Some CPU", CPUs: 2, Kernel: "6.1"}
}

// known is a report of one case whose own costs are these, above a floor of 20 ns.
func known(own ...float64) *result.Report {
	row := result.Row{Case: "known"}
	for _, ns := range own {
		row.Floor, row.Path = append(row.Floor, 20), append(row.Path, 20+ns)
	}
	return &result.Report{Host: host(), Rows: []result.Row{row}}
}

func counted(n float64) *result.Report {
	return &result.Report{Host: host(), Figures: []result.Figure{{Case: "turn", What: "a packet", Unit: result.Instructions, Values: result.Series{n}}}}
}

func more(values ...float64) *result.Report {
	return &result.Report{Host: host(), Figures: []result.Figure{{Case: "flood", What: "forwarded", Unit: "%", Values: values, More: true}}}
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name     string
		old, new *result.Report
		want     Verdict
	}{
		{"nothing changed", known(30, 31, 32, 33, 34), known(30, 31, 32, 33, 34), Same},
		{"noise", known(30, 31, 32, 33, 50), known(29, 33, 34, 31, 45), Same},
		{"small but sure", known(100, 101, 102, 103, 104), known(104.1, 105, 105.5, 106, 107), Same},
		{"worse", known(30, 31, 32, 33, 34), known(40, 41, 42, 43, 44), Worse},
		{"better", known(40, 41, 42, 43, 44), known(30, 31, 32, 33, 34), Better},
		{"great, but few", known(30, 31), known(60, 61), Unsure},
		{"great, but scattered", known(30, 90, 31, 80, 32), known(85, 33, 91, 34, 81), Same},
		{"more is better", more(90, 91, 92, 93), more(99, 98, 97.5, 98.5), Better},
		{"less is worse", more(99, 98, 97.5, 98.5), more(90, 91, 92, 93), Worse},
		{"a count scatters not", counted(500), counted(530), Worse},
		{"a count, better", counted(530), counted(500), Better},
		{"a count, nearly the same", counted(500), counted(510), Same},
		{"from nothing", counted(0), counted(1), Worse},
	} {
		changes, missing, err := Reports(c.old, c.new, Options{Threshold: 0.05})
		if err != nil || len(missing) != 0 || len(changes) != 1 {
			t.Errorf("%s: %+v, %v, %v", c.name, changes, missing, err)
			continue
		}
		if changes[0].Verdict != c.want || Fails(changes) != (c.want == Worse) {
			t.Errorf("%s: %+v, fails %v; want %s", c.name, changes[0], Fails(changes), c.want)
		}
	}
}

// TestTurnedRound: what is better in one direction is worse in the other.
func TestTurnedRound(t *testing.T) {
	opposite := map[Verdict]Verdict{Better: Worse, Worse: Better, Same: Same, Unsure: Unsure}
	rapid.Check(t, func(t *rapid.T) {
		series := rapid.SliceOfN(rapid.Float64Range(1, 1000), 1, 12)
		a, b := known(series.Draw(t, "a")...), known(series.Draw(t, "b")...)
		there, _, err := Reports(a, b, Options{})
		back, _, err2 := Reports(b, a, Options{})
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if there[0].Verdict != opposite[back[0].Verdict] || there[0].P != back[0].P {
			t.Fatalf("there %+v, back %+v", there[0], back[0])
		}
	})
}

func TestHostsAndHours(t *testing.T) {
	for _, c := range []struct {
		change func(*result.Host)
		want   string
	}{
		{func(h *result.Host) { h.Name = "b" }, "times of different machines cannot be compared"},
		{func(h *result.Host) { h.CPU = "Another CPU" }, "times of different machines cannot be compared"},
		{func(h *result.Host) { h.Kernel = "6.2" }, "times of different machines cannot be compared"},
		{func(h *result.Host) { h.Hugepages = true }, "times with and without hugepages cannot be compared"},
		{func(h *result.Host) { h.Time = h.Time.Add(2 * time.Hour) }, "times measured 2h0m0s apart cannot be compared"},
		{func(h *result.Host) { h.Time = h.Time.Add(-2 * time.Hour) }, "times measured 2h0m0s apart cannot be compared"},
	} {
		old, other := known(30, 31, 32, 33), known(60, 61, 62, 63)
		c.change(&other.Host)
		if _, _, err := Reports(old, other, Options{}); err == nil || !strings.HasPrefix(err.Error(), c.want) || !strings.Contains(err.Error(), "--across") {
			t.Errorf("%v, want %s", err, c.want)
		}
		changes, _, err := Reports(old, other, Options{Across: true})
		if err != nil || len(changes) != 1 || changes[0].Unit != "×" || changes[0].Verdict != Worse {
			t.Errorf("across: %+v, %v", changes, err)
		}
	}
}

// TestAcross: a machine twice as slow makes times twice as long, and multiples of a floor stay what they are.
func TestAcross(t *testing.T) {
	old := known(30, 31, 32, 33, 34)
	slow := known()
	slow.Host.Name = "slow"
	for i := range old.Rows[0].Path {
		slow.Rows[0].Floor = append(slow.Rows[0].Floor, 2*old.Rows[0].Floor[i])
		slow.Rows[0].Path = append(slow.Rows[0].Path, 2*old.Rows[0].Path[i])
	}
	changes, _, err := Reports(old, slow, Options{Threshold: 0.01, Across: true})
	if err != nil || len(changes) != 1 || changes[0].Delta != 0 || changes[0].Verdict != Same {
		t.Errorf("%+v, %v", changes, err)
	}
	times := &result.Report{Host: host(), Rows: []result.Row{{Case: "floor", Floor: result.Series{20}}}, Figures: []result.Figure{{Case: "gap", Unit: "us", Values: result.Series{1}}}}
	if _, _, err := Reports(times, times, Options{Across: true}); err == nil || !strings.HasPrefix(err.Error(), "the reports have nothing in common") {
		t.Errorf("times alone, across: %v", err)
	}
}

func TestMissing(t *testing.T) {
	old, other := known(30), known(30)
	old.Rows = append(old.Rows, result.Row{Case: "gone", Floor: result.Series{1}})
	other.Rows = append(other.Rows, result.Row{Case: "new", Floor: result.Series{1}})
	changes, missing, err := Reports(old, other, Options{})
	if err != nil || len(changes) != 1 || !slices.Equal(missing, []string{"gone", "new"}) {
		t.Errorf("%+v, %v, %v", changes, missing, err)
	}
}

func TestTable(t *testing.T) {
	changes, _, err := Reports(known(30, 31, 32, 33), known(60, 61, 62, 63), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Table(&b, changes); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`│ known │ own cost │ 31.5 ns │ 61.5 ns │ \+95.2 % │ 0.029 │ +4, 4 │ worse   │`).MatchString(b.String()) {
		t.Errorf("%s", b.String())
	}
}
