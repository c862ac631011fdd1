package control

import (
	"context"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func doContext(ctx context.Context, path, url string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", "http://cleatd"+url, nil)
	if err != nil {
		return nil, err
	}
	return client(path).Do(r)
}

// unserved is a server that does not serve yet.
func unserved(t *testing.T, source Source) (*Server, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cleatd.sock")
	s, err := New(path, "", source, metrics, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, path
}

func TestPermissions(t *testing.T) {
	for _, tt := range []struct {
		group string
		mode  fs.FileMode
	}{{"", 0o600}, {strconv.Itoa(os.Getgid()), 0o660}} {
		dir := filepath.Join(t.TempDir(), "run", "cleat")
		path := filepath.Join(dir, "cleatd.sock")
		s, err := New(path, tt.group, &fake{}, metrics, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode() != fs.ModeSocket|tt.mode || int(info.Sys().(*syscall.Stat_t).Gid) != os.Getgid() {
			t.Errorf("group %q: %v %v", tt.group, info.Mode(), err)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("directory: %v %v", info.Mode(), err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("after Close: %v", err)
		}
	}
}

// TestNeverOpen looks at the mode that the socket is born with, whatever the umask.
func TestNeverOpen(t *testing.T) {
	umask := syscall.Umask(0)
	defer syscall.Umask(umask)
	path := filepath.Join(t.TempDir(), "s")
	l, err := (&net.ListenConfig{Control: ownerOnly}).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestSecondServer(t *testing.T) {
	_, path := unserved(t, &fake{})
	_, err := New(path, "", &fake{}, metrics, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "another cleatd answers there") {
		t.Errorf("%v", err)
	}
	if c, err := net.Dial("unix", path); err != nil {
		t.Error("the first one's socket is gone:", err)
	} else {
		c.Close()
	}
}

func TestStaleSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cleatd.sock")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	s, err := New(path, "", &fake{}, metrics, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func TestBadSockets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, group, want string }{
		{"", "", "not an absolute path"},
		{"@cleat", "", "not an absolute path"},
		{"/" + strings.Repeat("x", pathMax), "", "108 bytes, a Unix socket's path has at most 107"},
		{file, "", "not a socket"},
		{file + "/s", "", "not a directory"},
		{filepath.Join(t.TempDir(), "s"), "no-such-group", "no such group"},
	} {
		s, err := New(tt.path, tt.group, &fake{}, metrics, slog.New(slog.DiscardHandler))
		if err == nil {
			s.Close()
			t.Errorf("%q: no error", tt.path)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %s", tt.path, err, tt.want)
		}
	}
	if b, err := os.ReadFile(file); string(b) != "mine" {
		t.Errorf("the file was touched: %s %v", b, err)
	}
}

func TestConnectionLimit(t *testing.T) {
	path, _ := start(t, &fake{})
	var open []net.Conn
	for range maxConns {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		open = append(open, c)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if answer, err := doContext(ctx, path, "/v1/status"); err == nil {
		answer.Body.Close()
		t.Fatal("one more than the limit is served")
	}
	open[0].Close()
	open[1].Close() // the first place goes to the one above, which has left since
	if status, _ := request(t, path, "GET", "/v1/status", ""); status != 200 {
		t.Errorf("with a free place: %d", status)
	}
}
