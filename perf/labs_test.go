package main

import (
	"path/filepath"
	"testing"

	"cleat/conf"

	"cleat/perf/lab"
	"cleat/perf/path"
)

// TestLabs: the suites that come with cleat are sound, and ask for cases that there are.
func TestLabs(t *testing.T) {
	configs, err := filepath.Glob("labs/director/*.toml")
	if err != nil || len(configs) == 0 {
		t.Fatalf("%v, %v", configs, err)
	}
	for _, file := range configs {
		if c, err := conf.Read(file); err != nil || len(c.Warnings) != 0 {
			t.Errorf("%v, %v", err, c)
		}
	}
	files, err := filepath.Glob("labs/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		suite, err := lab.Read(file, checkOptions)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, step := range suite.Steps {
			only, asks := step.Options["case"].(string)
			if !asks {
				continue
			}
			s := &settings{only: only}
			switch step.Command {
			case "path":
				_, err = named(s, path.Cases, func(c *path.Case) string { return c.Name })
			case "floor":
				_, err = named(s, path.Floors, func(f *path.Floor) string { return f.Name })
			}
			if err != nil {
				t.Errorf("%s, step %s: %v", file, step.Name, err)
			}
		}
	}
}
