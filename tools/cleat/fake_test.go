package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain is cleat itself when a test starts it as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("CLEAT_TEST_IS_CLEAT") != "" {
		main()
	}
	os.Exit(m.Run())
}

// serve answers with h on a socket of the test's own and returns its path.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cleatd.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Serve(l)
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return path
}

// recorded answers with testdata/answers and tells what was asked.
func recorded(t *testing.T) (socket string, asked *string) {
	asked = new(string)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*asked = strings.TrimSpace(r.Method + " " + r.URL.RequestURI() + " " + string(body))
		name := strings.TrimPrefix(r.URL.Path, "/v1/") + ".json"
		http.ServeFile(w, r, filepath.Join("testdata", "answers", name))
	}), asked
}

// cleat runs the command in this process.
func cleat(args ...string) (stdout, stderr string, code int) {
	var out, err bytes.Buffer
	code = run(args, &out, &err)
	return out.String(), err.String(), code
}
