package result

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Table writes the report for people: medians, with least and greatest behind them.
func (r *Report) Table(w io.Writer) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"case", "floor ns", "path ns", "own ns", "least … greatest", "M/s", "target", "reached", "core share"})
	for i := range r.Rows {
		t.AppendRow(r.Rows[i].cells())
	}
	var right []table.ColumnConfig
	for n := 2; n <= 9; n++ {
		right = append(right, table.ColumnConfig{Number: n, Align: text.AlignRight})
	}
	t.SetColumnConfigs(right)
	_, err := fmt.Fprintf(w, "%s\n%s\nns of CPU time a packet, medians; own = path − floor; M/s = million packets (new-…: connections) a second\n", &r.Host, t.Render())
	return err
}

func (r *Row) cells() table.Row {
	shown := func(x float64) string { return fmt.Sprintf("%.1f", x) }
	cells := table.Row{r.Case, shown(r.Floor.Median()), "", "", spread(r.Floor), rate(r.Floor), "", "", fmt.Sprintf("%.2f", r.Share)}
	if len(r.Path) == 0 {
		return cells
	}
	own := r.Own()
	cells[2], cells[3], cells[4], cells[5] = shown(r.Path.Median()), shown(own.Median()), spread(own), rate(r.Path)
	if r.Must != 0 {
		cells[6], cells[7] = fmt.Sprintf("+%g, must +%g ns", r.Aim, r.Must), r.Verdict()
		if r.Rate {
			cells[6] = fmt.Sprintf("%g, must %g M/s", r.Aim, r.Must)
		}
	}
	return cells
}

func spread(s Series) string {
	least, greatest := s.Spread()
	return fmt.Sprintf("%.1f … %.1f", least, greatest)
}

func rate(s Series) string { return fmt.Sprintf("%.2f", 1000/s.Median()) }
