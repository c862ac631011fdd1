package conf

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// documented returns the rows of the tables of keys in docs/configuration.md: type, default, reload, meaning.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	rows := map[string][]string{}
	for line := range strings.Lines(readText(t, "../docs/configuration.md")) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if key := strings.Trim(cells[0], "`"); len(cells) == 5 && key != cells[0] {
			rows[key] = cells[1:]
		}
	}
	return rows
}

func TestEveryKeyIsDocumented(t *testing.T) {
	rows := documented(t)
	keys := allKeys()
	for _, key := range keys {
		row := rows[key]
		if row == nil {
			t.Errorf("docs/configuration.md: %s is missing", key)
			continue
		}
		reload := "yes"
		if needsRestart(key) {
			reload = "restart"
		}
		if row[2] != reload {
			t.Errorf("docs/configuration.md: %s: reload %q, want %q", key, row[2], reload)
		}
		if i := slices.IndexFunc(Sysctls, func(s Sysctl) bool { return "ipvs."+s.Name == key }); i >= 0 {
			s := &Sysctls[i]
			if limits := fmt.Sprintf("%d…%d", s.Low, s.High); s.field(&Default().IPVS).Kind() != reflect.Bool && s.High != math.MaxInt32 && !strings.Contains(row[3], limits) {
				t.Errorf("docs/configuration.md: %s: its range, %s, is not said", key, limits)
			}
			if s.Kept != strings.Contains(row[3], "kept only") {
				t.Errorf("docs/configuration.md: %s: kept only: %v, but it says %q", key, s.Kept, row[3])
			}
		}
		if want := defaultOf(key); row[1] != want && !(row[1] == "required" && want == "none") {
			t.Errorf("docs/configuration.md: %s: default %s, want %s", key, row[1], want)
		}
	}
	for key := range rows {
		if !slices.Contains(keys, key) {
			t.Errorf("docs/configuration.md: there is no key %s", key)
		}
	}
}

// defaultOf returns the default of a key as the documentation writes it.
func defaultOf(key string) string {
	v := reflect.ValueOf(*Default())
	table := ""
	for _, part := range strings.Split(key, ".") {
		v = v.Field(slices.Index(keysOf(v.Type()), part))
		table = join(table, part)
		if v.Kind() == reflect.Slice && isTable(table, v.Type()) {
			v = reflect.ValueOf(elements[v.Type().Elem()])
		}
	}
	k, single := kindOf(key, v.Type())
	switch {
	case !single && v.Len() > 0:
		return "`" + literal(key, v) + "`"
	case !single, v.IsZero() && k.quoted, key == "mark.mark", key == "service.mark":
		return "none"
	case !k.quoted:
		return k.text(v.Interface())
	}
	return "`" + k.literal(v.Interface()) + "`"
}

// TestDocsExample: the file that docs/configuration.md begins with is without a mistake.
func TestDocsExample(t *testing.T) {
	_, rest, found := strings.Cut(readText(t, "../docs/configuration.md"), "```toml\n")
	text, _, closed := strings.Cut(rest, "```\n")
	if !found || !closed {
		t.Fatal("no example")
	}
	if c, err := Parse("configuration.md", []byte(text)); err != nil || len(c.Warnings) > 0 {
		t.Fatal(err, c)
	}
}
