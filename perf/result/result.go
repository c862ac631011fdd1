// Package result is what measurements leave: series with their spread, where they were taken, and how that is printed.
package result

import (
	"encoding/json"
	"io"
	"slices"
)

// Report is one run of cleat-perf.
type Report struct {
	Host    Host     `json:"host"`
	Rows    []Row    `json:"cases"`
	Figures []Figure `json:"figures,omitempty"`
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
	return e.Encode(r)
}
