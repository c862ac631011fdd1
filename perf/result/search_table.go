package result

import (
	"fmt"
	"io"
	"time"
)

// SearchTable writes searches and soaks for people.
func (r *Report) SearchTable(w io.Writer) error {
	if _, err := fmt.Fprintln(w, &r.Host); err != nil {
		return err
	}
	for i := range r.Searches {
		if err := r.Searches[i].table(w); err != nil {
			return err
		}
	}
	for i := range r.Soaks {
		if _, err := fmt.Fprintln(w, &r.Soaks[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Search) table(w io.Writer) error {
	var rows [][]string
	if len(s.MRR) != 0 {
		rows = append(rows, []string{"MRR", "", "", "", grouped(s.MRR.Median()), ""})
	}
	for i := range s.Goals {
		g := &s.Goals[i]
		rows = append(rows, []string{g.Name, fmt.Sprintf("%g %%", g.LossRatio*100), grouped(g.Lower), grouped(g.Upper), grouped(g.Throughput), g.limit()})
	}
	title := fmt.Sprintf("%s: %s, %d trials, %v of traffic", s.Case, s.Unit, len(s.Trials), lasted(s.Trials).Round(time.Millisecond))
	if s.Offered != 0 {
		title += "; the generator can offer " + grouped(s.Offered)
	}
	_, err := fmt.Fprintf(w, "%s\n%s\n", title,
		rendered([]string{"goal", "loss allowed", "lower bound", "upper bound", "throughput", "what limits it"}, rows))
	if err != nil || len(s.Latency) == 0 {
		return err
	}
	rows = nil
	for i := range s.Latency {
		p := &s.Latency[i]
		rows = append(rows, []string{
			p.Tag + " of NDR", grouped(p.Load), fmt.Sprint(p.Lost), micros(p.P50), micros(p.P90), micros(p.P99), micros(p.P999), micros(p.Max),
		})
	}
	_, err = fmt.Fprintln(w, rendered([]string{"round trip at", "load", "lost", "µs p50", "p90", "p99", "p99.9", "max"}, rows))
	return err
}

// lasted is how long trials took together.
func lasted(trials []Trial) (took time.Duration) {
	for i := range trials {
		took += trials[i].Duration
	}
	return took
}

// limit says what stood in the way of more.
func (g *Goal) limit() string {
	switch g.Limit {
	case LimitGenerator:
		return "generator: the device may do more"
	case LimitMax:
		return "nothing: no more was tried"
	case LimitMin:
		return "the least is too much already"
	case LimitStopped:
		return "stopped before its end"
	}
	return g.Limit
}

// String says what the soak came to.
func (s *Soak) String() string {
	lost, violations, short := s.Totals()
	verdict := "failed"
	if s.Passed() {
		verdict = "passed"
	}
	text := fmt.Sprintf("soak %s: %s: %s %s for %v: %d lost, %d affinity violations", verdict, s.Case, grouped(s.Load), s.Unit, lasted(s.Trials), lost, violations)
	if short != 0 {
		text += fmt.Sprintf("; in %d of %d trials the generator did not manage the load", short, len(s.Trials))
	}
	if s.PollGap != 0 {
		text += fmt.Sprintf("; longest poll gap %v", s.PollGap)
	}
	return text
}

// grouped is a number of at least one, without a fraction, its digits in groups of three; "" for less.
func grouped(x float64) string {
	if x < 1 {
		return ""
	}
	digits := fmt.Sprintf("%.0f", x)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}

func micros(ns int64) string { return fmt.Sprintf("%.1f", float64(ns)/1000) }
