package record

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func scenario(t *testing.T, text string) (*Scenario, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "some-name.json")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return ReadScenario(file)
}

func TestReadScenario(t *testing.T) {
	s, err := scenario(t, `{"listen": {"rs3": {"tcp": [443]}}, "steps": [{"op": "wait", "s": 0.5}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "some-name" || s.RealServers != 4 || s.Steps[0].Seconds != 0.5 {
		t.Errorf("%+v", s)
	}
	if got := s.Ports("rs3"); !reflect.DeepEqual(got, Ports{TCP: []int{443}}) {
		t.Errorf("rs3 listens on %v", got)
	}
	if got := s.Ports("rs1"); !reflect.DeepEqual(got, DefaultPorts) {
		t.Errorf("rs1 listens on %v", got)
	}
	s.Listen["*"] = Ports{UDP: []int{53}}
	if got := s.Ports("rs1"); !reflect.DeepEqual(got, s.Listen["*"]) {
		t.Errorf("rs1 listens on %v", got)
	}
}

func TestBadScenarios(t *testing.T) {
	for text, want := range map[string]string{
		``:                                 `some-name.json: EOF`,
		`{"steps": [{"op": "x", "z": 1}]}`: `unknown field "z"`,
		`{} {}`:                            `there is more behind the scenario`,
		`{"real_servers": 100}`:            `real_servers: 100 is not between 1 and 99`,
	} {
		if _, err := scenario(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestResultRoundTrip: what is written is read again; of a skipped scenario only why.
func TestResultRoundTrip(t *testing.T) {
	for _, r := range []*Result{
		{
			Scenario: "a", Intent: "b <c>", Kernel: "d",
			Setup: []Command{{Run: "x", Exit: 2, Stderr: []string{`no end\c`}}},
			Steps: []StepResult{{I: 1, T: 0.125, Op: "dump", Dump: map[string][]string{"Ln": {}}}, {I: 3, Op: "tcp", Result: "rs1"}},
			Final: map[string][]string{"Ln": {"line"}},
		},
		{Scenario: "a", Skipped: "why"},
	} {
		text, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "r.json")
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := ReadResult(file)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%s\nread as %+v, %v", text, got, err)
		}
		if r.Skipped != "" && strings.Contains(string(text), "steps") {
			t.Errorf("skipped, with steps: %s", text)
		}
	}
}
