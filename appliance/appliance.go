package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/coreos/go-systemd/v22/daemon"

	"cleat/appliance/clock"
	"cleat/appliance/control"
	"cleat/appliance/director"
	"cleat/appliance/manage"
	"cleat/appliance/stat"
	"cleat/conf"
)

// newLogger logs as c says; level can be changed by a reload.
func newLogger(c *conf.Log, level *slog.LevelVar, w io.Writer) *slog.Logger {
	manage.SetLevel(level, c)
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// appliance starts everything in order, reloads on every hangup until ctx ends, and stops everything in the opposite order. Its addresses
// are claimed first: a second cleatd touches nothing of the first one's.
func appliance(ctx context.Context, c *conf.Config, clock *clock.Clock, path string, log *slog.Logger, level *slog.LevelVar, hangup <-chan os.Signal) error {
	if clock.Lab {
		log.Warn("--lab-clock: whoever may use the control socket can set this cleatd's clock ahead, and end every connection so; not for production")
	}
	source := &struct{ *manage.Loop }{} // the loop comes later; nobody is answered before
	metrics := stat.Handler(source)
	socket, err := control.New(c.Control.Socket, c.Control.Group, source, metrics, log)
	if err != nil {
		return &director.Failure{Status: director.ExitSocket, Doing: "API", Err: err}
	}
	defer socket.Close()
	exporter, err := newExporter(&c.Metrics, metrics)
	if err != nil {
		return &director.Failure{Status: director.ExitSocket, Doing: "metrics", Err: err}
	}
	defer exporter.Close()
	d, err := director.Open(c, clock, log)
	if err != nil {
		return err
	}
	defer d.Close()
	if source.Loop, err = manage.New(d, c, path, version, log, level); err != nil {
		return &director.Failure{Status: director.ExitConfig, Doing: path, Err: err}
	}
	if err := d.Start(c, source.Tables()); err != nil {
		return err
	}
	collectSeldom()
	var all sync.WaitGroup
	defer all.Wait()
	loopCtx, end := context.WithCancel(context.Background())
	defer end()
	all.Go(func() { source.Run(loopCtx) })
	all.Go(func() { source.FollowLinks(loopCtx) })
	failed := make(chan error, 2)
	all.Go(func() { failed <- socket.Serve() })
	all.Go(func() { failed <- exporter.serve(log) })
	defer socket.Close() // before the loop ends, which answers
	defer exporter.Close()
	log.Info("cleatd forwards", "version", version, "config", path, "workers", len(d.Workers), "services", len(c.Services), "socket", c.Control.Socket)
	notify(log, daemon.SdNotifyReady)
	err = wait(ctx, source.Loop, log, hangup, failed)
	notify(log, daemon.SdNotifyStopping)
	return err
}

// wait reloads on SIGHUP until ctx ends or a listener fails.
func wait(ctx context.Context, loop *manage.Loop, log *slog.Logger, hangup <-chan os.Signal, failed <-chan error) error {
	for {
		select {
		case <-ctx.Done():
			log.Info("cleatd stops")
			return nil
		case err := <-failed:
			if err != nil { // a listener that is closed, or was never wanted, has not failed
				return err
			}
		case <-hangup:
			notify(log, daemon.SdNotifyReloading)
			_, err := loop.Reload(ctx, false) // the loop logs what came of it
			var refused *control.Refused
			if err != nil && !errors.As(err, &refused) && ctx.Err() == nil {
				return err
			}
			notify(log, daemon.SdNotifyReady)
		}
	}
}
