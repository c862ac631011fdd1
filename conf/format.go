package conf

import (
	"fmt"
	"reflect"
	"strings"
)

// TOML returns c as a file that Read takes and that gives an equal Config. What is none or zero
// by default and in c too is left out.
func (c *Config) TOML() string {
	var f formatter
	f.table("", reflect.ValueOf(*c), reflect.ValueOf(*Default()))
	return strings.TrimLeft(f.String(), "\n")
}

// formatter writes TOML.
type formatter struct{ strings.Builder }

// table writes the keys of the struct v, whose defaults are def, then the tables in it: a key behind a table's
// header would belong to that.
func (f *formatter) table(key string, v, def reflect.Value) {
	keys := keysOf(v.Type())
	for i, k := range keys {
		k = join(key, k)
		if value := v.Field(i); !isTable(k, value.Type()) && (k == required || !unsaid(value, def.Field(i))) {
			fmt.Fprintf(f, "%s = %s\n", keys[i], literal(k, value))
		}
	}
	for i, k := range keys {
		k = join(key, k)
		value := v.Field(i)
		switch {
		case !isTable(k, value.Type()):
		case value.Kind() == reflect.Slice:
			def := reflect.ValueOf(elements[value.Type().Elem()])
			for j := range value.Len() {
				fmt.Fprintf(f, "\n[[%s]]\n", k)
				f.table(k, value.Index(j), def)
			}
		default:
			fmt.Fprintf(f, "\n[%s]\n", k)
			f.table(k, value, def.Field(i))
		}
	}
}

// required is the key that is written in any case: a rule without a mark is a mistake, one with 0 an exception.
const required = "mark.mark"

// isTable reports whether values of type t are tables or arrays of tables.
func isTable(key string, t reflect.Type) bool {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	_, single := kindOf(key, t)
	return !single
}

// unsaid reports whether a value is told by leaving its key out.
func unsaid(value, def reflect.Value) bool {
	if value.Kind() == reflect.Slice {
		return value.Len() == 0 && def.Len() == 0
	}
	return value.IsZero() && def.IsZero()
}

// literal returns a value, or an array of them, as TOML.
func literal(key string, v reflect.Value) string {
	if k, ok := kindOf(key, v.Type()); ok {
		return k.literal(v.Interface())
	}
	k, _ := kindOf(key, v.Type().Elem())
	parts := make([]string, v.Len())
	for i := range parts {
		parts[i] = k.literal(v.Index(i).Interface())
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (k kind) literal(v any) string {
	if k.quoted {
		return quote(k.text(v))
	}
	return k.text(v)
}

// quote returns s as a TOML basic string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
