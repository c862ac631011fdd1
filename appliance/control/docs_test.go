package control

import (
	"os"
	"strings"
	"testing"

	"cleat/appliance/api"
)

// TestDocs: docs/api.md has every endpoint, every key of a filter and every state.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	s, _ := unserved(t, &fake{})
	for _, want := range append(append(s.endpoints(), api.FilterKeys...), append(api.States, api.Protocols...)...) {
		if !strings.Contains(string(page), "`"+want+"`") {
			t.Errorf("docs/api.md does not have `%s`", want)
		}
	}
}
