package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// place is where the project's programs and example configurations are: the folder above that of this program.
type place struct {
	cleatd, cleat string
	examples      string
}

func findPlace() (place, error) {
	self, err := os.Executable()
	if err != nil {
		return place{}, err
	}
	bin := filepath.Dir(self)
	p := place{
		cleatd:   filepath.Join(bin, "cleatd"),
		cleat:    filepath.Join(bin, "cleat"),
		examples: filepath.Join(filepath.Dir(bin), "conf", "examples"),
	}
	for _, file := range []string{p.cleatd, p.cleat, p.examples} {
		if _, err := os.Stat(file); err != nil {
			return place{}, fmt.Errorf("%w: run make build, and start bin/cleat-lab where it made it", err)
		}
	}
	return p, nil
}

// nginxPresent: without nginx the identity server answers.
func nginxPresent() bool {
	_, err := exec.LookPath("nginx")
	return err == nil
}
