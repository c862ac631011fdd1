package search

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"cleat/perf/result"
	"cleat/perf/trial"
)

func TestLatency(t *testing.T) {
	v := hard(1e6)
	var log bytes.Buffer
	points, err := Latency(t.Context(), v, 1e6, 2*time.Second, &log)
	if err != nil || !slices.Equal(v.asked, []float64{900000, 500000, 100000}) {
		t.Fatalf("asked for %v: %v", v.asked, err)
	}
	want := result.LatencyPoint{
		Fraction: 0.5, Load: 500000, Duration: 2 * time.Second, Count: 1000, Min: 1, P50: 500, P90: 900, P99: 990, P999: 999, Max: 1000, Tag: "50%",
	}
	if len(points) == 3 {
		h, err := points[1].Histogram.Decode()
		if err != nil || h.TotalCount() != want.Count || h.Max() != want.Max {
			t.Errorf("the histogram kept: %v, %+v", err, h)
		}
		want.Histogram = points[1].Histogram
	}
	if len(points) != 3 || points[1] != want {
		t.Errorf("%+v, want the second one to be %+v", points, want)
	}
	r := hdrhistogram.NewHistogramLogReader(&log)
	for _, p := range points {
		h, err := r.NextIntervalHistogram()
		if err != nil || h.Tag() != p.Tag || h.TotalCount() != p.Count || h.ValueAtQuantile(99) != p.P99 {
			t.Errorf("%v: %+v, want %+v", err, h, p)
		}
	}
}

// mute answers nothing.
type mute struct{ latency *hdrhistogram.Histogram }

func (m mute) Run(context.Context, float64, time.Duration) (trial.Outcome, error) {
	return trial.Outcome{Duration: time.Second, Sent: 10, Lost: 10, Latency: m.latency}, nil
}

// full fails to write.
type full struct{ room int }

var errFull = errors.New("full")

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestLatencyFails(t *testing.T) {
	for _, m := range []mute{{nil}, {hdrhistogram.New(1, 1000, 1)}} {
		if _, err := Latency(t.Context(), m, 1e6, time.Second, &bytes.Buffer{}); err == nil || !strings.HasPrefix(err.Error(), "no round trip was measured at 900000 a second") {
			t.Errorf("%v", err)
		}
	}
	var log bytes.Buffer
	if _, err := Latency(t.Context(), hard(1e6), 1e6, time.Second, &log); err != nil {
		t.Fatal(err)
	}
	for room := 0; room < log.Len(); room += 29 {
		if _, err := Latency(t.Context(), hard(1e6), 1e6, time.Second, &full{room}); !errors.Is(err, errFull) {
			t.Fatalf("room for %d bytes: %v", room, err)
		}
	}
}

func TestSoak(t *testing.T) {
	var heard []result.Trial
	s, err := Soak(t.Context(), hard(1e6), 9e5, 150*time.Second, time.Minute, 0.005, func(tr *result.Trial) { heard = append(heard, *tr) })
	if err != nil || !s.Passed() || s.Load != 9e5 || len(s.Trials) != 3 || s.Trials[2].Duration != 30*time.Second || !slices.Equal(heard, s.Trials) {
		t.Errorf("%v: %+v", err, s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	v := hard(1e6)
	v.cancel, v.last = cancel, 3
	if s, err = Soak(ctx, v, 2e6, time.Hour, time.Minute, 0.005, func(*result.Trial) {}); !errors.Is(err, errEnded) || len(s.Trials) != 2 || s.Passed() {
		t.Errorf("%v: %+v", err, s)
	}
}
