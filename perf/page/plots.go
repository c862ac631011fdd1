package page

import (
	"cmp"
	"fmt"
	"slices"

	"cleat/perf/result"
)

// plots are those that the report has data for.
func plots(r *result.Report) []plot {
	all := []plot{ownCost(r), newConnections(r), byFlows(r), bySize(r), byWorkers(r)}
	all = append(all, latencies(r)...)
	return slices.DeleteFunc(all, func(p plot) bool { return len(p.Bars) == 0 && len(p.Lines) == 0 })
}

const targetMarks = " Green: the aim; yellow: what has to be reached; a red bar does not reach it. Thin: least to greatest repetition."

func ownCost(r *result.Report) plot {
	p := plot{
		Name: "own-cost", Title: "Own cost of a packet", X: axis{Label: "ns of CPU time above the floor"},
		Caption: "What a packet costs a worker beyond receiving and transmitting it as it is." + targetMarks,
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Rate || len(row.Path) == 0 {
			continue
		}
		own := row.Own()
		least, greatest := own.Spread()
		p.Bars = append(p.Bars, bar{row.Case, own.Median(), least, greatest, row.Aim, row.Must, row.Verdict() == "missed"})
	}
	return p
}

func newConnections(r *result.Report) plot {
	p := plot{
		Name: "connections", Title: "New connections", X: axis{Label: "million connections a second and worker"},
		Caption: "Every packet opens a connection, and as many end as begin; the cost of making the packets is included." + targetMarks,
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		if !row.Rate || len(row.Path) == 0 {
			continue
		}
		m := perSecond(row, 1)
		p.Bars = append(p.Bars, bar{row.Case, m.Y, m.Least, m.Greatest, row.Aim, row.Must, row.Verdict() == "missed"})
	}
	return p
}

// perSecond is what so many workers forward, in millions.
func perSecond(row *result.Row, workers int) point {
	fast, slow := row.Path.Spread()
	n := float64(1000 * workers)
	return point{Y: n / row.Path.Median(), Least: n / slow, Greatest: n / fast}
}

var millionsPerSecond = axis{Label: "M packets/s, floor included"}

func byFlows(r *result.Report) plot {
	return plot{
		Name: "throughput-by-flows", Title: "Throughput by connections", X: axis{Label: "connections", Log: true}, Y: millionsPerSecond,
		Caption: "One worker; every packet is of the next of so many known connections.",
		Lines:   lines(r, 1, func(row *result.Row) (int, string) { return row.Flows, fmt.Sprintf("%d B", row.Size) }),
	}
}

func bySize(r *result.Report) plot {
	return plot{
		Name: "throughput-by-size", Title: "Throughput by packet size", X: axis{Label: "bytes of a frame, FCS included"}, Y: millionsPerSecond,
		Caption: "One worker.",
		Lines:   lines(r, 1, func(row *result.Row) (int, string) { return row.Size, short(float64(row.Flows)) + " connections" }),
	}
}

func byWorkers(r *result.Report) plot {
	p := plot{
		Name: "throughput-by-workers", Title: "Throughput by workers", X: axis{Label: "workers, each with a core of its own", Whole: true}, Y: millionsPerSecond,
		Caption: "From the CPU time that a packet costs its worker while so many of them work. Dashed: straight on from the first.",
		Lines: lines(r, 0, func(row *result.Row) (int, string) {
			return row.Workers, fmt.Sprintf("%s connections, %d B", short(float64(row.Flows)), row.Size)
		}),
	}
	for _, l := range p.Lines {
		first, last := l.Points[0], l.Points[len(l.Points)-1]
		straight := point{X: last.X, Y: first.Y * last.X / first.X}
		p.Lines = append(p.Lines, line{Name: l.Name + ", straight", Points: []point{{X: first.X, Y: first.Y}, straight}, Guide: true})
	}
	return p
}

// lines joins rows that differ in one thing alone, place: over is its value, rest what else is to be the same. A line has two points at
// least. workers: rows of so many, 0: of any number.
func lines(r *result.Report, workers int, place func(*result.Row) (over int, rest string)) (all []line) {
	for i := range r.Rows {
		row := &r.Rows[i]
		over, rest := place(row)
		if row.Line == "" || len(row.Path) == 0 || over == 0 || workers != 0 && row.Workers != workers {
			continue
		}
		name := row.Line + ", " + rest
		at := slices.IndexFunc(all, func(l line) bool { return l.Name == name })
		if at < 0 {
			at = len(all)
			all = append(all, line{Name: name})
		}
		p := perSecond(row, row.Workers)
		p.X = float64(over)
		all[at].Points = append(all[at].Points, p)
	}
	for i := range all {
		slices.SortFunc(all[i].Points, func(a, b point) int { return cmp.Compare(a.X, b.X) })
	}
	return slices.DeleteFunc(all, func(l line) bool { return len(l.Points) < 2 || l.Points[0].X == l.Points[len(l.Points)-1].X })
}
