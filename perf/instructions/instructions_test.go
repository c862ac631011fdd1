package instructions

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestCollected(t *testing.T) {
	const out = `==13187== Callgrind, a call-graph generating cache profiler
BenchmarkTurn/known=1000         	    2000	    613060 ns/op	     19158 ns/packet
PASS
==13187== Events    : Ir
==13187== Collected : 227930589
`
	if n, err := collected(out, 2000); err != nil || n != 227930589 {
		t.Errorf("%d, %v", n, err)
	}
	for what, text := range map[string]string{
		"another number of turns": strings.Replace(out, "2000", "1", 1),
		"no benchmark":            strings.Replace(out, "BenchmarkTurn", "BenchmarkOther", 1),
		"no count":                strings.Replace(out, "Collected", "Lost", 1),
	} {
		if n, err := collected(text, 2000); err == nil {
			t.Errorf("%s: %d", what, n)
		}
	}
}

// TestBenchmarks: those that are counted are there.
func TestBenchmarks(t *testing.T) {
	text, err := os.ReadFile("../../lcore/turn_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range append([]count{floor}, counts...) {
		name := regexp.MustCompile(`^\w+[=/]?`).FindString(c.benchmark) // what follows is formatted there
		if !strings.Contains(string(text), `"`+name) {
			t.Errorf("lcore has no BenchmarkTurn/%s", c.benchmark)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Setenv("PATH", "")
	if _, err := Measure(t.Context(), "lcore.test", func(string) {}); err == nil || !strings.HasSuffix(err.Error(), "install valgrind") {
		t.Error(err)
	}
}
