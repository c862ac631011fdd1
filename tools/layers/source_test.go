package layers

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	root   = "../.." // the repository, seen from here
	module = "cleat"
)

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	ImportPath   string
	Standard     bool
	Imports      []string // of non-test files
	Deps         []string // all that Imports lead to
	TestImports  []string
	XTestImports []string
	Module       *struct{ Path string }
}

// ours says whether a package belongs to the project.
func ours(importPath string) bool { return strings.HasPrefix(importPath, module+"/") }

// packages are the project's packages and all that they and their tests need, by import path. CGO_ENABLED=1 only
// makes `go list` look at files with import "C" too; it compiles nothing.
var packages = sync.OnceValues(func() (map[string]goPackage, error) {
	list := exec.Command("go", "list", "-e", "-deps", "-test",
		"-json=ImportPath,Standard,Imports,Deps,TestImports,XTestImports,Module", "./...")
	list.Dir = root
	list.Env = append(os.Environ(), "CGO_ENABLED=1", "GOFLAGS=-mod=readonly")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, err
	}
	found := map[string]goPackage{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		if !strings.HasSuffix(p.ImportPath, ".test") && !strings.HasSuffix(p.ImportPath, "]") {
			found[p.ImportPath] = p // neither a test binary nor a package recompiled for one
		}
	}
})

func listPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	found, err := packages()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return found
}

// sourceFile is one parsed Go file of the project.
type sourceFile struct {
	path  string // from the repository's root: "lcore/burst/burst.go"
	lines int
	set   *token.FileSet
	tree  *ast.File
}

func (f sourceFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

func (f sourceFile) imports(path string) bool {
	for _, spec := range f.tree.Imports {
		if strings.Trim(spec.Path.Value, "`\"") == path {
			return true
		}
	}
	return false
}

// sourceFiles are all Go files of the project that people wrote.
var sourceFiles = sync.OnceValues(func() ([]sourceFile, error) {
	var files []sourceFile
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if ast.IsGenerated(tree) {
			return nil
		}
		name, err := filepath.Rel(root, path)
		files = append(files, sourceFile{filepath.ToSlash(name), set.File(tree.FileStart).LineCount() - 1, set, tree})
		return err
	})
	return files, err
})

func readSource(t *testing.T) []sourceFile {
	t.Helper()
	files, err := sourceFiles()
	if err != nil {
		t.Fatalf("reading the source: %v", err)
	}
	return files
}
