package compare

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Table writes changes for people.
func Table(w io.Writer, changes []Change) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"case", "what", "old", "new", "change", "p", "repetitions", "verdict"})
	for _, c := range changes {
		t.AppendRow(table.Row{
			c.Case, c.What, fmt.Sprintf("%.4g %s", c.Old, c.Unit), fmt.Sprintf("%.4g %s", c.New, c.Unit),
			fmt.Sprintf("%+.1f %%", 100*c.Delta), fmt.Sprintf("%.3f", c.P), fmt.Sprintf("%d, %d", c.OldN, c.NewN), c.Verdict,
		})
	}
	var right []table.ColumnConfig
	for n := 3; n <= 7; n++ {
		right = append(right, table.ColumnConfig{Number: n, Align: text.AlignRight})
	}
	t.SetColumnConfigs(right)
	_, err := fmt.Fprintf(w, "%s\nmedians; p: Mann-Whitney U test; a change below p = %v and of the threshold or more counts\n", t.Render(), alpha)
	return err
}
