package result

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

// Verdict says how the figure stands to its targets: "aim", "must", "missed", or "" without targets.
func (f *Figure) Verdict() string {
	if len(f.Values) == 0 {
		return ""
	}
	return verdict(f.Values.Median(), f.Aim, f.Must, f.More)
}
