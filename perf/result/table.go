package result

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Columns name what Row.Cells returns.
var Columns = []string{"case", "floor ns", "path ns", "own ns", "least … greatest", "M/s", "target", "reached", "core share"}

// Table writes rows, figures and distributions for people, as far as there are any: medians, with least and greatest behind them.
func (r *Report) Table(w io.Writer) error {
	parts := []string{r.Host.String()}
	if cells := cellsOf(r.Rows, (*Row).Cells); cells != nil {
		parts = append(parts, rendered(Columns, cells),
			"ns of CPU time a packet, medians; own = path − floor; M/s = million packets (new-…: connections) a second")
	}
	if cells := cellsOf(r.Figures, (*Figure).Cells); cells != nil {
		parts = append(parts, rendered(FigureColumns, cells))
	}
	if len(r.Distributions) != 0 {
		table, err := distributionTable(r.Distributions)
		if err != nil {
			return err
		}
		parts = append(parts, table)
	}
	_, err := fmt.Fprintln(w, strings.Join(parts, "\n"))
	return err
}

func cellsOf[T any](all []T, cells func(*T) []string) (rows [][]string) {
	for i := range all {
		rows = append(rows, cells(&all[i]))
	}
	return rows
}

// distributionTable shows times in µs.
func distributionTable(all []Distribution) (string, error) {
	var cells [][]string
	for _, d := range all {
		h, err := d.Histogram.Decode()
		if err != nil {
			return "", err
		}
		row := []string{d.Case, d.Name, fmt.Sprint(h.TotalCount())}
		for _, percent := range []float64{50, 99, 99.9, 100} {
			row = append(row, fmt.Sprintf("%.1f", float64(h.ValueAtQuantile(percent))/1e3))
		}
		cells = append(cells, row)
	}
	return rendered([]string{"case", "times", "how many", "median µs", "99 % µs", "99.9 % µs", "longest µs"}, cells), nil
}

// rendered is a table for a terminal. Figures are aligned to the right.
func rendered(columns []string, rows [][]string) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(tableRow(columns))
	for _, cells := range rows {
		t.AppendRow(tableRow(cells))
	}
	var right []table.ColumnConfig
	for n, name := range columns[1:] {
		if name != "what" && name != "times" {
			right = append(right, table.ColumnConfig{Number: n + 2, Align: text.AlignRight})
		}
	}
	t.SetColumnConfigs(right)
	return t.Render()
}

func tableRow(cells []string) (row table.Row) {
	for _, c := range cells {
		row = append(row, c)
	}
	return row
}

// Cells are the row as people read it.
func (r *Row) Cells() []string {
	shown := func(x float64) string { return fmt.Sprintf("%.1f", x) }
	cells := []string{r.Case, shown(r.Floor.Median()), "", "", spread(r.Floor), rate(r.Floor), "", "", fmt.Sprintf("%.2f", r.Share)}
	if len(r.Path) == 0 {
		return cells
	}
	own := r.Own()
	cells[2], cells[3], cells[4], cells[5] = shown(r.Path.Median()), shown(own.Median()), spread(own), rate(r.Path)
	cells[6], cells[7] = r.target(), r.Verdict()
	return cells
}

// target is what the row has to reach, in words.
func (r *Row) target() string {
	switch {
	case r.Must == 0:
		return ""
	case r.Rate:
		return fmt.Sprintf("%g, must %g M/s", r.Aim, r.Must)
	}
	return fmt.Sprintf("+%.4g, must +%.4g ns", r.Aim, r.Must)
}

func spread(s Series) string {
	least, greatest := s.Spread()
	return fmt.Sprintf("%.1f … %.1f", least, greatest)
}

func rate(s Series) string { return fmt.Sprintf("%.2f", 1000/s.Median()) }
