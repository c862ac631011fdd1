// Package instructions counts what a worker does with a packet, in instructions of the processor: they are the same on every machine and at
// every hour, but for a few, where nanoseconds are not. What cache and memory cost does not show in them.
//
// Virtual machines seldom have counters for them, so callgrind, a tool of valgrind, runs the benchmarks of lcore on a processor of its
// own making. Each is run with few turns and with many, and the difference divided by the packets between them: what comes before the turns falls out.
package instructions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"cleat/lcore/burst"

	"cleat/perf/result"
)

// count is a benchmark of lcore and the case that it stands for.
type count struct {
	name, benchmark string
	few, many       int // turns
}

// floor is what the test's own ports cost, which all others pay too.
var floor = count{"floor", "floor", 1000, 9000}

var counts = []count{
	{"known-1k", "known=1000", 1000, 9000},
	{"new-returning", "new/template", 1000, 4000},
	{"new-clients", "new/client", 1000, 4000},
}

// Measure counts all cases, told to progress before each; tests is the file of lcore's tests, compiled.
func Measure(ctx context.Context, tests string, progress func(string)) ([]result.Figure, error) {
	progress(floor.name)
	below, err := floor.measure(ctx, tests)
	if err != nil {
		return nil, err
	}
	var figures []result.Figure
	for i := range counts {
		progress(counts[i].name)
		n, err := counts[i].measure(ctx, tests)
		if err != nil {
			return nil, err
		}
		figures = append(figures, result.Figure{
			Case: counts[i].name, What: "instructions a packet", Unit: result.Instructions, Values: result.Series{n - below},
		})
	}
	return figures, nil
}

// measure returns instructions a packet, floor included.
func (c *count) measure(ctx context.Context, tests string) (float64, error) {
	few, err := c.run(ctx, tests, c.few)
	if err != nil {
		return 0, err
	}
	many, err := c.run(ctx, tests, c.many)
	if err != nil {
		return 0, err
	}
	if many <= few {
		return 0, fmt.Errorf("%s: %d turns took %d instructions, %d turns %d", c.benchmark, c.few, few, c.many, many)
	}
	return float64(many-few) / float64((c.many-c.few)*burst.Size), nil
}

// run returns the instructions of a process that runs the benchmark with so many turns.
func (c *count) run(ctx context.Context, tests string, turns int) (uint64, error) {
	cmd := exec.CommandContext(ctx, "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", tests,
		"-test.run=^$", "-test.bench=^BenchmarkTurn$/^"+strings.ReplaceAll(c.benchmark, "/", "$/^")+"$", fmt.Sprintf("-test.benchtime=%dx", turns))
	// Signals between threads are what valgrind and Go's runtime disagree about; garbage collections would come when they like.
	cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1", "GOGC=off")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return 0, fmt.Errorf("%w: install valgrind", err)
	}
	if err != nil {
		return 0, fmt.Errorf("%s under valgrind: %w:\n%s", c.benchmark, err, out)
	}
	return collected(string(out), turns)
}

var total = regexp.MustCompile(`(?m)^==\d+== Collected : (\d+)$`)

// collected finds the count in what valgrind and the benchmark print, and makes sure that there was a benchmark.
func collected(out string, turns int) (uint64, error) {
	found := total.FindStringSubmatch(out)
	ran := regexp.MustCompile(fmt.Sprintf(`(?m)^BenchmarkTurn/\S+\s+%d\s`, turns)).MatchString(out)
	if found == nil || !ran {
		return 0, fmt.Errorf("no benchmark ran, or valgrind did not count:\n%s", out)
	}
	return strconv.ParseUint(found[1], 10, 64)
}
