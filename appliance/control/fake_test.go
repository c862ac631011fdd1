package control

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cleat/appliance/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a Source whose answers a test sets; what it does not set is empty.
type fake struct {
	status      func(context.Context) (api.Status, error)
	services    func(context.Context) ([]api.Service, error)
	templates   []api.Template
	connections func(ctx context.Context, yield func(api.Connection) error) error
	reload      func(context.Context) (api.Reloaded, error)
	realClock   bool
	yielded     atomic.Int64
}

func (f *fake) Status(ctx context.Context) (api.Status, error) {
	if f.status == nil {
		return api.Status{Version: "1.2.3", PID: 7}, nil
	}
	return f.status(ctx)
}

func (f *fake) Services(ctx context.Context) ([]api.Service, error) {
	if f.services == nil {
		return nil, nil
	}
	return f.services(ctx)
}

func (f *fake) Workers(context.Context) ([]api.Worker, error) {
	return []api.Worker{{Worker: 1, Lcore: 3, Drops: map[string]uint64{"no_service": 2}}}, nil
}

func (f *fake) Ports(context.Context) ([]api.Port, error) {
	return []api.Port{{Name: "outside", Addresses: []string{"10.0.0.1/24"}}}, nil
}

func (f *fake) Neighbors(context.Context) ([]api.Neighbor, error) {
	return []api.Neighbor{{Port: "outside", Address: "10.0.0.254", State: "reachable"}}, nil
}

func (f *fake) Heavy(_ context.Context, limit uint64) ([]api.HeavyClient, error) {
	all := []api.HeavyClient{{Client: "172.16.0.1", PacketShare: 0.5}, {Client: "172.16.0.2"}}
	return all[:min(limit, uint64(len(all)))], nil
}

func (f *fake) Templates(_ context.Context, filter api.Filter, yield func(api.Template) error) error {
	for _, t := range f.templates {
		e := api.Entry{
			Protocol: t.Protocol, Client: netip.MustParseAddr(t.Client),
			Server: netip.MustParseAddrPort(t.Server), State: t.State,
		}
		if _, err := fmt.Sscanf(t.Virtual, "mark %d", &e.Mark); err != nil {
			e.Virtual = netip.MustParseAddrPort(t.Virtual)
		}
		if !filter.Match(e) {
			continue
		}
		f.yielded.Add(1)
		if err := yield(t); err != nil {
			return err
		}
	}
	return nil
}

func (f *fake) Connections(ctx context.Context, _ api.Filter, yield func(api.Connection) error) error {
	if f.connections == nil {
		return nil
	}
	return f.connections(ctx, func(c api.Connection) error {
		f.yielded.Add(1)
		return yield(c)
	})
}

func (f *fake) Reload(ctx context.Context, replace bool) (api.Reloaded, error) {
	if f.reload == nil {
		changes := []string{"service tcp 10.0.0.1:80 added"}
		if replace {
			changes = []string{"service tcp 10.0.0.1:80 removed"}
		}
		return api.Reloaded{Generation: 4, Changes: changes}, nil
	}
	return f.reload(ctx)
}

func (f *fake) Config(_ context.Context, running bool) (api.Config, error) {
	if running {
		return api.Config{TOML: "strict = false\n"}, nil
	}
	return api.Config{TOML: "strict = true\n"}, nil
}

func (f *fake) IPVS(context.Context) (api.IPVS, error) {
	return api.IPVS{TableSize: 4096, Timeouts: api.Timeouts{TCP: 900}}, nil
}

func (f *fake) Command(_ context.Context, c api.Command) error {
	if c.Do == "clear" {
		return nil
	}
	return &api.Problem{Title: "there is no service tcp 10.0.0.9:80", Errno: "ESRCH"}
}

func (f *fake) Marks(context.Context) (api.Marks, error) {
	return api.Marks{IPv4: []api.MarkRule{{Mark: 3, Mask: 255}}}, nil
}

func (f *fake) Mark(_ context.Context, c api.MarkCommand) error {
	if c.Do == "flush" {
		return nil
	}
	return &api.Problem{Title: "there is no rule 7", Errno: "ENOENT"}
}

func (f *fake) Sysctls(context.Context) ([]api.Sysctl, error) {
	return []api.Sysctl{{Name: "sync_threshold", Value: "3\t50", Kept: true}}, nil
}

func (f *fake) SetSysctl(_ context.Context, name, value string) error {
	if name != "drop_entry" || value != "3" {
		return &api.Problem{Title: fmt.Sprintf("%s: %q", name, value), Errno: "EINVAL"}
	}
	return nil
}

func (f *fake) Advance(_ context.Context, by time.Duration) (api.Clock, error) {
	if f.realClock {
		return api.Clock{}, ErrRealClock
	}
	return api.Clock{Ahead: by.Seconds()}, nil
}

var metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "cleat_up 1\n") })

// logBuffer is read while the server may still write to it.
type logBuffer struct {
	sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.Lock()
	defer b.Unlock()
	return b.text.String()
}

// start serves the source on a socket of the test's own and returns its path and what was logged.
func start(t *testing.T, source Source) (path string, logged *logBuffer) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "cleatd.sock")
	logged = &logBuffer{}
	s, err := New(path, "", source, metrics, slog.New(slog.NewTextHandler(logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("close:", err)
		}
		if err := <-done; err != nil {
			t.Error("serve:", err)
		}
	})
	return path, logged
}

// client speaks HTTP to the socket, one connection a request.
func client(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
}

// request sends one request and returns status and body.
func request(t *testing.T, path, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, "http://cleatd"+url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client(path).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

func decode[T any](t *testing.T, body string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}
