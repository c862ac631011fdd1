package control

import (
	"bufio"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"cleat/appliance/api"
)

// endless yields rows until yield says stop, n at most.
func endless(n int) func(context.Context, func(api.Connection) error) error {
	return func(_ context.Context, yield func(api.Connection) error) error {
		for i := range n {
			if err := yield(api.Connection{Client: "172.16.0.1:20001", InPackets: uint32(i)}); err != nil {
				return err
			}
		}
		return nil
	}
}

// readStream counts the lines of a stream and returns the last one.
func readStream(path, url string) (lines int, last string, err error) {
	answer, err := client(path).Get("http://cleatd" + url)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	scanner := bufio.NewScanner(answer.Body)
	for scanner.Scan() {
		lines++
		last = scanner.Text()
	}
	return lines, last, scanner.Err()
}

func TestStreamOfAMillion(t *testing.T) {
	const rows = 1_000_000
	var before, peak runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f := &fake{}
	f.connections = func(ctx context.Context, yield func(api.Connection) error) error {
		return endless(rows)(ctx, func(c api.Connection) error {
			if c.InPackets == rows/2 {
				runtime.GC()
				runtime.ReadMemStats(&peak)
			}
			return yield(c)
		})
	}
	path, _ := start(t, f)
	n, last, err := readStream(path, "/v1/connections")
	if n != rows || err != nil || decode[api.Connection](t, last).InPackets != rows-1 {
		t.Errorf("%d rows, the last is %s, %v", n, last, err)
	}
	// What is alive half-way; all rows together would be a hundred times as much.
	if grown := int64(peak.HeapAlloc) - int64(before.HeapAlloc); grown > 2<<20 {
		t.Errorf("%d bytes more are in use in the middle of the stream", grown)
	}
}

func TestClientStopsEarly(t *testing.T) {
	f := &fake{}
	ended := make(chan error, 1)
	f.connections = func(ctx context.Context, yield func(api.Connection) error) error {
		err := endless(1<<40)(ctx, yield)
		ended <- err
		return err
	}
	path, logged := start(t, f)
	answer, err := client(path).Get("http://cleatd/v1/connections")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(answer.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("yield gave no error")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the source is still asked for rows")
	}
	if strings.Contains(logged.String(), "level=WARN") {
		t.Errorf("a client that leaves is worth no warning: %s", logged)
	}
}

func TestClientGoneBeforeFirstRow(t *testing.T) {
	waiting, ended := make(chan struct{}), make(chan error, 1)
	f := &fake{connections: func(ctx context.Context, _ func(api.Connection) error) error {
		close(waiting)
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}}
	path, _ := start(t, f)
	go func() {
		<-waiting
		ended <- nil
	}()
	ctx, leave := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer leave()
	if _, err := doContext(ctx, path, "/v1/connections"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	<-ended
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error("the source was not told:", err)
	}
}

func TestErrorInMidStream(t *testing.T) {
	f := &fake{connections: func(ctx context.Context, yield func(api.Connection) error) error {
		if err := endless(flushRows+1)(ctx, yield); err != nil {
			return err
		}
		return errors.New("worker 2 is gone")
	}}
	path, logged := start(t, f)
	n, last, err := readStream(path, "/v1/connections")
	if n != flushRows+2 || last != `{"error":"worker 2 is gone"}` || err != nil {
		t.Errorf("%d lines, the last is %s, %v", n, last, err)
	}
	if !strings.Contains(logged.String(), "worker 2 is gone") {
		t.Errorf("not in the log: %s", logged)
	}
}

func TestLimitStopsTheSource(t *testing.T) {
	f := &fake{connections: endless(1 << 40)}
	path, _ := start(t, f)
	n, _, err := readStream(path, "/v1/connections?limit=1000")
	if n != 1000 || f.yielded.Load() != 1000 || err != nil {
		t.Errorf("%d rows, %d yielded, %v", n, f.yielded.Load(), err)
	}
}

func TestCloseEndsStreams(t *testing.T) {
	f := &fake{connections: func(ctx context.Context, yield func(api.Connection) error) error {
		if err := endless(flushRows)(ctx, yield); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}}
	s, path := unserved(t, f)
	done := make(chan error)
	go func() { done <- s.Serve() }()
	answer, err := client(path).Get("http://cleatd/v1/connections")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil || !strings.HasSuffix(string(body), `{"error":"cleatd is stopping"}`+"\n") {
		t.Errorf("%v, …%s", err, body[max(0, len(body)-80):])
	}
	if err := errors.Join(<-closed, <-done); err != nil {
		t.Error(err)
	}
}

// TestCloseWithStalledClient: a client that takes nothing may not hold the server up.
func TestCloseWithStalledClient(t *testing.T) {
	s, path := unserved(t, &fake{connections: endless(1 << 40)})
	done := make(chan error)
	go func() { done <- s.Serve() }()
	answer, err := client(path).Get("http://cleatd/v1/connections")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	began := time.Now()
	if err := errors.Join(s.Close(), <-done); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > shutdownTime+5*time.Second {
		t.Errorf("Close took %v", took)
	}
}
