package layers

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// A layer says what its packages may import. Patterns are import paths without the module's name; one that
// ends in "/..." matches the folder and all below it.
type layer struct {
	of      []string          // its packages
	project []string          // what of the project it may import
	modules bool              // may it import modules from outside?
	never   map[string]string // standard packages it must not lead to, each with what to use instead
	instead string            // what to do about any other import that is not allowed
}

// The layers, outermost last; the first that matches counts. Arrows point inward only:
// appliance → {conf, cgo, lcore}; cgo → lcore/burst; lcore → its own leaves.
var layers = []layer{
	{
		of: []string{"lcore/lcoretest/..."}, project: []string{"lcore/..."}, modules: true,
		instead: "test ports stand beside the data path: hand in from the test what they need",
	},
	{
		of: []string{"lcore/..."}, project: []string{"lcore/..."},
		never: map[string]string{
			"C":        "C belongs to cgo/; lcore meets it only as an interface of lcore/burst",
			"fmt":      "return a verdict, or an error made by errors.New; appliance/ finds the words",
			"log":      "raise a verdict or a counter; appliance/ logs",
			"log/slog": "raise a verdict or a counter; appliance/ logs",
			"net":      "net/netip or lcore/flow.Addr for addresses; sockets belong to appliance/",
			"os":       "appliance/ reads files and the environment and hands in values",
		},
		instead: "the data path is pure Go on the standard library and its own leaves: take what you need as a value or an interface",
	},
	{
		of: []string{"conf/..."}, project: []string{"conf/..."}, modules: true,
		instead: "conf is plain data; what turns it into live state belongs to appliance/director",
	},
	{
		of: []string{"cgo/..."}, project: []string{"cgo/...", "lcore/burst"}, modules: true,
		instead: "the binding knows packets by lcore/burst alone: take the rest as plain parameters",
	},
	{
		of: []string{"tools/..."}, project: []string{"tools/...", "conf/...", "appliance/api"}, modules: true,
		instead: "tools talk to cleatd over its socket, in the words of appliance/api",
	},
	{
		of: []string{"appliance/api"}, modules: true,
		instead: "the control API is plain data that both ends share",
	},
	{
		of: []string{"appliance/..."}, project: []string{"appliance/...", "conf/...", "cgo/...", "lcore/..."}, modules: true,
		instead: "the appliance does not need its tools",
	},
	{
		of: []string{"perf/..."}, project: []string{"perf/...", "conf/...", "cgo/...", "lcore/...", "appliance/api"}, modules: true,
		instead: "the perf lab looks at cleatd from outside, over DPDK ports and its socket",
	},
}

func TestLayers(t *testing.T) {
	all := listPackages(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !ours(name) {
			continue
		}
		for _, complaint := range check(all[name], all) {
			t.Errorf("%s %s", name, complaint)
		}
	}
}

// check returns what is wrong with the imports of a package's non-test files.
func check(p goPackage, all map[string]goPackage) (complaints []string) {
	l := layerOf(p.ImportPath)
	if l == nil {
		return []string{"is in no layer: give its folder one in tools/layers/layers_test.go"}
	}
	for _, imported := range p.Imports {
		switch {
		case l.never[imported] != "":
			complaints = append(complaints, "imports "+imported+": "+l.never[imported])
		case l.allows(p.ImportPath, imported, all[imported].Standard):
		default:
			complaints = append(complaints, "imports "+imported+": "+l.instead)
		}
	}
	for _, dep := range p.Deps {
		if l.never[dep] != "" && !slices.Contains(p.Imports, dep) {
			complaints = append(complaints, "leads to "+dep+" by way of one of "+strings.Join(p.Imports, ", ")+": "+l.never[dep])
		}
	}
	return complaints
}

func layerOf(importPath string) *layer {
	for i := range layers {
		if matches(layers[i].of, importPath) {
			return &layers[i]
		}
	}
	return nil
}

// allows says whether a package of the layer, from, may import importPath; l.never has been asked already.
func (l *layer) allows(from, importPath string, standard bool) bool {
	switch {
	case standard || importPath == "C":
		return true
	case ours(importPath):
		return matches(l.project, importPath) && (!isTestTool(importPath) || isTestTool(from))
	default:
		return l.modules
	}
}

// isTestTool: folders named as lcore/lcoretest are for _test.go files.
func isTestTool(importPath string) bool { return strings.HasSuffix(path.Base(importPath), "test") }

func matches(patterns []string, importPath string) bool {
	inside, ok := strings.CutPrefix(importPath, module+"/")
	return ok && slices.ContainsFunc(patterns, func(pattern string) bool {
		folder, tree := strings.CutSuffix(pattern, "/...")
		return inside == folder || tree && strings.HasPrefix(inside, folder+"/")
	})
}

// TestCheck proves that the rules bite: imports that nobody has, and what is said of them.
func TestCheck(t *testing.T) {
	all := map[string]goPackage{"fmt": {Standard: true}, "net/netip": {Standard: true}}
	for _, c := range []struct {
		of, imported string
		allowed      bool
	}{
		{"lcore", "cleat/lcore/wire", true},
		{"lcore", "net/netip", true},
		{"lcore", "fmt", false},
		{"lcore", "C", false},
		{"lcore", "github.com/spf13/cobra", false},
		{"lcore/burst", "cleat/cgo/eal", false},
		{"lcore/burst", "cleat/conf", false},
		{"lcore", "cleat/appliance/api", false},
		{"lcore", "cleat/lcore/lcoretest", false},
		{"lcore/lcoretest", "fmt", true},
		{"conf", "github.com/spf13/cobra", true},
		{"conf", "cleat/lcore", false},
		{"cgo/eal", "C", true},
		{"cgo/eal", "cleat/lcore/burst", true},
		{"cgo/eal", "cleat/lcore/wire", false},
		{"tools/lab", "cleat/appliance/api", true},
		{"tools/lab", "cleat/appliance/stat", false},
		{"tools/lab", "cleat/cgo/eal", false},
		{"appliance/api", "cleat/conf", false},
		{"appliance/stat", "cleat/lcore", true},
		{"appliance/stat", "cleat/tools/lab", false},
		{"newfolder", "fmt", false},
	} {
		p := goPackage{ImportPath: module + "/" + c.of, Imports: []string{c.imported}}
		if complaints := check(p, all); (len(complaints) == 0) != c.allowed {
			t.Errorf("%s imports %s: got %q; want allowed: %v", c.of, c.imported, complaints, c.allowed)
		}
	}
}

// TestUnsafe: unsafe and C stay where the path says so.
func TestUnsafe(t *testing.T) {
	for _, f := range readSource(t) {
		if strings.HasPrefix(f.path, "cgo/") {
			continue
		}
		name := strings.TrimSuffix(strings.TrimSuffix(f.path, ".go"), "_test")
		if f.imports("unsafe") && !(strings.HasPrefix(f.path, "lcore/") && strings.HasSuffix(name, "_unsafe")) {
			t.Errorf("%s imports unsafe: only cgo/ and files of lcore/ named *_unsafe.go do; move what needs it there", f.path)
		}
		if f.imports("C") {
			t.Errorf("%s imports C: all C is in cgo/", f.path)
		}
	}
}
