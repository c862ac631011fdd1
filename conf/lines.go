package conf

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// lines tells on which line a key stands, by its path: "workers.lcores", "service[2].server[0].weight",
// "port[0].addresses[1]". The TOML decoder keeps positions to itself and has one for all elements of an
// array, so the file is scanned once more.
type lines map[string]int

// find returns the line of path, or that of what it would stand in (the table's header); 0 if there is none.
func (l lines) find(path string) int {
	for ; path != ""; path = parent(path) {
		if line := l[path]; line != 0 {
			return line
		}
	}
	return 0
}

// parent returns the path of what path stands in; "" is the file.
func parent(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }

var element = regexp.MustCompile(`\[\d+\]`)

// plain returns path without numbers of elements.
func plain(path string) string { return element.ReplaceAllString(path, "") }

// join returns the path of key in the table at path.
func join(path, key string) string {
	key = toml.Key{key}.String() // quoted where it has to be
	if path == "" {
		return key
	}
	return path + "." + key
}

// at returns the path of element n of the array at path.
func at(path string, n int) string { return path + "[" + strconv.Itoa(n) + "]" }

// maxDepth is how deeply arrays, tables and dotted keys may lie in each other; the configuration needs
// 4. The TOML decoder has no limit: deeper files end in a stack overflow, which a reload must not do.
const maxDepth = 16

// scanner walks over TOML text and notes where keys stand. It judges nothing but depth, which the decoder
// leaves out; on text that is not TOML it only promises to end.
type scanner struct {
	text  string
	pos   int
	line  int
	depth int
	lines lines
	// tables counts the elements of each array of tables so far.
	tables map[string]int
	// deep is the line on which maxDepth was exceeded; the scan ends there.
	deep int
}

// indexLines returns the line of every key in text; deep, if not 0, is the line on which text is nested more deeply
// than maxDepth.
func indexLines(text string) (found lines, deep int) {
	for _, mark := range []string{"\ufeff", "\xff\xfe", "\xfe\xff"} { // byte order marks, which the decoder skips
		if rest, found := strings.CutPrefix(text, mark); found {
			text = rest
			break
		}
	}
	s := scanner{text: text, line: 1, lines: lines{}, tables: map[string]int{}}
	table := ""
	for s.blank(); s.more(); s.blank() {
		start := s.pos
		switch {
		case s.skip("[["):
			table = s.header(true)
		case s.skip("["):
			table = s.header(false)
		default:
			s.entry(table)
		}
		if s.pos == start { // not TOML
			s.advance(1)
		}
	}
	return s.lines, s.deep
}

func (s *scanner) more() bool { return s.deep == 0 && s.pos < len(s.text) }

// rest returns the text that is still to come.
func (s *scanner) rest() string { return s.text[s.pos:] }

// advance goes on by n bytes and counts the lines.
func (s *scanner) advance(n int) {
	s.line += strings.Count(s.text[s.pos:s.pos+n], "\n")
	s.pos += n
}

// skip goes over token if it comes next.
func (s *scanner) skip(token string) bool {
	if !s.more() || !strings.HasPrefix(s.rest(), token) {
		return false
	}
	s.advance(len(token))
	return true
}

// until goes to the next of the given bytes, or to the end.
func (s *scanner) until(stops string) {
	n := strings.IndexAny(s.rest(), stops)
	if n < 0 {
		n = len(s.rest())
	}
	s.advance(n)
}

// blank goes over white space, ends of lines and comments.
func (s *scanner) blank() {
	for s.more() {
		rest := s.rest()
		s.advance(len(rest) - len(strings.TrimLeft(rest, " \t\r\n")))
		if !s.skip("#") {
			return
		}
		s.until("\n")
	}
}

// note keeps the line of path if it is the first time that it is seen.
func (s *scanner) note(path string) {
	if s.lines[path] == 0 {
		s.lines[path] = s.line
	}
}

// header reads a table's name up to its closing bracket and returns the table's path. A name that passes through
// an array of tables means its last element.
func (s *scanner) header(array bool) (path string) {
	parts := s.key()
	for i, part := range parts {
		path = join(path, part)
		s.note(path)
		if array && i == len(parts)-1 {
			s.tables[path]++
		}
		if n := s.tables[path]; n > 0 {
			path = at(path, n-1)
			s.note(path)
		}
	}
	s.until("]\n")
	for s.skip("]") {
	}
	return path
}

// entry reads "key = value" in the table at path.
func (s *scanner) entry(path string) {
	for _, part := range s.key() {
		path = join(path, part)
		s.note(path)
	}
	if s.skip("=") {
		s.value(path)
	}
}

// key reads a dotted key and the white space around it.
func (s *scanner) key() (parts []string) {
	for s.more() {
		s.space()
		parts = append(parts, s.part())
		s.space()
		if !s.skip(".") {
			break
		}
		if len(parts) == maxDepth {
			s.deep = s.line
		}
	}
	return parts
}

// space goes over white space within a line.
func (s *scanner) space() {
	rest := s.rest()
	s.advance(len(rest) - len(strings.TrimLeft(rest, " \t")))
}

// part reads one part of a dotted key.
func (s *scanner) part() string {
	start := s.pos
	if s.more() && (s.text[s.pos] == '"' || s.text[s.pos] == '\'') {
		s.quoted()
		return unquote(s.text[start:s.pos])
	}
	s.until(" \t\r\n.=[]{},#\"'")
	return s.text[start:s.pos]
}

// unquote returns what a quoted key says, by the decoder's own rules of escaping.
func unquote(key string) string {
	var v struct{ Key string }
	if _, err := toml.Decode("key="+key, &v); err != nil {
		return key // not TOML: the decoder will say so
	}
	return v.Key
}

// value reads the value of the key at path.
func (s *scanner) value(path string) {
	s.blank()
	if !s.more() {
		return
	}
	s.depth++
	if s.depth > maxDepth {
		s.deep = s.line
	}
	switch s.text[s.pos] {
	case '"', '\'':
		s.quoted()
	case '[':
		s.array(path)
	case '{':
		s.inline(path)
	default:
		s.until(",]}#\n")
	}
	s.depth--
}

// array reads "[a, b, …]", which may go over many lines.
func (s *scanner) array(path string) {
	s.skip("[")
	for n := 0; s.more(); n++ {
		s.blank()
		if s.skip("]") {
			return
		}
		s.note(at(path, n))
		s.value(at(path, n))
		s.blank()
		if !s.skip(",") && !s.skip("]") {
			return // not TOML
		} else if s.text[s.pos-1] == ']' {
			return
		}
	}
}

// inline reads "{a = 1, b = 2}", which may go over many lines.
func (s *scanner) inline(path string) {
	s.skip("{")
	for s.more() {
		s.blank()
		if s.skip("}") {
			return
		}
		s.entry(path)
		s.blank()
		if !s.skip(",") {
			s.skip("}")
			return
		}
	}
}

// quoted reads a string in any of the four kinds of quotes.
func (s *scanner) quoted() {
	for _, quote := range []string{`"""`, `'''`} {
		if s.skip(quote) {
			s.closing(quote)
			for range 2 { // up to two quotes more belong to the string
				s.skip(quote[:1])
			}
			return
		}
	}
	quote := s.text[s.pos : s.pos+1]
	s.skip(quote)
	s.closing(quote)
}

// closing goes behind the closing quote; in basic strings a backslash takes the next byte's meaning away.
func (s *scanner) closing(quote string) {
	for s.more() && !s.skip(quote) {
		n := 1
		if quote[0] == '"' && s.text[s.pos] == '\\' && s.pos+1 < len(s.text) {
			n = 2
		}
		s.advance(n)
	}
}
