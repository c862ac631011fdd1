package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"slices"
	"time"

	"cleat/appliance/api"
)

const (
	maxConns     = 64
	requestTime  = 10 * time.Second // for a client to send its request
	answerTime   = 10 * time.Second // for the Source to answer, but for streams
	reloadTime   = time.Minute      // for the Source to reload
	stallTime    = 10 * time.Minute // for a client to take what is written: somebody may read a stream page by page
	idleTime     = 30 * time.Second // for a client to ask again
	shutdownTime = 2 * time.Second  // for answers under way when the server closes
	headerBytes  = 64 << 10         // of a request
	bodyBytes    = 64 << 10         // of a request that takes one
)

// errClosing is why answers under way end when the server closes.
var errClosing = errors.New("cleatd is stopping")

// Server answers on one Unix socket.
type Server struct {
	http     *http.Server
	listener net.Listener
	log      *slog.Logger
	routes   map[string]route
	stop     context.CancelCauseFunc // of the context that every request's comes from
}

// route is an endpoint: the method it takes, and what answers.
type route struct {
	method string
	handle handler
	body   bool   // it takes one
	also   *route // of another method
}

// handler answers a request. Its error becomes the answer if nothing has been sent yet.
type handler func(w *answer, r *http.Request, query url.Values) error

// New makes the socket, so that what is wrong with it is known before anything else starts. socket is an absolute path; group
// (name or number) may use the socket beside root, "": root only. Requests wait until Serve is called.
func New(socket, group string, source Source, metrics http.Handler, log *slog.Logger) (*Server, error) {
	l, err := listen(socket, group)
	if err != nil {
		return nil, err
	}
	requests, stop := context.WithCancelCause(context.Background())
	s := &Server{listener: limit(l, maxConns), log: log, stop: stop}
	s.routes = map[string]route{
		"/v1/status":      {method: "GET", handle: single(answerTime, source.Status)},
		"/v1/services":    {method: "GET", handle: list(source.Services)},
		"/v1/workers":     {method: "GET", handle: list(source.Workers)},
		"/v1/ports":       {method: "GET", handle: list(source.Ports)},
		"/v1/neighbors":   {method: "GET", handle: list(source.Neighbors)},
		"/v1/heavy":       {method: "GET", handle: atMost(source.Heavy)},
		"/v1/templates":   {method: "GET", handle: stream(source.Templates)},
		"/v1/connections": {method: "GET", handle: stream(source.Connections)},
		"/v1/ipvs":        {method: "GET", handle: single(answerTime, source.IPVS), also: &route{method: "POST", handle: posted(answerTime, command(source)), body: true}},
		"/v1/marks":       {method: "GET", handle: single(answerTime, source.Marks), also: &route{method: "POST", handle: posted(answerTime, mark(source)), body: true}},
		"/v1/sysctl":      {method: "GET", handle: list(source.Sysctls)},
		"/v1/sysctl/NAME": {method: "PUT", handle: setSysctl(source), body: true},
		"/v1/config":      {method: "GET", handle: flagged(answerTime, "running", source.Config)},
		"/v1/reload":      {method: "POST", handle: flagged(reloadTime, "replace", source.Reload)},
		"/v1/clock":       {method: "POST", handle: posted(answerTime, advance(source)), body: true},
		"/metrics":        {method: "GET", handle: served(metrics)},
	}
	s.http = &http.Server{
		Handler:        http.HandlerFunc(s.serve),
		BaseContext:    func(net.Listener) context.Context { return requests },
		ReadTimeout:    requestTime,
		IdleTimeout:    idleTime,
		MaxHeaderBytes: headerBytes,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// Serve answers until Close is called; it then returns nil.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

// Close ends answers under way, waits for their clients to take the last of it, but not for long, and removes
// the socket.
func (s *Server) Close() error {
	s.stop(errClosing)
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	if closeErr := s.listener.Close(); !errors.Is(closeErr, net.ErrClosed) { // it is open if Serve was never called
		err = errors.Join(err, closeErr)
	}
	return err
}

// serve is the way of a request: find its endpoint, answer, and turn what went wrong into an answer too.
func (s *Server) serve(rw http.ResponseWriter, r *http.Request) {
	w := newAnswer(rw)
	defer s.survive(w, r)
	// The request is read. Without this, the deadline for reading it would end the context of a long answer.
	if err := w.control.SetReadDeadline(time.Time{}); err != nil {
		s.log.Debug("control: clear the read deadline", "error", err)
	}
	if err := s.route(w, r); err != nil {
		s.fail(w, r, err)
	}
}

func (s *Server) route(w *answer, r *http.Request) error {
	to, ok := s.routes[r.URL.Path]
	if !ok {
		folder, _ := path.Split(r.URL.Path)
		to, ok = s.routes[folder+"NAME"]
	}
	if !ok {
		return &problem{status: http.StatusNotFound, title: fmt.Sprintf("no endpoint %q, there are", r.URL.Path), detail: s.endpoints()}
	}
	methods := to.method
	if to.also != nil {
		methods += ", " + to.also.method
		if r.Method == to.also.method {
			to = *to.also
		}
	}
	if r.Method != to.method {
		w.Header().Set("Allow", methods)
		return &problem{status: http.StatusMethodNotAllowed, title: fmt.Sprintf("%s takes %s, not %s", r.URL.Path, methods, r.Method)}
	}
	if r.ContentLength != 0 && !to.body {
		w.Header().Set("Connection", "close") // rather than read what nobody wants
		return &problem{status: http.StatusBadRequest, title: r.URL.Path + " takes no body"}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &problem{status: http.StatusBadRequest, title: "bad query", detail: []string{err.Error()}}
	}
	return to.handle(w, r, query)
}

// endpoints returns every method and path, sorted by path.
func (s *Server) endpoints() []string {
	var lines []string
	for _, endpoint := range slices.Sorted(maps.Keys(s.routes)) {
		to := s.routes[endpoint]
		lines = append(lines, to.method+" "+endpoint)
		if to.also != nil {
			lines = append(lines, to.also.method+" "+endpoint)
		}
	}
	return lines
}

// fail answers with the error, or only logs it if the status is already on its way. A client that has gone away is
// neither told nor worth a line.
func (s *Server) fail(w *answer, r *http.Request, err error) {
	if errors.Is(context.Cause(r.Context()), context.Canceled) {
		return
	}
	p := problemOf(r.Context(), err)
	if p.status >= http.StatusInternalServerError {
		s.log.Warn("control: request failed", "path", r.URL.Path, "error", err)
	}
	if !w.sent {
		w.json("application/problem+json", p.status, api.Problem{Title: p.title, Detail: p.detail, Errno: p.errno})
	}
}

// survive turns a panic of a handler into an answer and a log line; where the answer has begun it is cut off, so that
// the client sees that it is not whole.
func (s *Server) survive(w *answer, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	s.log.Error("control: panic", "path", r.URL.Path, "panic", cause, "stack", string(debug.Stack()))
	if w.sent {
		panic(http.ErrAbortHandler)
	}
	w.json("application/problem+json", http.StatusInternalServerError,
		api.Problem{Title: "internal error; cleatd's log says more"})
}
