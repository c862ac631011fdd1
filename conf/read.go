package conf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/BurntSushi/toml"
)

// maxSize is the largest file that is read, in bytes.
const maxSize = 8 << 20

// Read reads and checks the configuration file at path. The error is one of the system's, or Errors.
func Read(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, err
	}
	c, err := Parse(path, data)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		w := Error{File: path, What: fmt.Sprintf("others than the owner may write this file (mode %04o)", mode), Hint: "chmod go-w"}
		c.Warnings = append(Errors{w}, c.Warnings...)
	}
	return c, nil
}

// scan finds where the keys of a TOML file stand, and refuses what the decoder would not survive: it comes first.
func scan(name string, data []byte) (lines, error) {
	if len(data) > maxSize {
		return nil, whole(name, 0, "the file is larger than 8 MiB")
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return nil, whole(name, 1+bytes.Count(data[:i], []byte("\n")), "a NUL byte; a TOML file is UTF-8 text")
	}
	at, deep := indexLines(string(data))
	if deep > 0 {
		return nil, whole(name, deep, "arrays, tables or dotted keys lie too deeply in each other")
	}
	return at, nil
}

// Parse checks data, the text of a configuration file that errors call name, and returns what it says with
// every default filled in. The error is Errors: all there are, in the order of lines.
func Parse(name string, data []byte) (*Config, error) {
	at, err := scan(name, data)
	if err != nil {
		return nil, err
	}
	var tables map[string]any
	if _, err := toml.Decode(string(data), &tables); err != nil {
		return nil, syntax(name, err)
	}
	r := newReport(name, at)
	c := Default()
	decoder{r}.table("", reflect.ValueOf(c).Elem(), tables)
	c.complete()
	check(c, r)
	if len(r.errors) > 0 {
		return nil, inOrder(r.errors)
	}
	c.Warnings = inOrder(r.warnings)
	return c, nil
}

// whole is an error of the file as such.
func whole(file string, line int, what string) Errors {
	return Errors{{File: file, Line: line, What: what}}
}

// syntax says in one line what the TOML decoder says in ten.
func syntax(file string, err error) Errors {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return whole(file, 0, err.Error())
	}
	e := Error{File: file, Line: pe.Position.Line, What: fmt.Sprintf("not TOML at column %d: %s", pe.Position.Col, pe.Message)}
	if strings.HasPrefix(pe.Message, `expected value but found "`) || strings.HasPrefix(pe.Message, "Invalid float") {
		e.Hint = `words and addresses stand in quotes: "rr"`
	}
	return Errors{e}
}
