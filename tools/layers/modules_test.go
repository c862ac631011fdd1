package layers

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestModulesExplained: docs/dependencies.md has one line for every module that the project imports itself, tests
// included, and none for a module that go.mod does not have.
func TestModulesExplained(t *testing.T) {
	explained := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z0-9.-]+\.[a-z]+(?:/[A-Za-z0-9._-]+)+) \|`).FindAllStringSubmatch(read(t, "docs/dependencies.md"), -1) {
		explained[row[1]] = true
	}
	all := listPackages(t)
	imported := map[string]string{} // module → a package that imports it
	for _, p := range all {
		for _, name := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if dep := all[name]; ours(p.ImportPath) && !ours(name) && dep.Module != nil {
				imported[dep.Module.Path] = p.ImportPath
			}
		}
	}
	for _, m := range slices.Sorted(maps.Keys(imported)) {
		if !explained[m] {
			t.Errorf("%s imports module %s: docs/dependencies.md needs a line \"| %s | why | licence | what would replace it |\"", imported[m], m, m)
		}
	}
	required := read(t, "go.mod")
	for _, m := range slices.Sorted(maps.Keys(explained)) {
		if !strings.Contains(required, m+" v") {
			t.Errorf("docs/dependencies.md explains module %s, which go.mod does not require: delete the line", m)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
