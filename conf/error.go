package conf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake, or one oddity, in a configuration file.
type Error struct {
	File string // as it was given to Read or Parse
	Line int    // 1 is the first; 0: no line, the key is missing
	Key  string // dotted, without numbers of elements ("service.server.weight"); "": the file as a whole
	What string // what is wrong
	Hint string // what would be right; may be empty
}

// Error returns "file:line: key: what (hint)" without the parts that are empty.
func (e Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.What)
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Errors are all mistakes of one file, in the order of its lines.
type Errors []Error

// Error returns one line for each mistake.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// report collects the errors and warnings of one file and knows the line of every key.
type report struct {
	file     string
	lines    lines
	errors   []*Error
	warnings []*Error
	wrong    map[string]bool // paths with an error
	touched  map[string]bool // those and all that they stand in
}

func newReport(file string, at lines) *report {
	return &report{file: file, lines: at, wrong: map[string]bool{}, touched: map[string]bool{}}
}

// errorf notes that the value at path is wrong. One error a path is enough: what follows from the
// first would only confuse.
func (r *report) errorf(path, format string, args ...any) *Error {
	e := r.entry(path, format, args...)
	if !r.wrong[path] {
		r.wrong[path] = true
		r.errors = append(r.errors, e)
		for p := path; p != ""; p = parent(p) {
			r.touched[p] = true
		}
	}
	return e
}

// sound reports whether there is no error at path or below, so that what is said there can be built upon.
func (r *report) sound(path string) bool { return !r.touched[path] }

// warnf notes that the value at path is allowed but hardly meant.
func (r *report) warnf(path, format string, args ...any) *Error {
	e := r.entry(path, format, args...)
	r.warnings = append(r.warnings, e)
	return e
}

func (r *report) entry(path, format string, args ...any) *Error {
	return &Error{File: r.file, Line: r.lines.find(path), Key: plain(path), What: fmt.Sprintf(format, args...)}
}

// hint says what would be right.
func (e *Error) hint(format string, args ...any) { e.Hint = fmt.Sprintf(format, args...) }

// inOrder returns the entries in the order of their lines, those of one line in the order of their keys.
func inOrder(entries []*Error) Errors {
	slices.SortStableFunc(entries, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	var es Errors
	for _, e := range entries {
		es = append(es, *e)
	}
	return es
}
