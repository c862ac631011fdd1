package page

import (
	"io"

	"github.com/HdrHistogram/hdrhistogram-go"

	"cleat/perf/result"
)

// hlog is a file in the text format of HdrHistogram: histograms of nanoseconds, told apart by tags.
type hlog struct {
	name string
	of   []result.Distribution
}

// logs are those of a report: of round trips for every search, of every case of other distributions.
func logs(r *result.Report) (all []hlog) {
	for i := range r.Searches {
		s := &r.Searches[i]
		log := hlog{name: fileName("latency-" + s.Case)}
		for _, l := range s.Latency {
			log.of = append(log.of, result.Distribution{Name: l.Tag, Histogram: l.Histogram})
		}
		if len(log.of) > 0 {
			all = append(all, log)
		}
	}
	of := map[string]int{}
	for _, d := range r.Distributions {
		if _, there := of[d.Case]; !there {
			of[d.Case] = len(all)
			all = append(all, hlog{name: fileName(d.Case)})
		}
		log := &all[of[d.Case]]
		log.of = append(log.of, d)
	}
	return all
}

// write writes the file. All histograms begin with the report: when each was taken, it does not say.
func (l *hlog) write(out io.Writer, host *result.Host) error {
	w := hdrhistogram.NewHistogramLogWriter(out)
	begin := host.Time.UnixMilli()
	for _, head := range []func() error{
		func() error { return w.OutputComment("[nanoseconds]") }, w.OutputLogFormatVersion,
		func() error { return w.OutputStartTime(begin) }, w.OutputLegend,
	} {
		if err := head(); err != nil {
			return err
		}
	}
	for _, d := range l.of {
		h, err := d.Histogram.Decode()
		if err != nil {
			return err
		}
		h.SetTag(fileName(d.Name)) // a comma or a blank would end it
		h.SetStartTimeMs(begin)
		h.SetEndTimeMs(begin)
		if err := w.OutputIntervalHistogram(h); err != nil {
			return err
		}
	}
	return nil
}
