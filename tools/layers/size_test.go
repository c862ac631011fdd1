package layers

import (
	"go/ast"
	"testing"
)

const (
	longestFile     = 400 // lines
	longestFunction = 60  // lines, from func to its closing brace
)

// TestSize: what is longer is two things. Tests may be as long as their tables.
func TestSize(t *testing.T) {
	for _, f := range readSource(t) {
		if f.isTest() {
			continue
		}
		if f.lines > longestFile {
			t.Errorf("%s has %d lines; at most %d: split it by subject", f.path, f.lines, longestFile)
		}
		for _, decl := range f.tree.Decls {
			function, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			first, last := f.set.Position(function.Pos()).Line, f.set.Position(function.End()).Line
			if n := last - first + 1; n > longestFunction {
				t.Errorf("%s:%d: function %s has %d lines; at most %d: name its steps as functions", f.path, first, function.Name.Name, n, longestFunction)
			}
		}
	}
}
