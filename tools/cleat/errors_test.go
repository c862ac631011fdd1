package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/appliance/api"
)

func TestUsage(t *testing.T) {
	for args, want := range map[string]string{
		"stats":                     `unknown command "stats" for "cleat"`,
		"status now":                `unknown command "now" for "cleat status"`,
		"status --verbose":          `unknown flag: --verbose`,
		"status -o yaml":            `--output "yaml" is none of table, json`,
		"status --socket=":          `--socket is empty; leave it out for /run/cleat/cleatd.sock`,
		"templates --client 10.0.0": `client: "10.0.0" is neither an address (172.16.0.1) nor a prefix (172.16.0.0/16)`,
		"clock advance 5m":          `"5m" is no number of seconds from 0 to 2678400`,
		"clock advance":             `accepts 1 arg(s), received 0`,
		"templates --client=":       `client: "" is neither`,
		"connections --mark none":   `mark: "none" is not a number from 1 to 4294967295`,
		"connections --state ended": `state: "ended" is none of NONE, ASSURED, ESTABLISHED`,
		"heavy --n 0":               `--n 0 would show nothing`,
		"heavy --n many":            `invalid argument "many" for "--n" flag`,
		"connections --limit":       `flag needs an argument: --limit`,
	} {
		stdout, stderr, code := cleat(strings.Fields(args)...)
		if code != exitUsage || stdout != "" || !strings.HasPrefix(stderr, "cleat: ") || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %q, %s", args, code, stdout, stderr)
		}
	}
}

func TestUnreachable(t *testing.T) {
	dir := t.TempDir()
	dead := filepath.Join(dir, "dead.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for socket, want := range map[string]string{
		filepath.Join(dir, "none.sock"):     "none.sock: there is no such socket\n       Start cleatd, or name its socket",
		dead:                                "dead.sock: nobody answers there\n       cleatd has died",
		dir:                                 "nobody answers there",
		filepath.Join(dead, "s"):            "not a directory\n       Name cleatd's socket",
		"/" + strings.Repeat("x", 200):      "invalid argument",
		filepath.Join(dir, "none") + "\x1b": "none?: there is no such socket",
	} {
		for _, command := range []string{"status", "templates", "reload"} {
			stdout, stderr, code := cleat(command, "--socket", socket)
			if code != exitUnreachable || stdout != "" || !strings.Contains(stderr, want) {
				t.Errorf("%s %s: exit code %d, %q, %s", command, socket, code, stdout, stderr)
			}
		}
	}
}

func TestSocketFromEnvironment(t *testing.T) {
	socket, _ := recorded(t)
	t.Setenv("CLEAT_SOCKET", socket)
	if _, stderr, code := cleat("status"); code != exitOK {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if _, stderr, code := cleat("status", "--socket", "/nowhere"); code != exitUnreachable || !strings.Contains(stderr, "/nowhere") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

func TestVersion(t *testing.T) {
	socket, _ := recorded(t)
	if stdout, _, code := cleat("version", "--socket", socket); code != exitOK || !strings.Contains(stdout, "\ncleatd  0.1.0, DPDK 22.11.11\n") {
		t.Errorf("exit code %d, %s", code, stdout)
	}
	if stdout, _, code := cleat("version", "--socket", "/nowhere"); code != exitOK || !strings.Contains(stdout, "\ncleatd  not reachable\n") {
		t.Errorf("exit code %d, %s", code, stdout)
	}
	if stdout, _, code := cleat("version", "-o", "json", "--socket", socket); code != exitOK || !strings.Contains(stdout, `"cleatd": "0.1.0"`) {
		t.Errorf("exit code %d, %s", code, stdout)
	}
}

func TestEmpty(t *testing.T) {
	socket := serve(t, func(http.ResponseWriter, *http.Request) {})
	for args, want := range map[string]string{
		"templates":             "KIND  PROTO  CLIENT",
		"templates --count":     "0\n",
		"templates -o json":     "",
		"connections --count":   "0\n",
		"connections --limit 1": "PROTO  CLIENT",
	} {
		stdout, stderr, code := cleat(append(strings.Fields(args), "--socket", socket)...)
		if code != exitOK || !strings.HasPrefix(stdout, want) || strings.Count(stdout, "\n") > 1 {
			t.Errorf("%s: exit code %d, %q, %s", args, code, stdout, stderr)
		}
	}
}

func TestNothingChanged(t *testing.T) {
	socket := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"generation":3,"changes":[]}`) })
	if stdout, stderr, code := cleat("reload", "--socket", socket); code != exitOK || stdout != "generation 3: nothing has changed\n" {
		t.Errorf("exit code %d, %q, %s", code, stdout, stderr)
	}
}

// TestFailures plays cleatds that refuse, and programs that are no cleatd at all.
func TestFailures(t *testing.T) {
	for _, tt := range []struct {
		name, command string
		answer        http.HandlerFunc
		want          string
	}{
		{"refused", "reload", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(422)
			io.WriteString(w, `{"title":"reload refused","detail":["cleat.toml:3: a","cleat.toml:9: b"]}`)
		}, "cleat: reload refused\n         cleat.toml:3: a\n         cleat.toml:9: b\n"},
		{"no problem", "status", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(502)
			io.WriteString(w, `<html>`)
		}, "cleatd answered 502 Bad Gateway"},
		{"redirect", "status", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/v1/ports", http.StatusFound) }, "cleatd answered 302 Found"},
		{"endless problem", "status", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			pour(w, "x", 0)
		}, "cleatd answered 500"},
		{"not JSON", "status", text("hello"), "the answer to /v1/status is not what cleatd's API says: invalid character"},
		{"wrong type", "services", text(`{"a":1}`), "the answer to /v1/services is not what cleatd's API says: json: cannot unmarshal object"},
		{"two values", "ports", text(`[][]`), "invalid character '[' after top-level value"},
		{"deep", "services", text(strings.Repeat("[", 1<<20)), "exceeded max depth"},
		{"empty", "status", text(""), "unexpected end of JSON input"},
		{"cut off object", "status", cut(`{"version":`), "broke off or does not speak cleatd's API: unexpected EOF"},
		{"not HTTP", "status", raw("220 mail.example.com ESMTP\r\n"), "broke off or does not speak cleatd's API: net/http: HTTP/1.x transport connection broken"},
		{"endless header", "status", raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20)), "does not speak cleatd's API"},
		{"garbage row", "templates", text("{\"kind\":\"ppc\"}\nhello\n"), "/v1/templates, row 2: invalid character"},
		{"garbage JSON row", "templates -o json", text("hello\n"), "/v1/templates, row 1: not JSON"},
		{"garbage counted", "connections --count", text("hello\n"), "/v1/connections, row 1: not JSON"},
		{"wrong row", "connections", text("[1]\n"), "/v1/connections, row 1: json: cannot unmarshal array"},
		{"endless line", "templates", func(w http.ResponseWriter, _ *http.Request) { pour(w, "x", 0) }, "/v1/templates, row 1: longer than 64 KiB"},
		{"no end of line", "templates", text(`{}`), "/v1/templates, row 1: cut off"},
		{"cut off stream", "templates", cut("{}\n"), "unexpected EOF"},
		{"error in mid-stream", "templates --count", text("{}\n{}\n{\"error\":\"worker 2 is gone\"}\n"), "/v1/templates, after 2 rows: worker 2 is gone"},
		{"bad error in mid-stream", "templates", text("{\"error\":1}\n"), "/v1/templates, after 0 rows: json: cannot unmarshal number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socket := serve(t, tt.answer)
			_, stderr, code := cleat(append(strings.Fields(tt.command), "--socket", socket)...)
			if code != exitFailed || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit code %d, %s", code, stderr)
			}
		})
	}
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) }
}

// cut sends s and breaks off.
func cut(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, s)
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// raw sends s instead of HTTP.
func raw(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			io.WriteString(conn, s)
			conn.Close()
		}
	}
}

// pour writes s until the reader has enough, or so many times.
func pour(w io.Writer, s string, times int) {
	block := strings.Repeat(s, 1000)
	for n := 0; times == 0 || n < times; n += 1000 {
		if _, err := io.WriteString(w, block); err != nil {
			return
		}
	}
}

func TestHangingCleatd(t *testing.T) {
	socket := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := newClient(socket, 50*time.Millisecond)
	_, err := c.object(context.Background(), "GET", "/v1/status", nil, new(api.Status))
	if code := report(err, io.Discard); code != exitUnreachable || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("exit code %d, %v", code, err)
	}
}

// TestPermission needs a user who is not root: root may open every socket.
func TestPermission(t *testing.T) {
	err := newClient("/s", patience).explain(fmt.Errorf("dial: %w", os.ErrPermission))
	if code := report(err, io.Discard); code != exitUnreachable || !strings.Contains(err.Error(), "control.group") {
		t.Errorf("exit code %d, %v", code, err)
	}
}

const aRow = `{"worker":0,"kind":"ppc","protocol":"tcp","client":"172.16.0.1","virtual":"10.0.0.1:80","server":"10.9.0.11:80","state":"NONE"}` + "\n"

func TestManyRows(t *testing.T) {
	socket := serve(t, func(w http.ResponseWriter, _ *http.Request) { pour(w, aRow, 300_000) })
	for _, args := range []string{"templates", "templates -o json", "templates --count"} {
		var before, after runtime.MemStats
		sink := &measure{after: &after}
		runtime.GC()
		runtime.ReadMemStats(&before)
		if code := run(append(strings.Fields(args), "--socket", socket), sink, io.Discard); code != exitOK {
			t.Fatalf("%s: exit code %d", args, code)
		}
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 2<<20 {
			t.Errorf("%s: %d bytes more are in use near the end", args, grown)
		}
	}
}

// measure is a writer that looks at the memory in use once, after 20 MB or at the first and only line.
type measure struct {
	after   *runtime.MemStats
	written int
}

func (m *measure) Write(b []byte) (int, error) {
	first := m.written == 0
	m.written += len(b)
	if first || m.written>>20 == 20 && (m.written-len(b))>>20 < 20 {
		runtime.GC()
		runtime.ReadMemStats(m.after)
	}
	return len(b), nil
}

// TestClosedPipe runs cleat as head would see it.
func TestClosedPipe(t *testing.T) {
	ended := make(chan struct{}, 1)
	socket := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		pour(w, aRow, 0)
		ended <- struct{}{}
	})
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "templates", "--socket", socket)
	cmd.Env = append(os.Environ(), "CLEAT_TEST_IS_CLEAT=1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, 100)); err != nil {
		t.Error(err)
	}
	stdout.Close()
	if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("%v, %s", err, stderr.String())
	}
	<-ended
}

// TestFullDisk: an answer that cannot be printed is a failure.
func TestFullDisk(t *testing.T) {
	socket, _ := recorded(t)
	var stderr strings.Builder
	code := run([]string{"status", "--socket", socket}, full{}, &stderr)
	if diff := cmp.Diff("cleat: no space left\n", stderr.String()); code != exitFailed || diff != "" {
		t.Errorf("exit code %d\n%s", code, diff)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }
