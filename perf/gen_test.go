package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"cleat/perf/reflect"
	"cleat/perf/result"
)

func TestMistakesOnPorts(t *testing.T) {
	for args, want := range map[string]string{
		"gen --target 10.0.0.1:80":                                    `required flag\(s\) "port" not set`,
		"gen --port net_null0":                                        `targets: none: name at least one service, like 10.0.0.1:80`,
		"gen --port net_null0 --target 10.0.0.1:80 --rate fast":       `invalid argument "fast" for "--rate" flag: "fast": must be a number a second, like 250000, 100k or 1.5M`,
		"gen --port net_null0 --target 10.0.0.1:80 --duration 0s":     `--duration 0s: must be more than 0`,
		"gen --port net_null0 --target 10.0.0.1:80 -o xml":            `--output "xml": must be table or json`,
		"gen --port net_null0 --target 10.0.0.1:80 --sizes 9":         `sizes: "9": must be a length of 64 to 1518, .*`,
		"reflect --port net_null0":                                    `servers: none: name at least one, like 10.9.0.11:80`,
		"reflect --port net_null0 --servers 10.9.0.11-1":              `servers: "10.9.0.11-1": must be an address, .*`,
		"reflect --port net_null0 --servers 10.9.0.11 --vip 10.0.0.1": `router "", from "": must be addresses of one family: .*`,
		"reflect --port net_null0 --servers 10.9.0.11 --direct 1":     `direct: 1: must be the number of a port, 0 to 0`,
	} {
		out, errs, code := perf(t, t.TempDir(), strings.Fields(args)...)
		if code != exitUsage || out != "" || !regexp.MustCompile("^cleat-perf: "+want+"\n$").MatchString(errs) {
			t.Errorf("%s: exit code %d, %q, %q; want %d, %s", args, code, out, errs, exitUsage, want)
		}
	}
}

func TestRate(t *testing.T) {
	for text, want := range map[string]float64{"0": 0, "250000": 250000, "100k": 1e5, "1.5M": 1.5e6, "2G": 2e9, "": -1, "k": -1, "-1": -1, "NaN": -1, "1e300": -1, "1m": -1} {
		r := rate(-1)
		if err := r.Set(text); float64(r) != want || (err == nil) != (want >= 0) {
			t.Errorf("%q: %v, %v; want %v", text, r, err, want)
		}
	}
}

// here are the flags of processes that share a CPU, as in a test.
var here = []string{"--cpu", "0", "--share-cpu", "--hugepages", "off"}

// memif is a port to another process.
func memif(dir, role string) string {
	return "net_memif0,socket-abstract=no,socket=" + filepath.Join(dir, "lab.sock") + ",role=" + role
}

// reflecting plays a real server, 10.9.0.11:80, in another process until the end of the test.
func reflecting(t *testing.T, dir string) {
	t.Helper()
	servers := exec.Command(os.Args[0], append([]string{"reflect", "--port", memif(dir, "server"), "--servers", "10.9.0.11:80", "--duration", "1m"}, here...)...)
	servers.Env = append(os.Environ(), asProgram+"=1")
	servers.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL} // the thread ends with the test, however it ends
	var complaint bytes.Buffer
	servers.Stderr = &complaint
	pipe, err := servers.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := servers.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(pipe)
	ready, _ := said.ReadString('\n') // its end of the memif has to be there first
	t.Cleanup(func() {
		_ = servers.Process.Signal(unix.SIGTERM)
		counts, _ := io.ReadAll(said)
		if err := servers.Wait(); err != nil || !strings.HasPrefix(ready, "ready: real servers: 1, on ") {
			t.Errorf("reflect: %v, %s%s", err, ready, complaint.String())
		}
		checkReflected(t, counts)
	})
}

// TestTwoProcesses: gen in one process, and the real servers that it asks in another, with a net_memif between them.
func TestTwoProcesses(t *testing.T) {
	alone(t)
	dir := t.TempDir()
	reflecting(t, dir)
	out, errs, code := perf(t, dir, append([]string{
		"gen", "--port", memif(dir, "client"), "--target", "10.9.0.11:80", "--address", "10.9.0.1", "--flows", "100", "--clients", "100.64.0.0/26",
		"--rate", "2k", "--duration", "500ms", "--slack", "1s", "-o", "json", "--case", "two processes",
	}, here...)...)
	r, err := result.Parse([]byte(out))
	if code != 0 || err != nil {
		t.Fatalf("gen: exit code %d, %s, %v: %s", code, errs, err, out)
	}
	for what, want := range map[string]float64{"sent": 1000, "received": 1000, "lost": 0, "late, not sent": 0, "affinity violations": 0, "foreign": 0} {
		at := slices.IndexFunc(r.Figures, func(f result.Figure) bool { return f.What == what && f.Case == "two processes" })
		if at < 0 || r.Figures[at].Values.Median() != want {
			t.Errorf("%s: want %v of it: %s", what, want, out)
		}
	}
	if h, err := r.Distributions[0].Histogram.Decode(); err != nil || h.TotalCount() != 1000 {
		t.Errorf("round trips: %v, %v", h, err)
	}
}

// checkReflected looks at what reflect counted.
func checkReflected(t *testing.T, counts []byte) {
	t.Helper()
	var c reflect.Counts
	if err := json.Unmarshal(counts, &c); err != nil {
		t.Fatalf("%v: %s", err, counts)
	}
	if c.Answered < 1100 || c.SYNs < 100 || c.Received != c.Answered+c.Consumed+c.Foreign+c.Overrun {
		t.Errorf("%+v", c)
	}
}
