package main

import (
	"strings"
	"testing"
)

func TestColumns(t *testing.T) {
	table := columns{left("A", 3), right("N", 4), left("B", 2), left("C", 0)}
	for _, tt := range []struct {
		cells []string
		want  string
	}{
		{[]string{"x", "1", "y", "z"}, "x       1  y   z\n"},
		{[]string{"x", "", "", "z"}, "x              z\n"},
		{[]string{"x", "1", "", ""}, "x       1\n"},
		{[]string{"", "", "", ""}, "\n"},
		{[]string{"", "12345", "y", ""}, "     12345  y\n"},                  // moves what follows
		{[]string{"runs over it all", "", "", "z"}, "runs over it all  z\n"}, // as far as blanks go
		{[]string{"runs over", "", "y", "z"}, "runs over  y   z\n"},
		{[]string{"longer", "1", "y", "z"}, "longer  1  y   z\n"}, // into the padding of a number
		{[]string{"ä", "µ", "y", "z"}, "ä       µ  y   z\n"},
		{[]string{"\x1b[2J", "1\n", "y\u009b", "z"}, "?[2J   1?  y?  z\n"},
	} {
		var b strings.Builder
		if err := table.row(&b, tt.cells...); err != nil || b.String() != tt.want {
			t.Errorf("%q: %q, %v; want %q", tt.cells, b.String(), err, tt.want)
		}
	}
}

func TestClock(t *testing.T) {
	for seconds, want := range map[float64]string{
		-1: "00:00", 0: "00:00", 0.9: "00:00", 599.97: "09:59", 600: "10:00", 7800: "130:00", 1e300: "35791394:07",
	} {
		if got := clock(seconds); got != want {
			t.Errorf("%v: %s, want %s", seconds, got, want)
		}
	}
}
