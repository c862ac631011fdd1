package main

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/exporter-toolkit/web"

	"cleat/conf"
)

// What a client of the metrics listener, whoever can reach it, may take.
const (
	requestTime = 5 * time.Second  // to send its request
	scrapeTime  = 30 * time.Second // to take the answer
	idleTime    = 2 * time.Minute  // to ask again: longer than Prometheus waits between two scrapes
	headerBytes = 64 << 10
)

// exporter serves Prometheus on an address of its own, if the configuration gives one.
type exporter struct {
	http     *http.Server
	listener net.Listener // nil: none
	web      *web.FlagConfig
}

// newExporter claims the address. Requests wait until serve.
func newExporter(c *conf.Metrics, metrics http.Handler) (*exporter, error) {
	mux := http.NewServeMux()
	mux.Handle("/metrics", metrics)
	e := &exporter{
		http: &http.Server{
			Handler: mux, ReadTimeout: requestTime, WriteTimeout: scrapeTime, IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
		},
		web: &web.FlagConfig{WebConfigFile: &c.WebConfigFile},
	}
	if c.Listen == "" {
		return e, nil
	}
	if err := web.Validate(c.WebConfigFile); err != nil {
		return nil, err
	}
	var err error
	e.listener, err = net.Listen("tcp", c.Listen)
	return e, err
}

// serve answers until Close; it then returns nil.
func (e *exporter) serve(log *slog.Logger) error {
	if e.listener == nil {
		return nil
	}
	if err := web.Serve(e.listener, e.http, e.web, log); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close ends all answers and gives the address back.
func (e *exporter) Close() error {
	err := e.http.Close()
	if e.listener != nil {
		if closeErr := e.listener.Close(); !errors.Is(closeErr, net.ErrClosed) {
			err = errors.Join(err, closeErr)
		}
	}
	return err
}
