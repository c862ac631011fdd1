package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cleat/appliance/api"
)

// problem is an error with the status it gives.
type problem struct {
	status int
	title  string
	detail []string
	errno  string
}

func (p *problem) Error() string { return p.title + " " + strings.Join(p.detail, "; ") }

// problemOf says how an error of a handler is answered.
func problemOf(ctx context.Context, err error) *problem {
	if errors.Is(context.Cause(ctx), errClosing) {
		return &problem{status: http.StatusServiceUnavailable, title: errClosing.Error()}
	}
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if p, ok := errors.AsType[*api.Problem](err); ok {
		status := http.StatusBadRequest
		if p.Errno != "" { // it is well said, but cannot be done
			status = http.StatusConflict
		}
		return &problem{status, p.Title, p.Detail, p.Errno}
	}
	if r, ok := errors.AsType[*Refused](err); ok {
		return &problem{status: http.StatusUnprocessableEntity, title: "reload refused, nothing has changed", detail: r.Lines}
	}
	if errors.Is(err, ErrRealClock) {
		return &problem{status: http.StatusNotFound, title: err.Error()}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &problem{status: http.StatusServiceUnavailable, title: "cleatd is too busy to answer, try again"}
	}
	return &problem{status: http.StatusInternalServerError, title: err.Error()}
}

// answer is a ResponseWriter that knows whether anything was sent, and gives up on a client that does not read.
type answer struct {
	http.ResponseWriter
	control *http.ResponseController
	sent    bool
}

func newAnswer(w http.ResponseWriter) *answer {
	return &answer{ResponseWriter: w, control: http.NewResponseController(w)}
}

func (w *answer) WriteHeader(status int) {
	w.sent = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *answer) Write(b []byte) (int, error) {
	w.sent = true
	if err := w.control.SetWriteDeadline(time.Now().Add(stallTime)); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}

func (w *answer) json(contentType string, status int, v any) error {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	return encoder(w).Encode(v)
}

// encoder writes for programs and terminals, not for web pages: & and < stay as they are.
func encoder(w interface{ Write([]byte) (int, error) }) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

// single answers with one object.
func single[T any](within time.Duration, ask func(context.Context) (T, error)) handler {
	return func(w *answer, r *http.Request, query url.Values) error {
		if wrong := api.UnknownKeys(query, nil); len(wrong) > 0 {
			return &problem{status: http.StatusBadRequest, title: "bad query", detail: wrong}
		}
		ctx, cancel := context.WithTimeout(r.Context(), within)
		defer cancel()
		v, err := ask(ctx)
		if err != nil {
			return err
		}
		return w.json("application/json", http.StatusOK, v)
	}
}

// posted answers a JSON object with another one. Unknown fields are refused: a word with a slip in it would mean nothing.
func posted[B, T any](within time.Duration, do func(context.Context, B) (T, error)) handler {
	return func(w *answer, r *http.Request, query url.Values) error {
		var body B
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyBytes))
		d.DisallowUnknownFields()
		err := d.Decode(&body)
		switch {
		case errors.Is(err, io.EOF):
			err = errors.New("there is none")
		case err == nil && d.More():
			err = errors.New("there is more behind the object")
		}
		if err != nil {
			return &problem{status: http.StatusBadRequest, title: "bad body", detail: []string{err.Error()}}
		}
		return single(within, func(ctx context.Context) (T, error) { return do(ctx, body) })(w, r, query)
	}
}

// advance checks what POST /v1/clock says.
func advance(source Source) func(context.Context, api.Advance) (api.Clock, error) {
	return func(ctx context.Context, a api.Advance) (api.Clock, error) {
		if !(a.Seconds >= 0 && a.Seconds <= api.MaxAdvance) {
			return api.Clock{}, &api.Problem{Title: "bad body", Detail: []string{
				fmt.Sprintf("advance_seconds: %v is not between 0 and %d", a.Seconds, api.MaxAdvance),
			}}
		}
		return source.Advance(ctx, time.Duration(a.Seconds*float64(time.Second)))
	}
}

// list answers with an array, [] if there is nothing.
func list[T any](ask func(context.Context) ([]T, error)) handler {
	return single(answerTime, func(ctx context.Context) ([]T, error) {
		rows, err := ask(ctx)
		if rows == nil {
			rows = []T{}
		}
		return rows, err
	})
}

// served answers with what another handler says.
func served(h http.Handler) handler {
	return func(w *answer, r *http.Request, _ url.Values) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

const (
	flushRows   = 256      // rows between two flushes
	streamBytes = 64 << 10 // that a stream holds back at most
)

// errEnough ends a stream that has as many rows as were asked for.
var errEnough = errors.New("limit reached")

// stream answers with one line of JSON a row, as the rows come.
func stream[T any](ask func(context.Context, api.Filter, func(T) error) error) handler {
	return func(w *answer, r *http.Request, query url.Values) error {
		filter, err := api.ParseFilter(query)
		if err != nil {
			return err
		}
		rows := bufio.NewWriterSize(w, streamBytes)
		line := encoder(rows)
		w.Header().Set("Content-Type", "application/x-ndjson")
		var n uint64
		var one T // at one place for all rows, which come by the million: the encoder wants it on the heap
		err = ask(r.Context(), filter, func(row T) error {
			one = row
			if err := line.Encode(&one); err != nil {
				return err
			}
			n++
			if n == filter.Limit {
				return errEnough
			}
			if n%flushRows == 0 {
				return flush(w, rows)
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			if w.sent {
				line.Encode(api.StreamError{Error: problemOf(r.Context(), err).title})
				flush(w, rows)
			}
			return err
		}
		return flush(w, rows)
	}
}

func flush(w *answer, rows *bufio.Writer) error {
	if err := rows.Flush(); err != nil {
		return err
	}
	return w.control.Flush()
}
