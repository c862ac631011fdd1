package stat

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"

	"cleat/lcore"
)

func readDocs(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func gather(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	families, err := registry(newFake()).Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// row is how docs/metrics.md describes a metric.
func row(f *dto.MetricFamily) string {
	var labels []string
	for _, l := range f.Metric[0].Label {
		labels = append(labels, "`"+l.GetName()+"`")
	}
	kind := strings.ToLower(f.GetType().String())
	return fmt.Sprintf("| `%s` | %s | %s | %s |\n", f.GetName(), kind, strings.Join(labels, ", "), f.GetHelp())
}

// TestDocumented holds the table of docs/metrics.md and what is exposed equal: it is the list of names on which
// dashboards and alerts rely, so a change of it is a change for users.
func TestDocumented(t *testing.T) {
	var want, got strings.Builder
	for line := range strings.Lines(readDocs(t)) {
		if strings.HasPrefix(line, "| `cleat_") {
			want.WriteString(line)
		}
	}
	for _, f := range gather(t) {
		got.WriteString(row(f))
	}
	if diff := cmp.Diff(want.String(), got.String()); diff != "" {
		t.Errorf("docs/metrics.md (-documented +exposed):\n%s", diff)
	}
}

// TestVerdictsAreDocumented: every verdict, and nothing else, has a row of two cells, in lcore's order.
func TestVerdictsAreDocumented(t *testing.T) {
	var want, got []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| [^|]+ \\|$").FindAllStringSubmatch(readDocs(t), -1) {
		got = append(got, m[1])
	}
	for _, v := range lcore.Verdicts() {
		want = append(want, v.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/metrics.md (-verdicts +documented):\n%s", diff)
	}
}

// TestExamplesNameWhatThereIs holds the alerts and queries to metrics and reasons that exist.
func TestExamplesNameWhatThereIs(t *testing.T) {
	known := map[string]bool{}
	for _, f := range gather(t) {
		known[f.GetName()] = true
		if f.GetType() == dto.MetricType_HISTOGRAM {
			known[f.GetName()+"_bucket"] = true
		}
	}
	for _, v := range lcore.Verdicts() {
		known[v.String()] = true
	}
	docs := readDocs(t)
	for _, name := range regexp.MustCompile(`cleat_[a-z_]+`).FindAllString(docs, -1) {
		if !known[name] {
			t.Errorf("docs/metrics.md: there is no metric %s", name)
		}
	}
	for _, m := range regexp.MustCompile(`(?:reason|verdict)=~?"([a-z_|]+)"`).FindAllStringSubmatch(docs, -1) {
		for name := range strings.SplitSeq(m[1], "|") {
			if !known[name] {
				t.Errorf("docs/metrics.md: there is no verdict %s", name)
			}
		}
	}
}
