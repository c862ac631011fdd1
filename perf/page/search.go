package page

import (
	"fmt"

	"cleat/perf/result"
)

var searchColumns = []string{"case", "goal", "highest load", "came back", "next load that fails", "limit"}

// searched are the rows of the table of searches.
func searched(s *result.Search) (rows [][]string) {
	if len(s.MRR) > 0 {
		least, greatest := s.MRR.Spread()
		rows = append(rows, []string{s.Case, "MRR", "", fmt.Sprintf("%s (%s … %s) %s", short(s.MRR.Median()), short(least), short(greatest), s.Unit), "", ""})
	}
	for i := range s.Goals {
		g := &s.Goals[i]
		cells := []string{s.Case, g.Name, "none", "", "none", g.Limit}
		if g.Lower != 0 {
			cells[2], cells[3] = short(g.Lower)+" "+s.Unit, short(g.Throughput)+" "+s.Unit
		}
		if g.Upper != 0 {
			cells[4] = short(g.Upper) + " " + s.Unit
		}
		rows = append(rows, cells)
	}
	return rows
}
