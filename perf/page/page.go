// Package page makes of a report what people read: a page of HTML that needs nothing but itself, and one of Markdown with its pictures
// beside it.
//
// The plots are SVG, drawn here: lines, bars and their axes are all that is needed, and what a style sheet gives them follows light and
// dark and the width of a phone.
package page

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strings"
	texttemplate "text/template"

	"cleat/perf/result"
)

var (
	//go:embed style.css
	drawingStyle string
	//go:embed page.css
	pageStyle string
	//go:embed report.html.tmpl
	htmlText string
	//go:embed report.md.tmpl
	markdownText string
)

// view is what the templates show.
type view struct {
	*result.Report
	Title   string
	Style   template.CSS
	Columns []string
	// FigureColumns and SearchColumns head the tables of figures and of searches.
	FigureColumns, SearchColumns []string
	Plots                        []drawn
}

type drawn struct {
	plot
	SVG template.HTML
}

func newView(title string, r *result.Report) *view {
	v := &view{
		Report: r, Title: title, Style: template.CSS(drawingStyle + pageStyle),
		Columns: result.Columns, FigureColumns: result.FigureColumns, SearchColumns: searchColumns,
	}
	for _, p := range plots(r) {
		v.Plots = append(v.Plots, drawn{p, template.HTML(p.svg(""))})
	}
	return v
}

var functions = map[string]any{
	"missed":   func(verdict string) bool { return verdict == "missed" },
	"verdict":  inWords,
	"searched": searched,
	"soaked":   (*result.Soak).String,
	"cell":     func(text string) string { return strings.ReplaceAll(text, "|", "\\|") },
	"join":     func(cells []string) string { return strings.Join(cells, " | ") },
	"rule":     func(cells []string) string { return strings.Repeat("---|", len(cells)) },
}

// inWords marks a verdict so that it is not overlooked.
func inWords(verdict string) string {
	switch verdict {
	case "aim":
		return "✓ aim"
	case "must":
		return "✓ must, not the aim"
	case "missed":
		return "✗ MISSED"
	}
	return verdict
}

// HTML writes the page; title is the suite's name.
func HTML(w io.Writer, title string, r *result.Report) error {
	t, err := template.New("report").Funcs(functions).Parse(htmlText)
	if err != nil {
		return err
	}
	return t.Execute(w, newView(title, r))
}

// Markdown writes the page; its pictures are files NAME.svg beside it.
func Markdown(w io.Writer, title string, r *result.Report) error {
	t, err := texttemplate.New("report").Funcs(functions).Parse(markdownText)
	if err != nil {
		return err
	}
	return t.Execute(w, newView(title, r))
}

// Write makes report.json, report.html, report.md with its pictures, and logs of histograms in a directory.
func Write(dir, title string, r *result.Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	files := map[string]func(io.Writer) error{
		"report.json": r.JSON,
		"report.html": func(w io.Writer) error { return HTML(w, title, r) },
		"report.md":   func(w io.Writer) error { return Markdown(w, title, r) },
	}
	for _, p := range plots(r) {
		files[p.Name+".svg"] = func(w io.Writer) error {
			_, err := io.WriteString(w, p.svg(drawingStyle))
			return err
		}
	}
	for _, log := range logs(r) {
		files[log.name+".hlog"] = func(w io.Writer) error { return log.write(w, &r.Host) }
	}
	for name, write := range files {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
