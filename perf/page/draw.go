package page

import (
	"fmt"
	"math"
)

// plot is a picture of figures: lines over an axis, or bars beneath each other.
type plot struct {
	Name    string // of its file, without .svg
	Title   string
	Caption string
	X, Y    axis // of lines; bars have X alone
	Lines   []line
	Bars    []bar
}

// line joins points.
type line struct {
	Name   string
	Points []point
	Guide  bool // nothing measured, but to compare with
}

// point is a median between the least and the greatest repetition; 0: there is but one value.
type point struct{ X, Y, Least, Greatest float64 }

// bar is a median with its spread and the targets it has, 0: none.
type bar struct {
	Name                   string
	Value, Least, Greatest float64
	Aim, Must              float64
	Missed                 bool
}

// svg draws the plot; style is empty where the page has it.
func (p *plot) svg(style string) string {
	if len(p.Bars) > 0 {
		return p.bars(style)
	}
	return p.lines(style)
}

func colour(n int) string { return fmt.Sprintf("s%d", n%6) }

func (p *plot) bars(style string) string {
	const row, top, bottom, right = 38, 6, 46, 24
	greatest, least := 0.0, 0.0
	for _, b := range p.Bars {
		greatest = max(greatest, b.Value, b.Greatest, b.Aim, b.Must)
		least = min(least, b.Value, b.Least)
	}
	x := p.X.span(least, greatest, 8, width-right)
	end := float64(top + row*len(p.Bars))
	var d drawing
	for _, v := range x.marks() {
		d.line("grid", x.at(v), top, x.at(v), end)
		d.text("mark", "middle", x.at(v), end+letter+3, x.mark(v))
	}
	for i, b := range p.Bars {
		y := float64(top + row*i)
		d.text("name", "start", x.start, y+letter, b.Name)
		d.text("name", "end", x.end, y+letter, fmt.Sprintf("%.4g", b.Value))
		class := "bar"
		if b.Missed {
			class = "bar missed"
		}
		from, to := min(x.at(0), x.at(b.Value)), max(x.at(0), x.at(b.Value))
		d.rect(class, from, y+17, to-from, 13)
		if b.Greatest > b.Least {
			d.line("spread", x.at(b.Least), y+23.5, x.at(b.Greatest), y+23.5)
		}
		if b.Must != 0 {
			d.line("must", x.at(b.Must), y+14, x.at(b.Must), y+33)
			d.line("aim", x.at(b.Aim), y+14, x.at(b.Aim), y+33)
		}
	}
	d.line("axis", x.at(0), top, x.at(0), end)
	d.text("label", "middle", width/2, end+2*letter+10, x.Label)
	return d.finished(p.Title, end+bottom, style)
}

func (p *plot) lines(style string) string {
	const left, top, right, high = 46, 24, 20, 220
	low, upper := point{X: math.Inf(1), Y: math.Inf(1)}, point{}
	for _, l := range p.Lines {
		for _, at := range l.Points {
			low.X, low.Y = min(low.X, at.X), min(low.Y, at.Y)
			upper.X, upper.Y = max(upper.X, at.X), max(upper.Y, at.Y, at.Greatest)
		}
	}
	x := p.X.span(low.X, upper.X, left, width-right)
	y := p.Y.span(low.Y, upper.Y, top+high, top)
	var d drawing
	d.text("label", "start", 2, letter, y.Label)
	for _, v := range y.marks() {
		d.line("grid", x.start, y.at(v), x.end, y.at(v))
		d.text("mark", "end", x.start-5, y.at(v)+4, y.mark(v))
	}
	for _, v := range x.marks() {
		d.line("grid", x.at(v), y.start, x.at(v), y.end)
		d.text("mark", "middle", x.at(v), y.start+letter+4, x.mark(v))
	}
	d.line("axis", x.start, y.start, x.end, y.start)
	d.text("label", "middle", (x.start+x.end)/2, y.start+2*letter+11, x.Label)
	legend := y.start + 2*letter + 30
	for i, l := range p.Lines {
		l.draw(&d, i, &x, &y)
		d.line(l.class(i), x.start, legend-4, x.start+22, legend-4)
		d.text("name", "start", x.start+30, legend, l.Name)
		legend += 19
	}
	return d.finished(p.Title, legend-8, style)
}

func (l *line) class(n int) string {
	if l.Guide {
		return "curve guide"
	}
	return "curve " + colour(n)
}

func (l *line) draw(d *drawing, n int, x, y *scale) {
	var places [][2]float64
	for _, p := range l.Points {
		places = append(places, [2]float64{x.at(p.X), y.at(p.Y)})
		if p.Greatest > p.Least {
			d.line("spread", x.at(p.X), y.at(p.Least), x.at(p.X), y.at(p.Greatest))
		}
	}
	d.curve(l.class(n), places)
	if len(places) > 12 || l.Guide { // a curve of its own
		return
	}
	for _, at := range places {
		d.dot("dot "+colour(n), at[0], at[1])
	}
}
