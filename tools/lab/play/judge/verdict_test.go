package judge

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a folder of files.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestFolders(t *testing.T) {
	answer := func(server string) string {
		return `{"setup":null,"steps":[{"i":4,"op":"tcp","client":"172.16.0.1:1","to":"10.0.0.1:80","result":"` + server + `"}]}`
	}
	kernel := write(t, map[string]string{"a.json": answer("rs1"), "b.json": answer("rs2"), "notes.txt": "no recording"})
	const differs = "a: step 4 result: tcp 172.16.0.1:1 → 10.0.0.1:80: kernel \"rs1\", here \"rs2\"\n"
	for _, c := range []struct {
		here   map[string]string
		accept string
		want   string
		err    error
	}{
		{here: map[string]string{"a.json": answer("rs1"), "b.json": answer("rs2")}, want: "AGREE 2\n"},
		{here: map[string]string{"a.json": answer("rs1"), "b.json": `{"skipped":"why"}`}, want: "AGREE 1, 1 skipped\n"},
		{here: map[string]string{"a.json": answer("rs2"), "b.json": answer("rs2")}, want: differs + "DIFFER 1 of 2 scenarios\n", err: ErrDiffer},
		{here: map[string]string{"a.json": answer("rs2"), "b.json": answer("rs2")}, accept: "a 4 result: because\n", want: "AGREE 2, 1 differences accepted\n"},
		{here: map[string]string{"a.json": answer("rs2"), "b.json": answer("rs2")}, accept: "a *: because", want: "AGREE 2, 1 differences accepted\n"},
		{here: map[string]string{"a.json": answer("rs2"), "b.json": answer("rs2")}, accept: "b *: because\na 5: because\na 4 at: because", want: differs + "DIFFER 1 of 2 scenarios\n", err: ErrDiffer},
	} {
		rules, err := ReadRules(filepath.Join(write(t, map[string]string{"accepted": "# differences\n\n" + c.accept}), "accepted"))
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		if err := Folders(&said, kernel, write(t, c.here), rules); !errors.Is(err, c.err) {
			t.Errorf("%v: %v, want %v", c.here, err, c.err)
		}
		if said.String() != c.want {
			t.Errorf("%v, accepted %q:\n%s; want:\n%s", c.here, c.accept, said.String(), c.want)
		}
	}
}

// TestNoResult: a scenario without a result, or with a broken one, differs; a single file is judged by another.
func TestNoResult(t *testing.T) {
	kernel := write(t, map[string]string{"a.json": "{}", "b.json": "{}"})
	here := write(t, map[string]string{"b.json": "{"})
	var said strings.Builder
	if err := Folders(&said, kernel, here, nil); !errors.Is(err, ErrDiffer) || strings.Count(said.String(), "no result: ") != 2 {
		t.Errorf("%v, %s", err, said.String())
	}
	said.Reset()
	if err := Folders(&said, filepath.Join(kernel, "a.json"), filepath.Join(kernel, "b.json"), nil); err != nil || said.String() != "AGREE 1\n" {
		t.Errorf("%v, %s", err, said.String())
	}
	if err := Folders(&said, here+"/nothing", here, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no recordings: %v", err)
	}
	if err := Folders(&said, t.TempDir(), here, nil); err == nil || errors.Is(err, ErrDiffer) {
		t.Errorf("an empty folder of recordings: %v", err)
	}
}

func TestReadRules(t *testing.T) {
	for text, want := range map[string]string{
		"a 4":             `accepted:1: "a 4" is not`,
		"# x\na: because": `accepted:2: "a: because" is not`,
		"a 4 at seen: b":  `accepted:1: "a 4 at seen: b" is not`,
		"a 4:":            `accepted:1: "a 4:" is not`,
	} {
		folder := write(t, map[string]string{"accepted": text})
		if _, err := ReadRules(filepath.Join(folder, "accepted")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := ReadRules("nothing"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
