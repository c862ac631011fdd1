package page

import (
	"fmt"
	"strings"

	"cleat/perf/result"
)

// latencies are plots of percentiles: one for every search that measured round trips, one for every case of other distributions.
func latencies(r *result.Report) (all []plot) {
	for i := range r.Searches {
		s := &r.Searches[i]
		p := percentiles("latency-"+s.Case, "Round trips, "+s.Case, "At fractions of the highest load without loss (NDR).")
		for _, l := range s.Latency {
			p.add(fmt.Sprintf("%g %% of NDR, %s %s", 100*l.Fraction, short(l.Load), s.Unit), l.Histogram)
		}
		all = append(all, p)
	}
	of := map[string]int{}
	for _, d := range r.Distributions {
		if _, there := of[d.Case]; !there {
			of[d.Case] = len(all)
			all = append(all, percentiles(d.Case, "Distribution, "+d.Case, ""))
		}
		all[of[d.Case]].add(d.Name, d.Histogram)
	}
	return all
}

func percentiles(name, title, caption string) plot {
	return plot{
		Name: fileName(name), Title: title,
		X: axis{Label: "percentile, %", Log: true, Mark: percentile}, Y: axis{Label: "µs", Log: true},
		Caption: strings.TrimSpace(caption + " Right of 99 % is one in a hundred, right of 99.9 % one in a thousand. The curve ends at the longest one measured."),
	}
}

// add draws a histogram of nanoseconds. One that cannot be read, or has nothing in it, is left out.
func (p *plot) add(name string, text result.Histogram) {
	h, err := text.Decode()
	if err != nil || h.TotalCount() == 0 {
		return
	}
	l := line{Name: name}
	for _, b := range h.CumulativeDistributionWithTicks(5) {
		x := float64(h.TotalCount()) // of the longest one: its share is one of all
		if b.Quantile < 100 {
			x = min(x, 1/(1-b.Quantile/100))
		}
		l.Points = append(l.Points, point{X: x, Y: max(float64(b.ValueAt), 1) / 1000})
	}
	p.Lines = append(p.Lines, l)
}

// fileName leaves of a case's name what is a file's name everywhere.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, name)
}
