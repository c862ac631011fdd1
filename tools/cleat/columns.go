package main

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// gap is the blanks between two columns.
const gap = 2

// column is one column of a table: a title, and at least so many characters.
type column struct {
	title string
	width int
	right bool // aligned: numbers
}

// columns print row by row, so that a table may have any number of rows. A cell that is too wide runs on over blank
// cells, and moves others by no more than it must.
type columns []column

func left(title string, width int) column  { return column{title, width, false} }
func right(title string, width int) column { return column{title, width, true} }

// fit returns columns wide enough for all rows; text before a blank cell has room there.
func (c columns) fit(rows [][]string) columns {
	fitted := make(columns, len(c))
	for i, col := range c {
		col.width = max(col.width, utf8.RuneCountInString(col.title))
		for _, row := range rows {
			if col.right || i+1 == len(row) || row[i+1] != "" {
				col.width = max(col.width, utf8.RuneCountInString(row[i]))
			}
		}
		fitted[i] = col
	}
	return fitted
}

// print writes the header and all rows, as wide as they need.
func (c columns) print(w io.Writer, rows [][]string) error {
	c = c.fit(rows)
	if err := c.header(w); err != nil {
		return err
	}
	for _, row := range rows {
		if err := c.row(w, row...); err != nil {
			return err
		}
	}
	return nil
}

func (c columns) header(w io.Writer) error {
	titles := make([]string, len(c))
	for i, col := range c {
		titles[i] = col.title
	}
	return c.row(w, titles...)
}

// row writes one line, two blanks between cells and none at its end.
func (c columns) row(w io.Writer, cells ...string) error {
	var line strings.Builder
	start, end := 0, 0 // of the column; of what is written, with its two blanks
	for i, cell := range cells {
		if cell != "" {
			cell = printable(cell)
			length := utf8.RuneCountInString(cell)
			at := start
			if c[i].right {
				at += max(0, c[i].width-length)
			}
			at = max(at, end)
			line.WriteString(strings.Repeat(" ", at-max(0, end-gap)))
			line.WriteString(cell)
			end = at + length + gap
		}
		start += c[i].width + gap
	}
	line.WriteByte('\n')
	_, err := io.WriteString(w, line.String())
	return err
}

// printable replaces what would move the cursor or worse, if a name came from somewhere else than it should.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}
