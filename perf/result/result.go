// Package result is what measurements leave: series with their spread, where they were taken, and how that is printed.
package result

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
)

// Report is one run of cleat-perf.
type Report struct {
	Host    Host     `json:"host"`
	Rows    []Row    `json:"cases"`
	Figures []Figure `json:"figures,omitempty"`
	// Searches are for the highest loads, Soaks for what a load does in the long run.
	Searches []Search `json:"searches,omitempty"`
	Soaks    []Soak   `json:"soaks,omitempty"`
	// Distributions are of times that matter one by one.
	Distributions []Distribution `json:"distributions,omitempty"`
	// Failures are what was to be measured and could not be.
	Failures []Failure `json:"failures,omitempty"`
}

// Failure is a measurement that could not be made.
type Failure struct {
	Case string `json:"case"`
	Why  string `json:"why"`
}

// Version is that of the JSON. It changes when what is there changes its meaning, not when something is added.
const Version = 1

// file is a report as it stands in a file.
type file struct {
	Version int `json:"version"`
	*Report
}

// Row is one case. All series are nanoseconds of CPU time a packet, element i of each from repetition i.
type Row struct {
	Case  string `json:"case"`
	Floor Series `json:"floor_ns"`
	// Path is empty where only a floor was measured.
	Path Series `json:"path_ns,omitempty"`
	// Share is the part of its core that the measured thread had, 0…1.
	Share float64 `json:"core_share"`
	// Rate: the targets are millions of new connections a second, floor included; else nanoseconds above the floor.
	Rate bool    `json:"rate"`
	Aim  float64 `json:"aim,omitempty"`
	Must float64 `json:"must,omitempty"`
	// Than is the case that must not be faster: Settle takes the targets from it.
	Than string `json:"than,omitempty"`
	// Line names the line of a plot that the row is a point of ("NAT", "IPv6"); empty: it is in no plot of lines. Its place there:
	// connections, workers, bytes of a frame with its FCS.
	Line    string `json:"line,omitempty"`
	Flows   int    `json:"flows,omitempty"`
	Workers int    `json:"workers,omitempty"`
	Size    int    `json:"size,omitempty"`
}

// Own is the path less its floor, pair by pair.
func (r *Row) Own() Series {
	own := make(Series, len(r.Path))
	for i := range own {
		own[i] = r.Path[i] - r.Floor[i]
	}
	return own
}

// Verdict says how the row stands to its targets: "aim", "must", "missed", or "" without targets.
func (r *Row) Verdict() string {
	if len(r.Path) == 0 {
		return ""
	}
	if r.Rate {
		return verdict(1000/r.Path.Median(), r.Aim, r.Must, true)
	}
	return verdict(r.Own().Median(), r.Aim, r.Must, false)
}

// verdict compares a figure with its targets; more: greater is better.
func verdict(figure, aim, must float64, more bool) string {
	better := func(target float64) bool { return figure == target || figure > target == more }
	switch {
	case must == 0:
		return ""
	case better(aim):
		return "aim"
	case better(must):
		return "must"
	}
	return "missed"
}

// Series are repeated measurements of one thing.
type Series []float64

// Median is the middle one, the mean of both of an even number; 0 of none.
func (s Series) Median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Spread is the least and the greatest.
func (s Series) Spread() (least, greatest float64) {
	if len(s) == 0 {
		return 0, 0
	}
	return slices.Min(s), slices.Max(s)
}

// JSON writes the report, indented.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(file{Version, r})
}

// Parse reads what JSON wrote.
func Parse(data []byte) (*Report, error) {
	f := file{Report: &Report{}}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("no report: %w", err)
	}
	if f.Version != Version {
		return nil, fmt.Errorf("version %d of a report: this cleat-perf reads version %d", f.Version, Version)
	}
	return f.Report, nil
}

// Read reads the report in a file.
func Read(name string) (*Report, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// Settle gives the rows that must not be slower than another one their targets: its median is the aim, the greatest of its repetitions
// has to be reached.
func (r *Report) Settle() {
	for i := range r.Rows {
		row := &r.Rows[i]
		if at := slices.IndexFunc(r.Rows, func(other Row) bool { return row.Than != "" && other.Case == row.Than }); at >= 0 {
			own := r.Rows[at].Own()
			row.Aim = own.Median()
			_, row.Must = own.Spread()
		}
	}
}

// Add puts another run's results to these: further repetitions of the same case, or further cases. The host stays the first one's,
// with the ports of both.
func (r *Report) Add(more *Report) {
	for i := range more.Rows {
		row := &more.Rows[i]
		if at := slices.IndexFunc(r.Rows, func(old Row) bool { return old.Case == row.Case }); at >= 0 {
			r.Rows[at].add(row)
		} else {
			r.Rows = append(r.Rows, *row)
		}
	}
	for _, f := range more.Figures {
		if at := slices.IndexFunc(r.Figures, func(old Figure) bool { return old.Case == f.Case && old.What == f.What }); at >= 0 {
			r.Figures[at].Values = append(r.Figures[at].Values, f.Values...)
		} else {
			r.Figures = append(r.Figures, f)
		}
	}
	r.Searches, r.Soaks = append(r.Searches, more.Searches...), append(r.Soaks, more.Soaks...)
	r.Failures = append(r.Failures, more.Failures...)
	r.Distributions = append(r.Distributions, more.Distributions...)
	r.Settle()
	for _, p := range more.Host.Ports {
		if !slices.Contains(r.Host.Ports, p) {
			r.Host.Ports = append(r.Host.Ports, p)
		}
	}
}

// add appends the repetitions of another start.
func (r *Row) add(more *Row) {
	a, b := float64(len(r.Floor)), float64(len(more.Floor))
	r.Share = (r.Share*a + more.Share*b) / max(1, a+b)
	r.Floor, r.Path = append(r.Floor, more.Floor...), append(r.Path, more.Path...)
}
