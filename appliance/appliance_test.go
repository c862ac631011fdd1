package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cleat/appliance/api"
	"cleat/appliance/clock"
	"cleat/appliance/director"
	"cleat/conf"
)

// config is an appliance on two rings in memory, which nobody else is at the other end of.
const config = `
[dpdk]
hugepages = "off"
mbufs = 2047
file_prefix = "cleat-appliance-test"

[workers]
lcores = [0]
idle = "sleep"
idle_after = 10

[tables]
connections = 1000
templates = 1000
services = 16
real_servers = 64

[control]
socket = "SOCKET"

[metrics]
listen = "127.0.0.1:0"

[[port]]
name = "outside"
device = "net_ring0"
vdev = "nodeaction=net_ring0:0:CREATE"
addresses = ["10.8.0.1/24"]

[[port]]
name = "inside"
device = "net_ring1"
vdev = "nodeaction=net_ring1:0:CREATE"
addresses = ["10.9.0.1/24"]

[[service]]
tcp = "10.0.0.1:80"
scheduler = "rr"
persistent = 300

[[service.server]]
address = "10.9.0.11"

[[service.server]]
address = "10.9.0.12"
weight = 2
`

// started is an appliance that runs in this process. DPDK can be started once in it, so one test has all of it.
type started struct {
	t      *testing.T
	path   string // of the configuration
	socket string
	hangup chan os.Signal
	client *http.Client
	ended  chan error
	log    *lockedBuffer
}

func (s *started) write(text string) {
	if err := os.WriteFile(s.path, []byte(strings.ReplaceAll(text, "SOCKET", s.socket)), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *started) call(method, path string, into any) int {
	s.t.Helper()
	return s.send(method, path, nil, into)
}

func (s *started) send(method, path string, body io.Reader, into any) int {
	s.t.Helper()
	req, err := http.NewRequest(method, "http://cleatd"+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", method, path, err, s.log)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if text, ok := into.(*string); ok {
		*text = string(raw)
	} else if err := json.Unmarshal(raw, into); err != nil {
		s.t.Fatalf("%s %s: %v: %s", method, path, err, raw)
	}
	return resp.StatusCode
}

func (s *started) status() (st api.Status) {
	s.t.Helper()
	s.call("GET", "/v1/status", &st)
	return st
}

func TestAppliance(t *testing.T) {
	dir := t.TempDir()
	s := &started{
		t: t, path: filepath.Join(dir, "cleat.toml"), socket: filepath.Join(dir, "cleatd.sock"),
		hangup: make(chan os.Signal, 1), ended: make(chan error, 1), log: &lockedBuffer{},
	}
	s.client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", s.socket)
	}}}
	s.write(config)
	c, err := conf.Read(s.path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var level slog.LevelVar
	go func() {
		s.ended <- appliance(ctx, c, clock.New(true), s.path, newLogger(&c.Log, &level, s.log), &level, s.hangup)
	}()
	s.awaitReady()

	t.Run("starts", s.starts)
	t.Run("reloads", s.reloads)
	t.Run("refuses", s.refuses)
	t.Run("takes commands", s.commands)
	t.Run("counts", s.counts)
	t.Run("sets its clock ahead", s.advances)

	stop()
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("it does not stop\n%s", s.log)
	}
	if _, err := os.Stat(s.socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the control socket is still there (%v)", err)
	}
	if left, _ := filepath.Glob("/var/run/dpdk/cleat-appliance-test*"); len(left) != 0 {
		t.Errorf("DPDK left %v behind", left)
	}
}

func (s *started) awaitReady() {
	for range 1000 {
		select {
		case err := <-s.ended:
			s.t.Fatalf("it did not start: %v\n%s", err, s.log)
		case <-time.After(10 * time.Millisecond):
		}
		if strings.Contains(s.log.String(), "cleatd forwards") {
			return
		}
	}
	s.t.Fatalf("it is not ready after 10 s\n%s", s.log)
}

func (s *started) starts(t *testing.T) {
	st := s.status()
	if st.Services != 1 || st.RealServers != 2 || st.Workers != 1 || st.Generation == 0 || st.Templates.Capacity != 1000 || st.Unaccounted != 0 {
		t.Errorf("status %+v", st)
	}
	var services []api.Service
	s.call("GET", "/v1/services", &services)
	if len(services) != 1 || services[0].Address != "10.0.0.1:80" || services[0].Persistent != 300 || len(services[0].Servers) != 2 ||
		services[0].Servers[1].Address != "10.9.0.12:80" || services[0].Servers[1].Weight != 2 {
		t.Errorf("services %+v", services)
	}
	var neighbors []api.Neighbor
	s.call("GET", "/v1/neighbors", &neighbors)
	if len(neighbors) != 2 || neighbors[0].Address != "10.9.0.11" || neighbors[0].Port != "inside" || neighbors[0].State != "resolving" {
		t.Errorf("neighbors %+v: real servers on the link are asked for at the start", neighbors)
	}
	var ports []api.Port
	s.call("GET", "/v1/ports", &ports)
	if len(ports) != 2 || ports[0].Name != "outside" || ports[0].Driver != "net_ring" || ports[0].Steering != "one worker" {
		t.Errorf("ports %+v", ports)
	}
	var heavy []api.HeavyClient
	if code := s.call("GET", "/v1/heavy", &heavy); code != http.StatusOK || heavy == nil || len(heavy) != 0 {
		t.Errorf("heavy clients of a fresh start: %d %v", code, heavy)
	}
	var rows string
	if code := s.call("GET", "/v1/templates", &rows); code != http.StatusOK || rows != "" {
		t.Errorf("templates of a fresh start: %d %q", code, rows)
	}
}

func (s *started) reloads(t *testing.T) {
	before := s.status().Generation
	s.write(strings.Replace(config, "weight = 2", "weight = 5", 1))
	var done api.Reloaded
	if code := s.call("POST", "/v1/reload", &done); code != http.StatusOK || len(done.Changes) != 1 || !strings.Contains(done.Changes[0], "weight 2 -> 5") {
		t.Errorf("reload: %d %+v", code, done)
	}
	if done.Generation <= before {
		t.Errorf("generation %d after %d", done.Generation, before)
	}
	s.write(config)
	s.hangup <- os.Interrupt // whatever comes out of the channel is a hangup
	for range 500 {
		if s.status().Generation > done.Generation {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	var services []api.Service
	s.call("GET", "/v1/services", &services)
	if services[0].Servers[1].Weight != 2 {
		t.Errorf("a hangup did not reload: %+v\n%s", services, s.log)
	}
}

func (s *started) refuses(t *testing.T) {
	before := s.status()
	for _, tt := range []struct{ name, file, want string }{
		{"a mistake", strings.Replace(config, `"rr"`, `"rrr"`, 1), `cleat.toml:38: service.scheduler`},
		{"a change that needs a restart", strings.Replace(config, "templates = 1000", "templates = 2000", 1), "needs a restart"},
		{"no file", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.write(tt.file)
			if tt.file == "" {
				os.Remove(s.path)
			}
			var p api.Problem
			if code := s.call("POST", "/v1/reload", &p); code != http.StatusUnprocessableEntity || len(p.Detail) == 0 || !strings.Contains(p.Detail[0], tt.want) {
				t.Errorf("%d %+v", code, p)
			}
			after := s.status()
			if after.ReloadError == "" || after.Generation != before.Generation || after.ConfigLoaded != before.ConfigLoaded {
				t.Errorf("status %+v", after)
			}
		})
	}
	s.write(config)
	var done api.Reloaded
	s.call("POST", "/v1/reload", &done)
	if st := s.status(); st.ReloadError != "" {
		t.Errorf("a good reload leaves %q", st.ReloadError)
	}
}

// commands changes what the file says at run time, and reloads the file under it.
func (s *started) commands(t *testing.T) {
	do := func(command, errno string) {
		t.Helper()
		var p api.Problem
		if code := s.send("POST", "/v1/ipvs", strings.NewReader(command), &p); p.Errno != errno || (code == http.StatusOK) != (errno == "") {
			t.Errorf("%s: %d %+v, want %q", command, code, p, errno)
		}
	}
	verify := func(when, want string) {
		t.Helper()
		var services []api.Service
		s.call("GET", "/v1/services", &services)
		var got []string
		for _, v := range services {
			got = append(got, v.Address+" "+v.Scheduler)
			for _, rs := range v.Servers {
				got = append(got, fmt.Sprintf("%s %s %d", rs.Address, rs.Forward, rs.Weight))
			}
		}
		if said := strings.Join(got, ", "); said != want {
			t.Errorf("%s: %s, want %s", when, said, want)
		}
	}
	do(`{"do":"add-service","service":{"protocol":"udp","address":"10.0.0.1:53"},"options":{"scheduler":"wlc"}}`, "")
	do(`{"do":"add-server","service":{"protocol":"udp","address":"10.0.0.1:53"},"server":{"address":"10.9.0.13:53","forward":"dr","weight":0}}`, "")
	do(`{"do":"edit-server","service":{"protocol":"tcp","address":"10.0.0.1:80"},"server":{"address":"10.9.0.11:80","forward":"nat","weight":9}}`, "")
	do(`{"do":"delete-server","service":{"protocol":"tcp","address":"10.0.0.1:80"},"server":{"address":"10.9.0.14:80","weight":0}}`, "ENOENT")
	do(`{"do":"zero","service":{"protocol":"udp","address":"10.0.0.1:53"}}`, "")
	do(`{"do":"set-timeouts","timeouts":{"tcp":60,"tcp_fin":0,"udp":0}}`, "")
	var p api.Problem
	if code := s.send("PUT", "/v1/sysctl/expire_nodest_conn", strings.NewReader(`{"value":"1"}`), &p); code != http.StatusOK {
		t.Errorf("sysctl: %d %+v", code, p)
	}
	do(`{"do":"delete-server","service":{"protocol":"tcp","address":"10.0.0.1:80"},"server":{"address":"10.9.0.12:80","weight":0}}`, "")
	const changed = "10.0.0.1:80 rr, 10.9.0.11:80 nat 9, 10.0.0.1:53 wlc, 10.9.0.13:53 dr 0"
	verify("after commands", changed)
	var neighbors []api.Neighbor
	if s.call("GET", "/v1/neighbors", &neighbors); !slices.ContainsFunc(neighbors, func(n api.Neighbor) bool { return n.Address == "10.9.0.13" }) {
		t.Errorf("neighbors %+v: a server that a command adds is asked for at once", neighbors)
	}
	var running api.Config
	s.call("GET", "/v1/config?running=true", &running)
	var done api.Reloaded
	s.call("POST", "/v1/reload", &done)
	verify("after a reload", changed)
	s.call("POST", "/v1/reload?replace=true", &done)
	verify("the file alone", "10.0.0.1:80 rr, 10.9.0.11:80 nat 1, 10.9.0.12:80 nat 2")
	s.write(running.TOML)
	s.call("POST", "/v1/reload", &done)
	verify("what was in force, loaded again", changed)
	var all api.IPVS
	if s.call("GET", "/v1/ipvs", &all); all.TableSize != 1000 || all.Timeouts != (api.Timeouts{TCP: 60, TCPFin: 120, UDP: 300}) {
		t.Errorf("ipvs: %+v", all)
	}
	var sysctls []api.Sysctl
	if s.call("GET", "/v1/sysctl", &sysctls); !slices.Contains(sysctls, api.Sysctl{Name: "expire_nodest_conn", Value: "1"}) {
		t.Errorf("sysctls: %+v", sysctls)
	}
	s.write(config)
	s.call("POST", "/v1/reload", &done)
}

func (s *started) counts(t *testing.T) {
	var text string
	s.call("GET", "/metrics", &text)
	for _, want := range []string{"cleat_unaccounted_packets", `cleat_drops_total{reason="ttl"`, "cleat_worker_poll_gap_seconds_bucket"} {
		if !strings.Contains(text, want) {
			t.Errorf("/metrics has no %s", want)
		}
	}
	var workers []api.Worker
	s.call("GET", "/v1/workers", &workers)
	if len(workers) != 1 || workers[0].Injected == 0 || workers[0].Unaccounted != 0 || workers[0].Sleeps == 0 {
		t.Errorf("workers %+v: it has announced its addresses, asked for its servers and slept", workers)
	}
}

func (s *started) advances(t *testing.T) {
	if !strings.Contains(s.log.String(), "not for production") {
		t.Errorf("nothing warns of a lab's clock\n%s", s.log)
	}
	begin := time.Now()
	for _, want := range []float64{3600, 7200} {
		var clock api.Clock
		if code := s.send("POST", "/v1/clock", strings.NewReader(`{"advance_seconds":3600}`), &clock); code != http.StatusOK || clock.Ahead != want {
			t.Errorf("%d %+v, want %v s ahead", code, clock, want)
		}
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("two hours took %v", took)
	}
	if st := s.status(); st.UptimeSeconds > 3600 {
		t.Errorf("up %v s: that is real time", st.UptimeSeconds)
	}
}

func TestCommandLine(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.toml")
	if err := os.WriteFile(good, []byte(strings.ReplaceAll(config, "SOCKET", "/run/x.sock")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		{[]string{"--check", good}, 0, "ok (services: 1)", ""},
		{[]string{"--check", "../conf/testdata/five.toml"}, director.ExitConfig, "", "five.toml:14: "},
		{[]string{"--check", "/nowhere"}, director.ExitConfig, "", "no such file"},
		{[]string{"--config", "../conf/testdata/five.toml"}, director.ExitConfig, "", "five.toml:24: "},
		{[]string{"--nonsense"}, director.ExitUsage, "", "nonsense"},
		{[]string{"start"}, director.ExitUsage, "", `"start" is not an option`},
		{[]string{"--version"}, 0, "cleatd ", ""},
		{[]string{"--help"}, 0, "", "Exit status"},
	} {
		var stdout, stderr bytes.Buffer
		if status := run(tt.args, &stdout, &stderr); status != tt.status {
			t.Errorf("cleatd %v: exit status %d, want %d", tt.args, status, tt.status)
		}
		if !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("cleatd %v says %q and %q", tt.args, &stdout, &stderr)
		}
	}
}

func TestFiveMistakesAtOnce(t *testing.T) {
	var stderr bytes.Buffer
	run([]string{"--check", "../conf/testdata/five.toml"}, io.Discard, &stderr)
	if lines := strings.Split(strings.TrimSpace(stderr.String()), "\n"); len(lines) != 5 {
		t.Errorf("%d lines for five mistakes:\n%s", len(lines), &stderr)
	}
}
