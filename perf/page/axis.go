package page

import (
	"fmt"
	"math"
	"strconv"
)

// axis says what is on a side of a plot.
type axis struct {
	Label string
	Log   bool
	Whole bool // there is nothing between two whole numbers
	// Mark writes a value at the axis; nil: as short.
	Mark func(float64) string
}

// scale puts the values from low to high on a length of paper.
type scale struct {
	axis
	low, high  float64
	start, end float64 // on paper; end may be less than start
	step       float64 // from mark to mark, where they are even
}

// span makes a scale whose ends are whole: from 0 on, or in powers of ten.
func (a axis) span(least, greatest, start, end float64) scale {
	s := scale{axis: a, start: start, end: end}
	if a.Log {
		s.low, s.high = math.Pow(10, math.Floor(math.Log10(least))), math.Pow(10, math.Ceil(math.Log10(greatest)))
		if s.low == s.high {
			s.high *= 10
		}
		return s
	}
	s.step = stepOf(greatest)
	if a.Whole {
		s.step = max(1, s.step)
	}
	s.high = max(s.step, s.step*math.Ceil(greatest/s.step))
	s.low = min(0, s.step*math.Floor(least/s.step))
	return s
}

// stepOf is 1, 2 or 5 times a power of ten, so that about five of it make greatest.
func stepOf(greatest float64) float64 {
	if greatest <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(greatest/5)))
	for _, times := range []float64{1, 2, 5} {
		if times*power*5 >= greatest {
			return times * power
		}
	}
	return 10 * power
}

// at is the place of v on paper.
func (s *scale) at(v float64) float64 {
	part := (v - s.low) / (s.high - s.low)
	if s.Log {
		part = math.Log10(v/s.low) / math.Log10(s.high/s.low)
	}
	return s.start + part*(s.end-s.start)
}

// marks are the values with a mark at the axis.
func (s *scale) marks() (all []float64) {
	if s.Log {
		for v := s.low; v < s.high*1.5; v *= 10 {
			all = append(all, v)
		}
		return all
	}
	for n := math.Round(s.low / s.step); n*s.step < s.high+s.step/2; n++ {
		all = append(all, n*s.step)
	}
	return all
}

func (s *scale) mark(v float64) string {
	if s.Mark != nil {
		return s.Mark(v)
	}
	return short(v)
}

// short writes 1500 as 1.5k.
func short(v float64) string {
	for _, unit := range []struct {
		of   float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= unit.of {
			return strconv.FormatFloat(v/unit.of, 'g', 4, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// percentile writes 1/(1-p) as p in percent: 100 is 99.
func percentile(v float64) string { return fmt.Sprintf("%.6g", 100*(1-1/v)) }
