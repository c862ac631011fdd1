package topology

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"cleat/appliance/api"
	"cleat/conf"

	"golang.org/x/sys/unix"
)

// Director is cleatd in the director's namespace.
type Director struct {
	Socket  string // of the control API
	File    string // its configuration: the lab's own copy
	Log     string
	lab     *Lab
	process *process
	control *http.Client
}

// ErrRefused is a configuration that cleatd would not take.
var ErrRefused = errors.New("reload refused")

// StartDirector starts the program cleatd with a configuration, and further arguments, and waits until it is ready.
func (l *Lab) StartDirector(ctx context.Context, cleatd string, config *conf.Config, args ...string) (*Director, error) {
	d := &Director{
		Socket: l.path("cleatd.sock"),
		File:   l.path("cleatd.toml"),
		lab:    l,
	}
	d.control = &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true, // each question reaches the cleatd that is there now
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var dialer net.Dialer
				return dialer.DialContext(ctx, "unix", d.Socket)
			},
		},
	}
	if err := d.write(config); err != nil {
		return nil, err
	}
	var err error
	if d.process, err = l.start("dir", cleatd, append([]string{"--config", d.File}, args...)...); err != nil {
		return nil, err
	}
	d.Log = d.process.log
	err = l.await(ctx, d.process, func() error {
		_, err := d.Status(ctx)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	return d, nil
}

// write puts a configuration, fitted to this lab, where cleatd reads it.
func (d *Director) write(config *conf.Config) error {
	own := d.lab.fit(config, d.Socket)
	return os.WriteFile(d.File, []byte(own.TOML()), 0o644)
}

// Ended is closed when cleatd is no more, for whatever reason.
func (d *Director) Ended() <-chan struct{} { return d.process.done }

// PID of cleatd.
func (d *Director) PID() int { return d.process.cmd.Process.Pid }

// Reload gives cleatd another configuration by SIGHUP and waits until all workers use it. A refusal is an error.
func (d *Director) Reload(ctx context.Context, config *conf.Config) error {
	before, err := d.Status(ctx)
	if err != nil {
		return err
	}
	if err := d.write(config); err != nil {
		return err
	}
	if err := d.process.cmd.Process.Signal(unix.SIGHUP); err != nil {
		return err
	}
	refusal := ""
	err = d.lab.await(ctx, d.process, func() error {
		now, err := d.Status(ctx)
		if err != nil {
			return err
		}
		if refusal = now.ReloadError; refusal == before.ReloadError && now.Generation == before.Generation {
			return errors.New("reload not done")
		}
		return nil
	})
	if err == nil && refusal != "" {
		return fmt.Errorf("%w: %s", ErrRefused, refusal)
	}
	return err
}

// Stop ends cleatd with SIGTERM; it is an error if it does not end in time or not with exit status 0.
func (d *Director) Stop() error { return d.process.stop() }

// Kill ends cleatd with SIGKILL.
func (d *Director) Kill() { d.process.kill() }

// LogTail is the end of cleatd's log.
func (d *Director) LogTail() string { return d.process.tail() }

// Status asks cleatd how it is.
func (d *Director) Status(ctx context.Context) (api.Status, error) {
	var s api.Status
	err := d.decode(ctx, "/v1/status", func(body *json.Decoder) error { return body.Decode(&s) })
	return s, err
}

// Workers asks for the workers' counters.
func (d *Director) Workers(ctx context.Context) ([]api.Worker, error) {
	var w []api.Worker
	err := d.decode(ctx, "/v1/workers", func(body *json.Decoder) error { return body.Decode(&w) })
	return w, err
}

// Templates asks for all templates.
func (d *Director) Templates(ctx context.Context) ([]api.Template, error) {
	return rows[api.Template](ctx, d, "/v1/templates")
}

// Connections asks for all connections.
func (d *Director) Connections(ctx context.Context) ([]api.Connection, error) {
	return rows[api.Connection](ctx, d, "/v1/connections")
}

// rows reads a stream of rows to its end.
func rows[T any](ctx context.Context, d *Director, path string) (all []T, err error) {
	err = d.decode(ctx, path, func(body *json.Decoder) error {
		for {
			var row T
			if err := body.Decode(&row); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			all = append(all, row)
		}
	})
	return all, err
}

// Advance sets cleatd's clock ahead, which must run with --lab-clock, and returns what it shows. Everything that this makes due has
// happened then.
func (d *Director) Advance(ctx context.Context, by time.Duration) (time.Duration, error) {
	body, err := json.Marshal(api.Advance{Seconds: by.Seconds()})
	if err != nil {
		return 0, err
	}
	var clock api.Clock
	err = d.request(ctx, http.MethodPost, "/v1/clock", bytes.NewReader(body), func(answer *json.Decoder) error { return answer.Decode(&clock) })
	return time.Duration(clock.Now * float64(time.Second)), err
}

func (d *Director) decode(ctx context.Context, path string, read func(*json.Decoder) error) error {
	return d.request(ctx, http.MethodGet, path, nil, read)
}

func (d *Director) request(ctx context.Context, method, path string, body io.Reader, read func(*json.Decoder) error) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://cleatd"+path, body)
	if err != nil {
		return err
	}
	answer, err := d.control.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("control API: %s %s: %s", method, path, answer.Status)
	}
	if err := read(json.NewDecoder(answer.Body)); err != nil {
		return fmt.Errorf("control API: %s %s: %w", method, path, err)
	}
	return nil
}
