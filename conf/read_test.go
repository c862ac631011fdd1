package conf

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	flag.Set("rapid.nofailfile", "true") // a test leaves nothing behind, also when it fails
	os.Exit(m.Run())
}

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with the file testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\ngot:\n%s\nwant:\n%s", name, got, want)
	}
}

// parseFile parses a file of testdata under its bare name.
func parseFile(t *testing.T, name string) (*Config, error) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return Parse(name, data)
}

func TestFiveMistakesAtOnce(t *testing.T) {
	_, err := parseFile(t, "five.toml")
	var all Errors
	if !errors.As(err, &all) {
		t.Fatalf("%T is not Errors: %v", err, err)
	}
	golden(t, "five.golden", all.Error()+"\n")
	text := strings.Split(readText(t, "testdata/five.toml"), "\n")
	for i, e := range all {
		if mark := "# " + string(rune('1'+i)); !strings.Contains(text[e.Line-1], mark) {
			t.Errorf("%v: line %d is %q, want the one with %q", e, e.Line, text[e.Line-1], mark)
		}
	}
}

func TestSyntaxErrorKeepsTheDecodersText(t *testing.T) {
	_, err := parseFile(t, "syntax.toml")
	golden(t, "syntax.golden", err.Error())
}

func readText(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestExamples(t *testing.T) {
	for name, want := range map[string]string{
		"rr.toml":   "tcp 10.0.0.1:80 rr 0s, tcp 10.0.0.1:443 rr 0s",
		"ppc.toml":  "tcp 10.0.0.1:80 rr 300s, tcp 10.0.0.1:443 rr 300s",
		"pcc.toml":  "tcp 10.0.0.1:0 rr 600s",
		"pfmc.toml": "mark 3 rr 600s",
	} {
		c, err := Read(filepath.Join("examples", name))
		if err != nil {
			t.Error(err)
			continue
		}
		var got []string
		for _, s := range c.Services {
			got = append(got, strings.Join([]string{s.Name(), s.Scheduler, formatDuration(s.Persistent)}, " "))
			if len(s.Servers) != 3 {
				t.Errorf("%s: %s has %d servers, want 3", name, s.Name(), len(s.Servers))
			}
		}
		if got := strings.Join(got, ", "); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if len(c.Warnings) > 0 {
			t.Errorf("%s: %v", name, c.Warnings)
		}
	}
}

// TestAllIsTheDefaults holds examples/all.toml to its first sentence: every key, at its default.
func TestAllIsTheDefaults(t *testing.T) {
	got, err := Read("examples/all.toml")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Ports, want.Marks, want.Services = got.Ports, got.Marks, got.Services
	if _, restart := Compare(want, got); restart != nil {
		t.Error(restart)
	}
	if got.TOML() != want.TOML() {
		t.Errorf("not the defaults:\n%s", got.TOML())
	}
	port := elements[reflect.TypeFor[Port]()].(Port)
	port.Name, port.Device, port.Addresses = got.Ports[0].Name, got.Ports[0].Device, got.Ports[0].Addresses
	service := elements[reflect.TypeFor[Service]()].(Service)
	service.TCP, service.Servers = got.Services[0].TCP, got.Services[0].Servers
	server := elements[reflect.TypeFor[Server]()].(Server)
	server.Address = got.Services[0].Servers[0].Address
	for _, p := range []struct{ got, want any }{
		{got.Ports[0], port},
		{got.Services[0], service},
		{got.Services[0].Servers[0], server},
		{got.Marks[0], Mark{Mark: got.Marks[0].Mark}},
	} {
		if !reflect.DeepEqual(p.got, p.want) {
			t.Errorf("got %+v, want %+v", p.got, p.want)
		}
	}
}

func TestAllHasEveryKey(t *testing.T) {
	text := readText(t, "examples/all.toml")
	for _, key := range allKeys() {
		last := key[strings.LastIndex(key, ".")+1:]
		if !strings.Contains(text, "\n"+last+" = ") && !strings.Contains(text, "\n# "+last+" = ") {
			t.Errorf("%s is missing", key)
		}
	}
}

// allKeys returns the keys of all single values and arrays of such.
func allKeys() (keys []string) {
	var walk func(table string, typ reflect.Type)
	walk = func(table string, typ reflect.Type) {
		for i, k := range keysOf(typ) {
			key, t := join(table, k), typ.Field(i).Type
			switch {
			case !isTable(key, t):
				keys = append(keys, key)
			case t.Kind() == reflect.Slice:
				walk(key, t.Elem())
			default:
				walk(key, t)
			}
		}
	}
	walk("", reflect.TypeFor[Config]())
	return keys
}

func TestReadFile(t *testing.T) {
	good := readText(t, "examples/rr.toml")
	for _, tt := range []struct {
		name, text string
		mode       os.FileMode
		wantErr    string
		wantWarn   string
	}{
		{"good", good, 0o644, "", ""},
		{"writable", good, 0o664, "", "F: others than the owner may write this file (mode 0664) (chmod go-w)"},
		{"large", good + strings.Repeat("#\n", maxSize/2), 0o644, "F: the file is larger than 8 MiB", ""},
		{"nul", "# a\n# \x00\n", 0o644, "F:2: a NUL byte; a TOML file is UTF-8 text", ""},
		{"deep array", "# a\na = " + strings.Repeat("[", maxSize/2-8) + strings.Repeat("]", maxSize/2-8), 0o644, "F:2: arrays, tables or dotted keys lie too deeply in each other", ""},
		{"deep key", strings.Repeat("a.", 100000) + "a = 1", 0o644, "F:1: arrays, tables or dotted keys lie too deeply in each other", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cleat.toml")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil { // whatever the umask is
				t.Fatal(err)
			}
			c, err := Read(path)
			var gotErr, gotWarn string
			if err != nil {
				gotErr = strings.ReplaceAll(err.Error(), path, "F")
			} else {
				gotWarn = strings.ReplaceAll(c.Warnings.Error(), path, "F")
			}
			if gotErr != tt.wantErr || gotWarn != tt.wantWarn {
				t.Errorf("error %q, warning %q; want %q, %q", gotErr, gotWarn, tt.wantErr, tt.wantWarn)
			}
		})
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.toml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}
