package conf

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

func TestLines(t *testing.T) {
	const text = `# 1
a = 1
[workers] # 3
lcores = [ # 4
  1, # ] , [
  2,
]

[[port]] # 9
name = "o]ut#side"
addresses = ["a", "b"] # 11
[[port]] # 12
name = '''
x''''' # 13
"quoted key" = """\"""" # 15
'a.b' = 1 # 16
x.y . z = 1979-05-27 # 17
[network]
[[network.route]] # 19
to = 1
[[network.route]] # 21
to = 2
[[service]] # 23
server = [{address = "a", weight = 1}, { # 24
  address = "b" }] # 25
[[service]] # 26
[[service.server]] # 27
weight = 2
[[service.server]] # 29
weight = 3
[service.extra] # 31
k = {}
`
	want := lines{
		"a": 2, "workers": 3, "workers.lcores": 4, "workers.lcores[0]": 5, "workers.lcores[1]": 6,
		"port": 9, "port[0]": 9, "port[0].name": 10, "port[0].addresses": 11, "port[0].addresses[0]": 11, "port[0].addresses[1]": 11,
		"port[1]": 12, "port[1].name": 13, `port[1]."quoted key"`: 15, `port[1]."a.b"`: 16,
		"port[1].x": 17, "port[1].x.y": 17, "port[1].x.y.z": 17,
		"network": 18, "network.route": 19, "network.route[0]": 19, "network.route[0].to": 20, "network.route[1]": 21, "network.route[1].to": 22,
		"service": 23, "service[0]": 23, "service[0].server": 24, "service[0].server[0]": 24, "service[0].server[0].address": 24,
		"service[0].server[0].weight": 24, "service[0].server[1]": 24, "service[0].server[1].address": 25,
		"service[1]": 26, "service[1].server": 27, "service[1].server[0]": 27, "service[1].server[0].weight": 28,
		"service[1].server[1]": 29, "service[1].server[1].weight": 30, "service[1].extra": 31, "service[1].extra.k": 32,
	}
	got, deep := indexLines(text)
	if deep != 0 {
		t.Fatalf("too deep on line %d", deep)
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if got[path] != want[path] {
			t.Errorf("%s: line %d, want %d", path, got[path], want[path])
		}
		delete(got, path)
	}
	if len(got) > 0 {
		t.Errorf("too many: %v", got)
	}
}

func TestLineOfWhatIsMissing(t *testing.T) {
	l := lines{"port": 3, "port[1]": 7}
	for path, want := range map[string]int{"port[1].name": 7, "port[0].name": 3, "port[1].addresses[2]": 7, "log.level": 0, "": 0} {
		if got := l.find(path); got != want {
			t.Errorf("%s: line %d, want %d", path, got, want)
		}
	}
}

// paths returns the paths of everything in a tree that the TOML decoder made.
func paths(path string, v any) (all []string) {
	if path != "" {
		all = append(all, path)
	}
	if m, ok := v.(map[string]any); ok {
		for k, v := range m {
			all = append(all, paths(join(path, k), v)...)
		}
	} else if list := reflect.ValueOf(v); list.Kind() == reflect.Slice {
		for i := range list.Len() {
			all = append(all, paths(at(path, i), list.Index(i).Interface())...)
		}
	}
	return all
}

// FuzzLines: in every text that is TOML the scanner finds exactly what the decoder finds, on lines that there are
// and that hold the key.
func FuzzLines(f *testing.F) {
	f.Add("a = [[1, 2], {b.c = 3}]\n[[x]]\n[x.y]\nz = '''\n'''\n")
	f.Add("a.\"b\\u00e4\".c = \"\\\\\"\r\n[ q . r ]\r\n")
	f.Add("\xff\xfea = 1")
	f.Add("\ufeffa = 1")
	f.Add("a = {\n b = 1, # }\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, deep := indexLines(text)
		if deep > 0 {
			return
		}
		var tree map[string]any
		if _, err := toml.Decode(text, &tree); err != nil {
			return
		}
		want := slices.Sorted(slices.Values(paths("", tree)))
		if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, want) {
			t.Fatalf("found %q, want %q", keys, want)
		}
		rows := strings.Split(text, "\n")
		for path, line := range got {
			last := path[strings.LastIndexAny(path, ".]")+1:]
			if line < 1 || line > len(rows) || !strings.Contains(path, `"`) && !strings.ContainsAny(text, `"'`) && !strings.Contains(rows[line-1], last) {
				t.Fatalf("%s: not on line %d", path, line)
			}
		}
	})
}
