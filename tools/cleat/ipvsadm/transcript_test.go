package ipvsadm

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func useTestNames() {
	servicesFile = filepath.Join("testdata", "services")
	resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no name service in tests")
	}}
}

// useMachineNames is for comparisons with the kernel's tool, which reads the machine's files.
func useMachineNames(t *testing.T) {
	servicesFile, ports = "/etc/services", readPortsOnce()
	t.Cleanup(func() { useTestNames(); ports = readPortsOnce() })
}

// step is a command of a transcript and what it did.
type step struct {
	command        string
	stdout, stderr string
	code           string
	asked          []string // [set cmd=…]
}

// readSteps reads "$ command" and what follows each by the first byte of the line.
func readSteps(t *testing.T, path string, line func(*step, string)) (steps []step) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.Lines(string(text)) {
		row = strings.TrimSuffix(row, "\n")
		if command, ok := strings.CutPrefix(row, "$ "); ok {
			steps = append(steps, step{command: command, code: "0"})
		} else if len(steps) > 0 {
			line(&steps[len(steps)-1], row)
		}
	}
	if len(steps) == 0 {
		t.Fatalf("%s has no commands", path)
	}
	return steps
}

// hashed are the commands whose lines the kernel, or the oracle, gives in an order of its own.
var hashed = regexp.MustCompile(`--nosort|--list|/proc/`)

var piped = regexp.MustCompile(`^printf (?:-- )?'([^']*)' \| (.*)$`)

// play runs a command line of a transcript; prog stands for the tool's path.
func (k *kernel) play(command, prog string) (stdout, stderr string, code int) {
	stdin := ""
	if p := piped.FindStringSubmatch(command); p != nil {
		stdin, command = strings.ReplaceAll(p[1], `\n`, "\n"), p[2]
	}
	words := strings.Fields(strings.TrimSuffix(command, " < /dev/null"))
	if words[0] == "cat" {
		var out strings.Builder
		err := (&Tool{Cleatd: k, Stdout: &out}).Proc(filepath.Base(words[1]))
		if err != nil {
			return "", err.Error(), 1
		}
		return out.String(), "", 0
	}
	return k.run(prog, stdin, words[1:]...)
}

// TestOracle plays what the kernel and its tool were asked, in their order, and wants every byte of what they said. Where the
// kernel's own order is one of hashes, lines are compared as a set.
func TestOracle(t *testing.T) {
	files, err := filepath.Glob("testdata/oracle/*-*.txt")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			k := newKernel()
			for _, s := range readSteps(t, file, func(s *step, row string) {
				switch {
				case strings.HasPrefix(row, "!"):
					s.stderr += row[1:] + "\n"
				case strings.HasPrefix(row, "?"):
					s.code = row[1:]
				default:
					s.stdout += row[1:] + "\n"
				}
			}) {
				stdout, stderr, code := k.play(s.command, "ipvsadm")
				if hashed.MatchString(s.command) {
					stdout, s.stdout = sortLines(stdout), sortLines(s.stdout)
				}
				compareStep(t, s, stdout, stderr, code)
			}
		})
	}
}

func compareStep(t *testing.T, s step, stdout, stderr string, code int) {
	t.Helper()
	got := step{command: s.command, stdout: stdout, stderr: stderr, code: strconv.Itoa(code), asked: s.asked}
	if diff := cmp.Diff(s, got, cmp.AllowUnexported(step{})); diff != "" {
		t.Errorf("%s\n%s", s.command, diff)
	}
}

func sortLines(text string) string {
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}
