package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cleat/perf/result"
)

// asProgram makes the test binary the program that a suite starts.
const asProgram = "CLEAT_LAB_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(program(os.Args[1:]))
	}
	os.Setenv(asProgram, "1")
	patience = 2 * time.Second
	goleak.VerifyTestMain(m)
}

// program is what suites of these tests are made of.
func program(args []string) int {
	switch args[0] {
	case "measure": // its value, and the PID to tell starts apart
		r := result.Report{Host: result.Host{Kernel: "6.1"}, Figures: []result.Figure{{Case: args[1], Values: result.Series{float64(os.Getpid())}}}}
		if err := r.JSON(os.Stdout); err != nil {
			return 1
		}
	case "fail":
		fmt.Fprintln(os.Stderr, "trying\ncleat-perf: out of luck")
		return 1
	case "stay": // until it is asked to end
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		fmt.Println("all is up")
		<-asked
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("all is up")
		time.Sleep(time.Minute)
	case "short":
		fmt.Println("one\ntwo")
		return 3
	case "nap":
		time.Sleep(time.Second)
	case "slow":
		time.Sleep(time.Minute)
	}
	return 0
}

// run runs a suite and returns what became of it, and what was said about its progress.
func run(t *testing.T, ctx context.Context, text string) (*result.Report, string, error) {
	t.Helper()
	var said bytes.Buffer
	r := &Runner{Self: os.Args[0], Progress: &Plain{W: &said}}
	report, err := r.Run(ctx, read(t, text))
	return report, said.String(), err
}

func TestRun(t *testing.T) {
	report, said, err := run(t, t.Context(), `
[[beside]]
command = "stay"
ready = "is up"

[[step]]
command = "measure"
starts = 2
options.value = "a"

[[step]]
name = "unlucky"
command = "fail"

[[step]]
command = "measure"
options.value = "b"
`)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Figures) != 2 || report.Figures[0].Case != "--value=a" || len(report.Figures[0].Values) != 2 || report.Figures[1].Case != "--value=b" {
		t.Errorf("%+v", report.Figures)
	}
	if v := report.Figures[0].Values; v[0] == v[1] {
		t.Error("two starts were one process")
	}
	if want := []result.Failure{{Case: "unlucky", Why: "cleat-perf fail --output=json: exit status 1: out of luck"}}; !slices.Equal(report.Failures, want) {
		t.Errorf("%+v, want %+v", report.Failures, want)
	}
	for _, want := range []string{"measure …\n", "measure: done in ", "unlucky: cleat-perf fail"} {
		if !strings.Contains(said, want) {
			t.Errorf("progress lacks %q: %s", want, said)
		}
	}
}

// TestFirstStepFails: the report says on which machine the others were made.
func TestFirstStepFails(t *testing.T) {
	report, _, err := run(t, t.Context(), "[[step]]\ncommand = 'fail'\n[[step]]\ncommand = 'measure'\noptions.value = 1\n")
	if err != nil || report.Host.Kernel != "6.1" || len(report.Figures) != 1 || len(report.Failures) != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestAllStepsFail(t *testing.T) {
	_, _, err := run(t, t.Context(), "[[step]]\nname = 'a'\ncommand = 'fail'\n[[step]]\nname = 'b'\ncommand = 'nap'\n")
	want := "nothing could be measured:\na: cleat-perf fail --output=json: exit status 1: out of luck\nb: no report: unexpected end of JSON input"
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestBesideFails(t *testing.T) {
	step := "\n[[step]]\ncommand = 'measure'\noptions.value = 1\n"
	for text, want := range map[string]string{
		"[[beside]]\nname = 'servers'\ncommand = 'short'\nready = 'up'\n": "servers has ended (exit status 3); it said last:\none\ntwo",
		"[[beside]]\ncommand = 'slow'\nready = 'up'\n":                    "slow is not up after 2s; it said last:\n",
		"[[beside]]\ncommand = 'stubborn'\nready = 'up'\n":                "stubborn did not end within 2s of being asked to and was killed",
	} {
		if _, _, err := run(t, t.Context(), text+step); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	// One that ends later is told with the measurement during which it did.
	report, _, err := run(t, t.Context(), "[[beside]]\ncommand = 'short'\n[[step]]\ncommand = 'nap'\n"+step)
	if err != nil || len(report.Failures) == 0 || !strings.Contains(report.Failures[len(report.Failures)-1].Why, "short has ended") {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestCancel: whatever is under way ends, and is waited for.
func TestCancel(t *testing.T) {
	for name, text := range map[string]string{
		"measuring": "[[beside]]\ncommand = 'stay'\n[[step]]\ncommand = 'slow'\n",
		"coming up": "[[beside]]\ncommand = 'slow'\nready = 'up'\n[[step]]\ncommand = 'measure'\n",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if _, _, err := run(t, ctx, text); err == nil || !strings.Contains(err.Error(), "deadline exceeded") {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
}

// TestBesideAlone: the machine with the servers keeps them up until it is told to end.
func TestBesideAlone(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if report, _, err := run(t, ctx, "[[beside]]\ncommand = 'stay'\nready = 'up'\n"); err != nil || report != nil {
		t.Errorf("%+v, %v", report, err)
	}
	if _, _, err := run(t, t.Context(), "[[beside]]\ncommand = 'short'\n"); err == nil || !strings.Contains(err.Error(), "short has ended") {
		t.Errorf("a server that ended: %v", err)
	}
}

// TestBars: what a terminal shows names every step, and how it ended.
func TestBars(t *testing.T) {
	var shown bytes.Buffer
	b := NewBars(&shown, 2)
	r := &Runner{Self: os.Args[0], Progress: b}
	if _, err := r.Run(t.Context(), read(t, "[[step]]\ncommand = 'measure'\nstarts = 2\n[[step]]\ncommand = 'fail'\n")); err != nil {
		t.Fatal(err)
	}
	b.Close()
	for _, want := range []string{"measure", "fail: cleat-perf fail --output=json: exit status 1: out of luck"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("%q lacks %q", shown.String(), want)
		}
	}
}
