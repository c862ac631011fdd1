package search

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"cleat/perf/result"
	"cleat/perf/trial"
)

// Fractions of the NDR are where latency is measured, the highest first.
var Fractions = []float64{0.9, 0.5, 0.1}

// Latency measures the round trip at fractions of a rate (RFC 2544 26.2, which asks for it at the throughput itself: there queues are as full
// as the last trial's luck had them), in one trial of d each, and writes a histogram of each to log, in the text format of HdrHistogram.
func Latency(ctx context.Context, bench trial.Bench, rate float64, d time.Duration, log io.Writer) ([]result.LatencyPoint, error) {
	w := hdrhistogram.NewHistogramLogWriter(log)
	if err := preamble(w); err != nil {
		return nil, err
	}
	var points []result.LatencyPoint
	for _, fraction := range Fractions {
		begin := time.Now()
		o, err := bench.Run(ctx, rate*fraction, d)
		if err != nil {
			return points, err
		}
		h := o.Latency
		if h == nil || h.TotalCount() == 0 {
			return points, fmt.Errorf("no round trip was measured at %.0f a second: nothing came back, or the traffic carries no time", rate*fraction)
		}
		p := point(h)
		p.Fraction, p.Load, p.Duration, p.Lost, p.Tag = fraction, rate*fraction, d, o.Lost, fmt.Sprintf("%g%%", fraction*100)
		if p.Histogram, err = result.NewHistogram(h); err != nil {
			return points, err
		}
		points = append(points, p)
		h.SetTag(p.Tag)
		h.SetStartTimeMs(begin.UnixMilli())
		h.SetEndTimeMs(begin.Add(o.Duration).UnixMilli())
		if err := w.OutputIntervalHistogram(h); err != nil {
			return points, err
		}
	}
	return points, nil
}

func preamble(w *hdrhistogram.HistogramLogWriter) error {
	if err := w.OutputComment("[round trips in nanoseconds; tags are fractions of the NDR]"); err != nil {
		return err
	}
	if err := w.OutputLogFormatVersion(); err != nil {
		return err
	}
	if err := w.OutputStartTime(time.Now().UnixMilli()); err != nil {
		return err
	}
	return w.OutputLegend()
}

// point reads the percentiles off a histogram.
func point(h *hdrhistogram.Histogram) result.LatencyPoint {
	return result.LatencyPoint{
		Count: h.TotalCount(), Min: h.Min(), Max: h.Max(),
		P50: h.ValueAtQuantile(50), P90: h.ValueAtQuantile(90), P99: h.ValueAtQuantile(99), P999: h.ValueAtQuantile(99.9),
	}
}
