package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/prometheus/exporter-toolkit/web"

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

// appliance starts everything in order, reloads on every hangup until ctx ends, and stops everything in the opposite order.
func appliance(ctx context.Context, c *conf.Config, path string, log *slog.Logger, level *slog.LevelVar, hangup <-chan os.Signal) error {
	tune()
	d, err := director.Open(c, log)
	if err != nil {
		return err
	}
	defer d.Close()
	loop, err := manage.New(d, c, path, version, log, level)
	if err != nil {
		return &director.Failure{Status: director.ExitConfig, Doing: path, Err: err}
	}
	metrics := stat.Handler(loop)
	socket, err := control.New(c.Control.Socket, c.Control.Group, loop, metrics, log)
	if err != nil {
		return &director.Failure{Status: director.ExitSocket, Doing: "control socket", Err: err}
	}
	defer socket.Close()
	if err := d.Start(c, loop.Tables()); err != nil {
		return err
	}
	var all sync.WaitGroup
	defer all.Wait()
	loopCtx, end := context.WithCancel(context.Background())
	defer end()
	all.Go(func() { loop.Run(loopCtx) })
	failed := make(chan error, 2)
	all.Go(func() { failed <- socket.Serve() })
	defer socket.Close()
	exporter, err := listenMetrics(&c.Metrics, metrics, log, failed)
	if err != nil {
		return &director.Failure{Status: director.ExitSocket, Doing: "metrics", Err: err}
	}
	defer exporter.Close()
	log.Info("cleatd forwards", "version", version, "config", path, "workers", len(d.Workers), "services", len(c.Services), "socket", c.Control.Socket)
	notify(log, daemon.SdNotifyReady)
	err = wait(ctx, loop, log, hangup, failed)
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
			return err
		case <-hangup:
			notify(log, daemon.SdNotifyReloading)
			_, err := loop.Reload(ctx) // the loop logs what came of it
			var refused *control.Refused
			if err != nil && !errors.As(err, &refused) && ctx.Err() == nil {
				return err
			}
			notify(log, daemon.SdNotifyReady)
		}
	}
}

// listenMetrics serves Prometheus where the configuration says, if it does.
func listenMetrics(c *conf.Metrics, metrics http.Handler, log *slog.Logger, failed chan<- error) (io.Closer, error) {
	mux := http.NewServeMux()
	mux.Handle("/metrics", metrics)
	server := &http.Server{
		Handler: mux, ReadTimeout: requestTime, WriteTimeout: scrapeTime, IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
	}
	if c.Listen == "" {
		return server, nil
	}
	if err := web.Validate(c.WebConfigFile); err != nil {
		return nil, err
	}
	l, err := listen(c.Listen)
	if err != nil {
		return nil, err
	}
	go func() {
		if err := web.Serve(l, server, &web.FlagConfig{WebConfigFile: &c.WebConfigFile}, log); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return server, nil
}
