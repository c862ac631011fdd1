package result

import (
	"fmt"
	"io"
	"slices"
)

// Target is one line of the table that cleat wants to live up to.
type Target struct {
	Title    string
	Case     string
	Wanted   string // "+18, must +30 ns"; empty if it was not measured
	Measured string
	Verdict  string // as Row.Verdict has it, or NotMeasured
}

// NotMeasured is the verdict on what a report lacks.
const NotMeasured = "not measured"

// titles are what cleat has targets for, in the order of the table; the targets themselves come with what was measured. Cases that are
// not here come after these by their own names.
var titles = []struct{ name, title string }{
	{"known-1k", "1 k flows, NAT"},
	{"known-100k", "100 k flows, NAT"},
	{"known-1m", "1 M flows, NAT"},
	{"known-1k-dr", "1 k flows, DR: not slower than NAT"},
	{"known-1k-tun", "1 k flows, TUN: not slower than NAT"},
	{"known-100k-dr", "100 k flows, DR: not slower than NAT"},
	{"known-100k-tun", "100 k flows, TUN: not slower than NAT"},
	{"new-returning", "new connections, returning clients"},
	{"new-clients", "new connections, new clients"},
	{"flood", "SYN flood, table full: known connections"},
	{"memory", "worker's own memory"},
	{"gaps", "garbage collection and management under load"},
}

// Targets are all targets with what was measured; none if nothing was that has one.
func (r *Report) Targets() (all []Target) {
	of := r.targetsByCase()
	if len(of) == 0 {
		return nil
	}
	for _, t := range titles {
		found := of[t.name]
		if len(found) == 0 {
			all = append(all, Target{Title: t.title, Case: t.name, Verdict: NotMeasured})
		}
		for _, target := range found {
			if target.Title != "" { // a figure says what it is of
				target.Title = t.title + ": " + target.Title
			} else {
				target.Title = t.title
			}
			all = append(all, target)
		}
	}
	return append(all, r.others(of)...)
}

// others are targets of cases that have no title.
func (r *Report) others(of map[string][]Target) (all []Target) {
	var names []string
	for i := range r.Rows {
		names = append(names, r.Rows[i].Case)
	}
	for i := range r.Figures {
		names = append(names, r.Figures[i].Case)
	}
	for i, name := range names {
		titled := slices.ContainsFunc(titles, func(t struct{ name, title string }) bool { return t.name == name })
		if titled || slices.Index(names, name) < i {
			continue
		}
		for _, target := range of[name] {
			if target.Title == "" {
				target.Title = name
			} else {
				target.Title = name + ": " + target.Title
			}
			all = append(all, target)
		}
	}
	return all
}

func (r *Report) targetsByCase() map[string][]Target {
	of := map[string][]Target{}
	for i := range r.Rows {
		row := &r.Rows[i]
		verdict := row.Verdict()
		if verdict == "" {
			continue
		}
		measured := fmt.Sprintf("+%.1f ns", row.Own().Median())
		if row.Rate {
			measured = rate(row.Path) + " M/s"
		}
		of[row.Case] = append(of[row.Case], Target{Case: row.Case, Wanted: row.target(), Measured: measured, Verdict: verdict})
	}
	for i := range r.Figures {
		f := &r.Figures[i]
		if verdict := f.Verdict(); verdict != "" {
			of[f.Case] = append(of[f.Case], Target{f.What, f.Case, f.target(), fmt.Sprintf("%.4g %s", f.Values.Median(), f.Unit), verdict})
		}
	}
	return of
}

// TargetTable writes Targets for people.
func (r *Report) TargetTable(w io.Writer) error {
	var cells [][]string
	for _, t := range r.Targets() {
		cells = append(cells, []string{t.Title, t.Wanted, t.Measured, t.Verdict})
	}
	if cells == nil {
		return nil
	}
	_, err := fmt.Fprintln(w, rendered([]string{"", "target", "measured", "reached"}, cells))
	return err
}
