package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"time"

	"cleat/appliance/api"
)

// What cleat takes of an answer at most, so that a broken cleatd cannot fill the memory.
const (
	answerBytes  = 64 << 20
	problemBytes = 1 << 20
	lineBytes    = 64 << 10
	headerBytes  = 64 << 10
)

// patience is how long cleatd may be silent.
const patience = time.Minute

// client asks the cleatd behind one socket.
type client struct {
	socket string
	http   http.Client
}

func newClient(socket string, patience time.Duration) *client {
	c := &client{socket: socket}
	c.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
			if err != nil {
				return nil, err
			}
			return &patientConn{conn, patience}, nil
		},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: headerBytes,
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// patientConn waits so long for every read, and no longer.
type patientConn struct {
	net.Conn
	patience time.Duration
}

func (c *patientConn) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// unreachable says why nobody answers on a socket and what to do about it.
type unreachable struct {
	socket, why, do string
}

func (u *unreachable) Error() string {
	return fmt.Sprintf("cleatd is not reachable on %s: %s\n%s", u.socket, u.why, u.do)
}

// explain tells errors of the connection from others.
func (c *client) explain(err error) error {
	u := &unreachable{socket: c.socket}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		u.why, u.do = "there is no such socket", "Start cleatd, or name its socket (control.socket in its configuration) with --socket or CLEAT_SOCKET."
	case errors.Is(err, fs.ErrPermission):
		u.why, u.do = "permission denied", "Be root, or a member of the group that control.group in cleatd's configuration names."
	case errors.Is(err, syscall.ECONNREFUSED):
		u.why, u.do = "nobody answers there", "cleatd has died or is no longer the one that made it: look at its log and start it again."
	case errors.Is(err, os.ErrDeadlineExceeded):
		u.why, u.do = "no answer in time", "cleatd hangs or is far too busy: look at its log."
	default:
		if op, ok := errors.AsType[*net.OpError](err); !ok || op.Op != "dial" {
			return &failure{fmt.Errorf("what answers on %s broke off or does not speak cleatd's API: %w", c.socket, bare(err))}
		}
		u.why, u.do = bare(err).Error(), "Name cleatd's socket with --socket or CLEAT_SOCKET."
	}
	return u
}

// bare takes off what net/http says about the URL, which has no meaning on a Unix socket.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// ask sends a request, with a body of JSON unless that is nil; the caller closes the body of the answer. A query stands in path or in query.
func (c *client) ask(ctx context.Context, method, path string, query url.Values, body any) (io.ReadCloser, error) {
	var send io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, &failure{err}
		}
		send = bytes.NewReader(raw)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://cleatd"+path, send)
	if err != nil {
		return nil, &failure{err}
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, c.explain(err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, problemBytes))
	if err != nil {
		return nil, c.explain(err)
	}
	var p api.Problem
	if json.Unmarshal(raw, &p) != nil {
		p = api.Problem{} // the status alone must do
	}
	return nil, problem(&p, answer.Status)
}

// object asks for one JSON value, decodes it into v, and returns it as it came too. The request carries send unless that is nil.
func (c *client) object(ctx context.Context, method, path string, send, v any) ([]byte, error) {
	body, err := c.ask(ctx, method, path, nil, send)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, answerBytes+1))
	if err != nil {
		return nil, c.explain(err)
	}
	if len(raw) > answerBytes {
		return nil, &failure{fmt.Errorf("the answer to %s is longer than %d MiB", path, answerBytes>>20)}
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, &failure{fmt.Errorf("the answer to %s is not what cleatd's API says: %w", path, err)}
	}
	return raw, nil
}

// stream asks for rows and calls row with every line, its end included; the line is valid until row returns.
func (c *client) stream(ctx context.Context, path string, filter *api.Filter, row func(line []byte) error) error {
	body, err := c.ask(ctx, http.MethodGet, path, filter.Query(), nil)
	if err != nil {
		return err
	}
	defer body.Close()
	lines := bufio.NewReaderSize(body, lineBytes)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == io.EOF && len(line) == 0:
			return nil
		case err == io.EOF:
			return &failure{fmt.Errorf("%s, row %d: cut off", path, n)}
		case err == bufio.ErrBufferFull:
			return &failure{fmt.Errorf("%s, row %d: longer than %d KiB", path, n, lineBytes>>10)}
		case err != nil:
			return c.explain(err)
		}
		if err := streamError(line); err != nil {
			return &failure{fmt.Errorf("%s, after %d rows: %w", path, n-1, err)}
		}
		if err := row(line); err != nil {
			return &failure{fmt.Errorf("%s, row %d: %w", path, n, err)}
		}
	}
}

// streamError returns the error that a line is, if it is one: of all lines only these begin with that key.
func streamError(line []byte) error {
	if !bytes.HasPrefix(line, []byte(`{"error":`)) {
		return nil
	}
	var end api.StreamError
	if err := json.Unmarshal(line, &end); err != nil {
		return err
	}
	return errors.New(end.Error)
}
