package layers

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	row    = regexp.MustCompile(`(?m)^\| (\d+) \| (.*?) \| (.*?) \|(?: (.*) \|)?$`)
	judged = regexp.MustCompile(`^(done|differs|means nothing|not yet)\b`)
)

// TestParity holds docs/ipvs.md to docs/spec/features.md: every row is there, judged, and what is there is shown by tests and by scenarios that exist.
func TestParity(t *testing.T) {
	const page = "docs/ipvs.md"
	want, got := row.FindAllStringSubmatch(read(t, "docs/spec/features.md"), -1), row.FindAllStringSubmatch(read(t, page), -1)
	if len(want) < 123 || len(got) != len(want) {
		t.Fatalf("%s: %d features, the specification has %d", page, len(got), len(want))
	}
	for i, feature := range want {
		number, name, here, shown := got[i][1], strings.ReplaceAll(got[i][2], "`", ""), judged.FindString(got[i][3]), span.FindAllString(got[i][4], -1)
		if number != feature[1] || name != feature[2] {
			t.Errorf("%s: %s %s, want %s %s", page, number, name, feature[1], feature[2])
		}
		if here == "" {
			t.Errorf("%s: %s is neither done, nor does it differ, mean nothing, nor is it not yet there", page, number)
		}
		if (here == "done" || here == "differs") && len(shown) == 0 {
			t.Errorf("%s: %s: nothing shows it", page, number)
		}
		for _, s := range shown {
			if what := missing(t, strings.Fields(strings.Trim(s, "`"))); what != "" {
				t.Errorf("%s: %s: %s", page, number, what)
			}
		}
	}
}

// missing returns what there is not of a test file and its tests, or of a scenario; "" if all is there.
func missing(t *testing.T, words []string) string {
	if len(words) == 1 {
		if _, err := os.Stat(filepath.Join(root, "tools/lab/play/testdata/scenarios", words[0]+".json")); err != nil {
			return "no scenario " + words[0]
		}
		return ""
	}
	source := read(t, words[0])
	for _, name := range words[1:] {
		if !strings.Contains(source, "\nfunc "+name+"(") {
			return words[0] + " has no " + name
		}
	}
	return ""
}

// TestAcceptedIsTold: every difference that the judge of the scenarios accepts is explained.
func TestAcceptedIsTold(t *testing.T) {
	told := span.FindAllString(read(t, "docs/ipvs.md"), -1)
	for line := range strings.Lines(read(t, "tools/lab/play/accepted.txt")) {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" && !slices.Contains(told, "`"+words[0]+"`") {
			t.Errorf("docs/ipvs.md does not tell of %s", words[0])
		}
	}
}
