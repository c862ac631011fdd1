// Package compare tells whether one report is worse than another, or whether the difference is what repetitions differ by anyway.
package compare

import (
	"fmt"
	"math"
	"slices"
	"time"

	"cleat/perf/result"
)

// Options say what counts.
type Options struct {
	// Threshold is the least relative change of a median that is called better or worse: 0.05 is 5 %.
	Threshold float64
	// Across compares what two machines, or two days, have in common: costs as multiples of the floor beside which they were measured,
	// counts, shares. Without it times are compared, which only two runs on one machine within an hour allow.
	Across bool
}

// Change is one thing measured in both reports.
type Change struct {
	Case string `json:"case"`
	What string `json:"what"`
	Unit string `json:"unit"`
	// Old and New are the medians, Delta the relative change from one to the other.
	Old   float64 `json:"old"`
	New   float64 `json:"new"`
	Delta float64 `json:"delta"`
	// P is the probability that repetitions of one and the same thing differ so much (Mann-Whitney U test, two-sided); of counts,
	// which do not scatter, 0 if they differ.
	P       float64 `json:"p"`
	OldN    int     `json:"old_n"`
	NewN    int     `json:"new_n"`
	Verdict Verdict `json:"verdict"`
}

// Verdict is what a Change comes to.
type Verdict string

// The verdicts. Unsure: it changed by the threshold and more, but so few repetitions cannot show it.
const (
	Same   Verdict = "same"
	Better Verdict = "better"
	Worse  Verdict = "worse"
	Unsure Verdict = "unsure: too few repetitions"
)

// alpha is the probability with which chance alone may make a difference.
const alpha = 0.05

// near is how far apart two runs may be for their times to be compared: the machine's other guests come and go.
const near = time.Hour

// Reports compares what both have, in the order of old; missing are the cases that only one of them has.
func Reports(old, new *result.Report, o Options) (changes []Change, missing []string, err error) {
	if !o.Across {
		if err := sameHour(&old.Host, &new.Host); err != nil {
			return nil, nil, err
		}
	}
	before, after := subjects(old, o.Across), subjects(new, o.Across)
	for i := range before {
		if at := slices.IndexFunc(after, before[i].is); at >= 0 {
			changes = append(changes, before[i].change(&after[at], o.Threshold))
		} else {
			missing = append(missing, before[i].Case)
		}
	}
	for i := range after {
		if !slices.ContainsFunc(before, after[i].is) {
			missing = append(missing, after[i].Case)
		}
	}
	if len(changes) == 0 {
		return nil, nil, fmt.Errorf("the reports have nothing in common that can be compared%s",
			map[bool]string{true: " across machines (times cannot; multiples of a floor, counts and shares can)"}[o.Across])
	}
	return changes, missing, nil
}

// sameHour says why times of two hosts cannot be compared.
func sameHour(a, b *result.Host) error {
	const instead = "--across compares multiples of the floor, counts and shares alone"
	if a.Name != b.Name || a.CPU != b.CPU || a.CPUs != b.CPUs || a.Kernel != b.Kernel {
		return fmt.Errorf("times of different machines cannot be compared (%s, %s, Linux %s; %s, %s, Linux %s): %s",
			a.Name, a.CPU, a.Kernel, b.Name, b.CPU, b.Kernel, instead)
	}
	if a.Hugepages != b.Hugepages {
		return fmt.Errorf("times with and without hugepages cannot be compared: %s", instead)
	}
	if apart := b.Time.Sub(a.Time).Abs(); apart > near {
		return fmt.Errorf("times measured %v apart cannot be compared, as the machine has other things to do at another hour: measure both again, or %s",
			apart.Round(time.Minute), instead)
	}
	return nil
}

// Fails reports whether anything became worse.
func Fails(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Verdict == Worse })
}

// subject is one thing measured.
type subject struct {
	Case, What, Unit string
	values           result.Series
	more             bool // greater is better
}

func (s *subject) is(other subject) bool { return s.Case == other.Case && s.What == other.What }

// counted reports whether the values are counts of what a program does: the same every time, but for a few.
func (s *subject) counted() bool { return s.Unit == result.Instructions }

// subjects are what a report has to compare.
func subjects(r *result.Report, across bool) (all []subject) {
	for i := range r.Rows {
		row := &r.Rows[i]
		switch {
		case len(row.Path) == 0 && !across:
			all = append(all, subject{row.Case, "floor", "ns", row.Floor, false})
		case len(row.Path) == 0:
		case across:
			all = append(all, subject{row.Case, "own cost by floor", "×", multiples(row), false})
		default:
			all = append(all, subject{row.Case, "own cost", "ns", row.Own(), false})
		}
	}
	for _, f := range r.Figures {
		if !across || portable[f.Unit] {
			all = append(all, subject{f.Case, f.What, f.Unit, f.Values, f.More})
		}
	}
	return all
}

// portable are the units of figures that mean the same on every machine.
var portable = map[string]bool{result.Instructions: true, "%": true, "×": true, "B": true}

// multiples are the own costs as multiples of the floor of their pair.
func multiples(row *result.Row) result.Series {
	own := row.Own()
	for i := range own {
		own[i] /= row.Floor[i]
	}
	return own
}

func (s *subject) change(after *subject, threshold float64) Change {
	c := Change{
		Case: s.Case, What: s.What, Unit: s.Unit, OldN: len(s.values), NewN: len(after.values),
		Old: s.values.Median(), New: after.values.Median(), Verdict: Same,
	}
	switch {
	case c.Old != 0:
		c.Delta = (c.New - c.Old) / math.Abs(c.Old)
	case c.New != 0:
		c.Delta = math.Copysign(1, c.New) // from nothing to something is a change in full
	}
	least := 0.0
	if s.counted() {
		c.P = map[bool]float64{true: 1}[c.Old == c.New]
	} else {
		c.P, least = chance(s.values, after.values), leastChance(c.OldN, c.NewN)
	}
	switch {
	case math.Abs(c.Delta) < threshold:
	case c.P <= alpha && c.Delta > 0 == s.more:
		c.Verdict = Better
	case c.P <= alpha:
		c.Verdict = Worse
	case least > alpha:
		c.Verdict = Unsure
	}
	return c
}
