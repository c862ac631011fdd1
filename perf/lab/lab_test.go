package lab

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checked is a Check that knows two commands.
func checked(command string, options map[string]any, measures bool) (option, hint string, err error) {
	if command != "measure" && (measures || command != "stay") {
		return "", "did you mean \"measure\"?", errors.New("unknown command")
	}
	for _, key := range slices.Sorted(maps.Keys(options)) {
		if key != "value" {
			return key, "did you mean \"value\"?", errors.New("unknown option")
		}
	}
	return "", "", nil
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "title = 'a'\n", "lab.toml: there is nothing to run (add [[step]] with command = \"path\")"},
		{"unknown key", "[[step]]\ncommand = 'measure'\noption.value = 1\n", `lab.toml:3: step.option: unknown key (did you mean "options"?)`},
		{"unknown command", "[[step]]\ncommand = 'mesure'\n", `lab.toml:2: step.command: unknown command (did you mean "measure"?)`},
		{"not a measurement", "[[step]]\ncommand = 'stay'\n", `lab.toml:2: step.command: unknown command (did you mean "measure"?)`},
		{"unknown option", "[[step]]\ncommand = 'measure'\n[step.options]\nvalue = 1\nvolume = 2\n", `lab.toml:5: step.options.volume: unknown option (did you mean "value"?)`},
		{"a table as option", "[[beside]]\ncommand = 'stay'\n[beside.options.value]\na = 2\n", `lab.toml:3: beside.options.value: must be a string, a number, a boolean or an array of them`},
		{"arrays in arrays", "[[step]]\ncommand = 'measure'\noptions.value = [[1]]\n", `lab.toml:3: step.options.value: must be a string, a number, a boolean or an array of them`},
		{"starts", "[[step]]\ncommand = 'measure'\nstarts = 101\n", `lab.toml:3: step.starts: 101: must be 1 to 100`},
		{"all at once", "[[step]]\ncommand = 'a'\n[[step]]\ncommand = 'b'\n", "lab.toml:2: step.command: unknown command (did you mean \"measure\"?)\nlab.toml:4: step.command: unknown command (did you mean \"measure\"?)"},
	} {
		t.Chdir(t.TempDir())
		if err := os.WriteFile("lab.toml", []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Read("lab.toml", checked)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
		}
	}
	if _, err := Read("nowhere.toml", checked); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// read makes a suite of a text.
func read(t *testing.T, text string) *Lab {
	t.Helper()
	name := filepath.Join(t.TempDir(), "suite.toml")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := Read(name, func(string, map[string]any, bool) (string, string, error) { return "", "", nil })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestArguments(t *testing.T) {
	l := read(t, "[[step]]\ncommand = 'path'\noptions = { case = ['a b', 'c'], time = '1s', n = 3, share = 0.5, all = true }\n")
	want := []string{"path", "--all=true", "--case=a b", "--case=c", "--n=3", "--share=0.5", "--time=1s"}
	if d := cmp.Diff(want, Arguments(l.Steps[0].Command, l.Steps[0].Options)); d != "" {
		t.Error(d)
	}
	if l.Title != "suite" {
		t.Errorf("title %q, want the file's name", l.Title)
	}
}

func TestRoles(t *testing.T) {
	l := read(t, `
[[beside]]
command = "everywhere"
[[beside]]
command = "servers"
role = "reflect"
[[step]]
command = "load"
role = "gen"
`)
	for role, want := range map[string]string{"": "everywhere servers | load", "gen": "everywhere | load", "reflect": "everywhere servers |"} {
		mine, err := l.For(role)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, p := range mine.Beside {
			words = append(words, p.Command)
		}
		words = append(words, "|")
		for _, s := range mine.Steps {
			words = append(words, s.Command)
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%q: %s, want %s", role, got, want)
		}
	}
	if _, err := l.For("x"); err == nil || err.Error() != `--role "x": the suite has gen, reflect` {
		t.Error(err)
	}
	if _, err := read(t, "[[step]]\ncommand = 'path'\n").For("x"); err == nil || err.Error() != `--role "x": the suite has no roles` {
		t.Error(err)
	}
}
