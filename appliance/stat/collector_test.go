package stat

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"cleat/lcore"
)

var update = flag.Bool("update", false, "write testdata and the tables of docs/metrics.md anew")

// scrape returns what Prometheus is answered.
func scrape(t *testing.T, h http.Handler) (status int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Code, w.Body.String()
}

// registry holds the collector only; a pedantic one holds Collect to what Describe promised.
func registry(source Source) *prometheus.Registry {
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(collector{source})
	return r
}

func TestExposition(t *testing.T) {
	const golden = "testdata/exposition.golden"
	_, got := scrape(t, promhttp.HandlerFor(registry(newFake()), promhttp.HandlerOpts{}))
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); go test -update writes it anew:\n%s", golden, diff)
	}
}

func TestLint(t *testing.T) {
	families, err := registry(newFake()).Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestEveryVerdictIsExposed(t *testing.T) {
	status, body := scrape(t, Handler(newFake()))
	if status != http.StatusOK {
		t.Fatal(status, body)
	}
	for _, v := range lcore.Verdicts() {
		family := "cleat_verdicts_total{verdict=%q,worker=%q} %d\n"
		if v.Drop() {
			family = "cleat_drops_total{reason=%q,worker=%q} %d\n"
		}
		for worker, n := range []int{3_000 + int(v), 0} {
			if line := fmt.Sprintf(family, v, fmt.Sprint(worker), n); strings.Count(body, "\n"+line) != 1 {
				t.Errorf("not once: %s", line)
			}
		}
	}
}

func TestRuntimeIsExposed(t *testing.T) {
	_, body := scrape(t, Handler(newFake()))
	for _, name := range []string{"go_goroutines", "process_cpu_seconds_total"} {
		if !strings.Contains(body, "\n"+name+" ") {
			t.Error("missing:", name)
		}
	}
}

func TestFailedScrapeSaysWhy(t *testing.T) {
	gone := errors.New("cleatd is stopping")
	for _, tt := range []struct {
		about string
		fail  func(*fake)
		why   string
	}{
		{"status", func(f *fake) { f.statusErr = gone }, "cleatd is stopping"},
		{"services", func(f *fake) { f.servicesErr = gone }, "cleatd is stopping"},
		{"workers", func(f *fake) { f.workersErr = gone }, "cleatd is stopping"},
		{"time", func(f *fake) { f.status.ConfigLoaded = "yesterday" }, `time of the configuration: parsing time "yesterday"`},
	} {
		f := newFake()
		tt.fail(&f)
		status, body := scrape(t, Handler(f))
		if status != http.StatusInternalServerError || !strings.Contains(body, tt.why) {
			t.Errorf("%s: %d %s", tt.about, status, body)
		}
	}
}

func TestSourceIsNotWaitedForWithoutEnd(t *testing.T) {
	f := newFake()
	f.asked = make(chan bool, 1)
	if status, body := scrape(t, Handler(f)); status != http.StatusOK || !<-f.asked {
		t.Error("the source's context has no deadline:", status, body)
	}
}

func TestReloadRefused(t *testing.T) {
	f := newFake()
	f.status.ReloadError = "cleat.toml:3: no"
	_, body := scrape(t, Handler(f))
	if !strings.Contains(body, "\ncleat_config_last_reload_successful 0\n") {
		t.Error(body)
	}
}
