package main

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"cleat/appliance/api"
)

// clock writes seconds as ipvsadm does: mm:ss, whole seconds, minutes beyond 59 (persistence.md P11.1).
func clock(seconds float64) string {
	s := uint64(min(max(seconds, 0), math.MaxInt32))
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

// span writes seconds as a duration, in steps that fit the unit: "1h2m3s", "12.5µs".
func span(seconds float64, step time.Duration) string {
	ns := min(max(seconds*1e9, math.MinInt64/2), math.MaxInt64/2)
	return time.Duration(ns).Round(step).String()
}

func number[T ~int | ~int64 | ~uint32 | ~uint64](n T) string {
	if n < 0 {
		return strconv.FormatInt(int64(n), 10)
	}
	return strconv.FormatUint(uint64(n), 10)
}

// usage writes "12 of 1048576 (0.0 %), 3 unproven".
func usage(u api.Usage) string {
	if u.Capacity == 0 {
		return number(u.Used)
	}
	return fmt.Sprintf("%d of %d (%.1f %%), %d unproven", u.Used, u.Capacity, 100*float64(u.Used)/float64(u.Capacity), u.Unproven)
}
