package result

import "fmt"

// Instructions is the unit of counts of instructions, which are the same in every run but for a few.
const Instructions = "instructions"

// Figure is one thing measured that is no pair of floor and path: bytes, microseconds, a ratio.
type Figure struct {
	Case string `json:"case"`
	What string `json:"what"` // "bytes a connection, index included"
	Unit string `json:"unit"` // "B", "us", "ns", "%", "×", Instructions
	// Values are the repetitions.
	Values Series `json:"values"`
	// Aim and Must are the targets, 0: none; More: greater is better.
	Aim  float64 `json:"aim,omitempty"`
	Must float64 `json:"must,omitempty"`
	More bool    `json:"more,omitempty"`
}

// target is what the figure has to reach, in words.
func (f *Figure) target() string {
	word := map[bool]string{true: "at least", false: "at most"}[f.More]
	if f.Aim == f.Must {
		return fmt.Sprintf("%s %.4g %s", word, f.Must, f.Unit)
	}
	return fmt.Sprintf("%s %.4g, must %.4g %s", word, f.Aim, f.Must, f.Unit)
}

// FigureColumns name what Figure.Cells returns.
var FigureColumns = []string{"case", "what", "median", "least … greatest", "target", "reached"}

// Cells are the figure as people read it.
func (f *Figure) Cells() []string {
	least, greatest := f.Values.Spread()
	cells := []string{f.Case, f.What, fmt.Sprintf("%.4g %s", f.Values.Median(), f.Unit), fmt.Sprintf("%.4g … %.4g", least, greatest), "", f.Verdict()}
	if cells[5] != "" {
		cells[4] = f.target()
	}
	return cells
}

// Verdict says how the figure stands to its targets: "aim", "must", "missed", or "" without targets.
func (f *Figure) Verdict() string {
	if len(f.Values) == 0 {
		return ""
	}
	return verdict(f.Values.Median(), f.Aim, f.Must, f.More)
}
