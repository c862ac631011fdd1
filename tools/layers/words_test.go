package layers

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// instead has the words that the project does not use in names, with the field's own.
var instead = map[string]string{
	"backend":  "real server: Real, rs",
	"upstream": "real server: Real, rs",
	"node":     "what it is: real server, NUMA socket, entry",
	"manager":  "what it does",
	"context":  "what it holds; a context.Context is called ctx",
	"util":     "the subject",
	"utility":  "the subject",
	"common":   "the subject",
	"helper":   "the subject",
	"master":   "main, first, owner",
	"slave":    "second, copy",
}

// imposed says whether Go gives a function or method its name: what takes a context.Context is called DoContext, and
// what stands in for testing.TB has a method Helper.
func imposed(name string) bool { return strings.HasSuffix(name, "Context") || name == "Helper" }

// TestWords looks at what the project declares and how its files are called, not at what it calls in other modules.
func TestWords(t *testing.T) {
	for _, f := range readSource(t) {
		for _, word := range words(strings.TrimSuffix(path.Base(f.path), ".go")) {
			if instead[word] != "" {
				t.Errorf("%s: %q is not used in names; say %s", f.path, word, instead[word])
			}
		}
		for _, name := range declared(f.tree) {
			for _, word := range words(name.Name) {
				if instead[word] != "" {
					t.Errorf("%s:%d: %s: %q is not used in names; say %s",
						f.path, f.set.Position(name.Pos()).Line, name.Name, word, instead[word])
				}
			}
		}
	}
}

// declared returns every name that a file gives to something.
func declared(file *ast.File) []*ast.Ident {
	names := []*ast.Ident{file.Name}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if !imposed(n.Name.Name) {
				names = append(names, n.Name)
			}
		case *ast.TypeSpec:
			names = append(names, n.Name)
		case *ast.ValueSpec:
			names = append(names, n.Names...)
		case *ast.Field: // of structs, interfaces, parameters, results, receivers
			if _, method := n.Type.(*ast.FuncType); !method || len(n.Names) != 1 || !imposed(n.Names[0].Name) {
				names = append(names, n.Names...)
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				names = append(names, identifiers(n.Lhs...)...)
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				names = append(names, identifiers(n.Key, n.Value)...)
			}
		}
		return true
	})
	return names
}

func identifiers(exprs ...ast.Expr) (names []*ast.Ident) {
	for _, e := range exprs {
		if id, ok := e.(*ast.Ident); ok {
			names = append(names, id)
		}
	}
	return names
}

// words cuts an identifier into its words, in lower case and singular: "newBackends" → "new", "backend".
func words(identifier string) []string {
	var parts []string
	start := 0
	runes := []rune(identifier)
	for i := 1; i <= len(runes); i++ {
		if i == len(runes) || !unicode.IsLetter(runes[i]) || unicode.IsUpper(runes[i]) && !unicode.IsUpper(runes[i-1]) || !unicode.IsLetter(runes[i-1]) {
			parts = append(parts, string(runes[start:i]))
			start = i
		}
	}
	for i, p := range parts {
		parts[i] = strings.TrimSuffix(strings.ToLower(p), "s")
	}
	return slices.DeleteFunc(parts, func(p string) bool { return p == "" })
}

func TestWordsOfAnIdentifier(t *testing.T) {
	for identifier, want := range map[string][]string{
		"newBackends":  {"new", "backend"},
		"http_util2go": {"http", "_", "util", "2", "go"},
		"NUMASocket":   {"numasocket"},
		"commonality":  {"commonality"},
		"Node":         {"node"},
	} {
		if got := words(identifier); !slices.Equal(got, want) {
			t.Errorf("words(%q) = %q, want %q", identifier, got, want)
		}
	}
}
