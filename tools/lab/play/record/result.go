package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// Result is what a scenario came to.
type Result struct {
	Scenario string `json:"scenario"`
	Intent   string `json:"intent"`
	// Kernel says what decided.
	Kernel string              `json:"kernel,omitempty"`
	Setup  []Command           `json:"setup"`
	Steps  []StepResult        `json:"steps"`
	Final  map[string][]string `json:"final,omitempty"`
	// Skipped says why a scenario was not played; the rest is then empty.
	Skipped string  `json:"skipped,omitempty"`
	Seconds float64 `json:"run_seconds,omitempty"` // how long it took, of real time

	// Differences are what the same kernel decided differently in two runs; of recordings of Linux only.
	Differences []Difference `json:"differences,omitempty"`
}

// Difference says that a part of a step ("final" or its number) is not always the same.
type Difference struct {
	Step any    `json:"step"`
	What string `json:"what"`
}

// Command is what became of one. Output is in lines; a last line without its end has \c behind it.
type Command struct {
	Run    string   `json:"run"`
	Exit   int      `json:"exit"`
	Stdout []string `json:"stdout,omitempty"`
	Stderr []string `json:"stderr,omitempty"`
}

// StepResult is what became of a step. Steps that only wait have none.
type StepResult struct {
	I      int     `json:"i"`
	T      float64 `json:"t"` // seconds since the first step, by the director's clock
	Op     string  `json:"op"`
	ID     string  `json:"id,omitempty"`
	Client string  `json:"client,omitempty"`
	To     string  `json:"to,omitempty"`
	// Result is the real server's name, or what happened instead: refused, reset, timeout, unreachable, …
	Result  string              `json:"result,omitempty"`
	At      string              `json:"at,omitempty"`   // where the server was reached
	Seen    string              `json:"seen,omitempty"` // who the server saw
	Cmd     *Command            `json:"cmd,omitempty"`
	Dump    map[string][]string `json:"dump,omitempty"`
	Capture []string            `json:"capture,omitempty"`
	Note    string              `json:"note,omitempty"`
}

// ReadResult reads one file.
func ReadResult(file string) (*Result, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r Result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &r, nil
}

// JSON is the result as a file holds it.
func (r *Result) JSON() ([]byte, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if r.Skipped != "" {
		err := out.Encode(struct {
			Scenario string `json:"scenario"`
			Skipped  string `json:"skipped"`
		}{r.Scenario, r.Skipped})
		return b.Bytes(), err
	}
	err := out.Encode(r)
	return b.Bytes(), err
}
