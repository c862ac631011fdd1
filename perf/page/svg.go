package page

import (
	"fmt"
	"html"
	"strings"
)

// A plot is this wide, in units of its own: a screen scales it. Letters are 13 high, so that a phone's width leaves them readable.
const (
	width  = 480
	letter = 13
)

// drawing is an SVG under way. What it looks like, in light and in dark, says style.css by class.
type drawing struct{ strings.Builder }

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(d, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", class, x1, y1, x2, y2)
}

func (d *drawing) rect(class string, x, y, w, h float64) {
	fmt.Fprintf(d, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`+"\n", class, x, y, w, h)
}

func (d *drawing) dot(class string, x, y float64) {
	fmt.Fprintf(d, `<circle class="%s" cx="%.1f" cy="%.1f" r="3"/>`+"\n", class, x, y)
}

// text stands on the line y; anchor is the part of it that is at x: start, middle or end.
func (d *drawing) text(class, anchor string, x, y float64, text string) {
	fmt.Fprintf(d, `<text class="%s" text-anchor="%s" x="%.1f" y="%.1f">%s</text>`+"\n", class, anchor, x, y, html.EscapeString(text))
}

// curve joins places by straight lines.
func (d *drawing) curve(class string, places [][2]float64) {
	var path strings.Builder
	for i, p := range places {
		fmt.Fprintf(&path, "%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[i == 0], p[0], p[1])
	}
	fmt.Fprintf(d, `<path class="%s" d="%s"/>`+"\n", class, path.String())
}

// finished is the element; title is read aloud where a drawing cannot be seen. style: for a file of its own, which has to bring its style.
func (d *drawing) finished(title string, height float64, style string) string {
	if style != "" {
		style = "<style>" + style + "</style>\n"
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" role="img">`+"\n<title>%s</title>\n%s%s</svg>\n",
		width, height, html.EscapeString(title), style, d)
}
