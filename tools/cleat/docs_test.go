package main

import (
	"bufio"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var longFlag = regexp.MustCompile(`--[a-z][a-z-]*`)

// TestDocs: docs/cli.md has every command and every flag.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	var look func(*cobra.Command)
	look = func(cmd *cobra.Command) {
		if !strings.Contains(string(page), "`"+cmd.CommandPath()) {
			t.Errorf("docs/cli.md does not have `%s`", cmd.CommandPath())
		}
		for _, flag := range longFlag.FindAllString(cmd.LocalFlags().FlagUsages(), -1) {
			if !strings.Contains(string(page), "`"+flag) {
				t.Errorf("docs/cli.md does not have `%s` of %s", flag, cmd.CommandPath())
			}
		}
		for _, sub := range cmd.Commands() {
			look(sub)
		}
	}
	for _, cmd := range newRoot(bufio.NewWriter(io.Discard)).Commands() {
		look(cmd)
	}
}
