package stat

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"cleat/appliance/api"
	"cleat/lcore"
)

// Source is what a scrape asks. Its methods are called from many goroutines at once.
type Source interface {
	Status(ctx context.Context) (api.Status, error)
	Services(ctx context.Context) ([]api.Service, error)
	Workers(ctx context.Context) ([]api.Worker, error)
	Counters() []lcore.Counters // by worker number
}

// patience is how long one scrape may wait for the source: half of the 10 s after which Prometheus gives up, so that it
// is told why.
const patience = 5 * time.Second

// Handler serves the metrics of source, and those of the Go runtime and of the process, to Prometheus. If source gives
// an error the scrape fails with status 500 and the error's text: no figures rather than some.
func Handler(source Source) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collector{source}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError})
}

// collector counts nothing itself: it reads at every scrape what the workers have published, and waits for none of them.
// How many series it makes is bounded by the configuration (services, real servers, ports, workers), not by traffic.
type collector struct{ source Source }

// Describe implements prometheus.Collector.
func (collector) Describe(ch chan<- *prometheus.Desc) {
	describe(ch, statusMetrics)
	describe(ch, serviceMetrics)
	describe(ch, serverMetrics)
	describe(ch, portMetrics)
	describe(ch, counterMetrics)
	describe(ch, workerMetrics)
	for _, d := range portStats {
		ch <- d
	}
	for _, d := range []*prometheus.Desc{info, loaded, workerInfo, verdicts, drops, pollGaps, portSteering} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.collect(ctx, ch); err != nil {
		ch <- prometheus.NewInvalidMetric(info, err)
	}
}

func (c collector) collect(ctx context.Context, ch chan<- prometheus.Metric) error {
	status, err := c.source.Status(ctx)
	if err != nil {
		return err
	}
	services, err := c.source.Services(ctx)
	if err != nil {
		return err
	}
	workers, err := c.source.Workers(ctx)
	if err != nil {
		return err
	}
	collectStatus(ch, &status)
	for i := range services {
		collectService(ch, &services[i])
	}
	for i := range status.Ports {
		collectPort(ch, &status.Ports[i])
	}
	for i := range workers {
		collectWorker(ch, &workers[i])
	}
	for i, counters := range c.source.Counters() {
		collectCounters(ch, i, &counters)
	}
	return nil
}
