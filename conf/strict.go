package conf

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"

	"github.com/BurntSushi/toml"
)

// Text is a TOML file other than cleatd's own, read as strictly: mistakes have their line, and unknown keys the nearest known one.
type Text struct {
	name string
	at   lines
}

// Strict puts data, the text of a TOML file that errors call name, into v, a pointer to a struct whose fields all have toml tags. What is not
// in the file stays as it is. The error is Errors.
func Strict(name string, data []byte, v any) (*Text, error) {
	at, err := scan(name, data)
	if err != nil {
		return nil, err
	}
	read, err := toml.Decode(string(data), v)
	if err != nil {
		return nil, mistyped(name, err)
	}
	t := &Text{name, at}
	var unknown Errors
	for _, key := range firstUnknown(reflect.TypeOf(v), read.Undecoded()) {
		for _, path := range t.paths(key.String()) {
			unknown = append(unknown, t.Error(path, DidYouMean(key[len(key)-1], keysAt(reflect.TypeOf(v), key[:len(key)-1])), "unknown key"))
		}
	}
	if len(unknown) > 0 {
		slices.SortStableFunc(unknown, func(a, b Error) int { return a.Line - b.Line })
		return nil, unknown
	}
	return t, nil
}

var wrongType = regexp.MustCompile(`^toml: line (\d+) \(last key "(.*)"\): (.*)$`)

// mistyped says in the words of other errors that a value does not fit its field.
func mistyped(name string, err error) Errors {
	parts := wrongType.FindStringSubmatch(err.Error())
	if _, text := errors.AsType[toml.ParseError](err); text || parts == nil {
		return syntax(name, err)
	}
	line, _ := strconv.Atoi(parts[1])
	return Errors{{File: name, Line: line, Key: parts[2], What: parts[3]}}
}

// Error says what is wrong with the value at path ("step[1].command"); hint is what would be right, and may be empty.
func (t *Text) Error(path, hint, format string, args ...any) Error {
	return Error{File: t.name, Line: t.at.find(path), Key: plain(path), What: fmt.Sprintf(format, args...), Hint: hint}
}

// paths are all places of a key in the file: elements of an array of tables may each have it.
func (t *Text) paths(key string) (all []string) {
	for _, path := range slices.Sorted(maps.Keys(t.at)) {
		if plain(path) == key {
			all = append(all, path)
		}
	}
	return all
}

// firstUnknown are the keys that v has no field for, each once, without those in tables that are unknown themselves.
func firstUnknown(v reflect.Type, undecoded []toml.Key) (all []toml.Key) {
	told := map[string]bool{}
	for _, key := range undecoded {
		for i := range key {
			known := keysAt(v, key[:i])
			if slices.Contains(known, key[i]) {
				continue
			}
			if unknown := key[:i+1]; known != nil && !told[unknown.String()] {
				told[unknown.String()] = true
				all = append(all, unknown)
			}
			break
		}
	}
	return all
}

// keysAt returns the keys of the table at key in what v decodes into; nil if there is no such table.
func keysAt(v reflect.Type, key toml.Key) []string {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	if len(key) == 0 {
		return keysOf(v)
	}
	for i := range v.NumField() {
		if v.Field(i).Tag.Get("toml") == key[0] {
			return keysAt(v.Field(i).Type, key[1:])
		}
	}
	return nil
}

// DidYouMean returns the hint for a word that is not one of known: the nearest if it is near, else all.
func DidYouMean(word string, known []string) string { return didYouMean(word, known) }
