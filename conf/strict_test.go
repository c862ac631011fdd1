package conf

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

type suite struct {
	Title string `toml:"title"`
	Steps []struct {
		Command string         `toml:"command"`
		Times   int            `toml:"times"`
		Options map[string]any `toml:"options"`
	} `toml:"step"`
}

func TestStrict(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"right", "title = 'a'\n[[step]]\ncommand = 'path'\noptions.anything = 1\n", ""},
		{"unknown key", "titel = 'a'\n", `f.toml:1: titel: unknown key (did you mean "title"?)`},
		{
			"in each of several tables", "[[step]]\ncomand = 'a'\n[[step]]\ntimes = 1\n[[step]]\ncomand = 'b'\n",
			"f.toml:2: step.comand: unknown key (did you mean \"command\"?)\nf.toml:6: step.comand: unknown key (did you mean \"command\"?)",
		},
		{"unknown table, once", "[stop]\na = 1\nb = 2\n", `f.toml:1: stop: unknown key (did you mean "step"?)`},
		{"dotted", "title = 'a'\nstop.a.b = 1\n", `f.toml:2: stop: unknown key (did you mean "step"?)`},
		{"not TOML", "title = a\n", "f.toml:1: not TOML at column 9: expected value but found \"a\" instead (words and addresses stand in quotes: \"rr\")"},
		{"another type", "title = 'a'\n[[step]]\ntimes = 'x'\n", "f.toml:3: step.times: incompatible types: TOML value has type string; destination has type integer"},
		{"NUL", "title = 'a'\n\x00", "f.toml:2: a NUL byte; a TOML file is UTF-8 text"},
		{"deep", "a" + repeat(".a", 20) + " = 1\n", "f.toml:1: arrays, tables or dotted keys lie too deeply in each other"},
	} {
		var s suite
		_, err := Strict("f.toml", []byte(c.text), &s)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func repeat(s string, n int) (all string) {
	for range n {
		all += s
	}
	return all
}

// TestStrictPlaces: what reads the file further can tell lines, too.
func TestStrictPlaces(t *testing.T) {
	var s suite
	text, err := Strict("f.toml", []byte("[[step]]\ncommand = 'a'\n\n[[step]]\ncommand = 'b'\n[step.options]\nx = 1\n"), &s)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"step[1].command":   "f.toml:5: step.command: wrong (try another)",
		"step[1].options.x": "f.toml:7: step.options.x: wrong (try another)",
		"step[0].times":     "f.toml:1: step.times: wrong (try another)",
	} {
		if got := text.Error(path, "try another", "wrong").Error(); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
