package conf

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// decoder puts what the TOML decoder read into a Config. It does what toml.Decode into a struct would do,
// but goes on after an error, so that all are told at once, and is told apart by element.
type decoder struct{ *report }

// table puts m, the table at path, into the struct v.
func (d decoder) table(path string, v reflect.Value, m map[string]any) {
	keys := keysOf(v.Type())
	for _, key := range slices.Sorted(maps.Keys(m)) {
		i := slices.Index(keys, key)
		if i < 0 {
			d.errorf(join(path, key), "unknown key").hint("%s", didYouMean(key, keys))
			continue
		}
		d.value(join(path, key), v.Field(i), m[key])
	}
}

// keysOf returns the keys of a struct's fields, in their order. Fields that are not in the file stand last ("-").
func keysOf(t reflect.Type) (keys []string) {
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("toml"); key != "-" {
			keys = append(keys, key)
		}
	}
	return keys
}

// value puts datum, found at path, into v: a single value, a table, or an array of either.
func (d decoder) value(path string, v reflect.Value, datum any) {
	if k, ok := kindOf(plain(path), v.Type()); ok {
		d.single(path, k, v, datum)
	} else if v.Kind() == reflect.Slice {
		d.array(path, v, datum)
	} else if m, ok := datum.(map[string]any); ok {
		d.table(path, v, m)
	} else {
		d.errorf(path, "must be a table, not %s", describe(datum)).hint("write it as [%s]", plain(path))
	}
}

func (d decoder) single(path string, k kind, v reflect.Value, datum any) {
	got, err := k.read(datum)
	var f fault
	switch {
	case err == nil:
		v.Set(reflect.ValueOf(got))
	case errors.As(err, &f):
		d.errorf(path, "%s", f.what).hint("%s", f.hint)
	default:
		d.errorf(path, "must be %s, not %s", k.want, describe(datum))
	}
}

func (d decoder) array(path string, v reflect.Value, datum any) {
	list := reflect.ValueOf(datum)
	if list.Kind() != reflect.Slice {
		if _, tables := elements[v.Type().Elem()]; tables {
			d.errorf(path, "must be an array of tables, not %s", describe(datum)).hint("write it as [[%s]]", plain(path))
		} else {
			d.errorf(path, "must be an array, not %s", describe(datum)).hint("in brackets, even one alone: [1], [\"10.8.0.1/24\"]")
		}
		return
	}
	v.SetLen(0) // what is there is the default
	for i := range list.Len() {
		e := reflect.New(v.Type().Elem()).Elem()
		if def, ok := elements[e.Type()]; ok {
			e.Set(reflect.ValueOf(def))
		}
		d.value(at(path, i), e, list.Index(i).Interface())
		v.Set(reflect.Append(v, e))
	}
}

// describe names a value of the file in an error.
func describe(datum any) string {
	switch datum := datum.(type) {
	case string:
		return fmt.Sprintf("the string %q", datum)
	case int64, float64:
		return fmt.Sprintf("the number %v", datum)
	case bool:
		return fmt.Sprint(datum)
	case map[string]any:
		return "a table"
	case []any, []map[string]any:
		return "an array"
	}
	return "a date"
}
