package stat

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// metric is one figure of a T. Metrics that differ in a fixed label only have one name and one help text.
type metric[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*T) float64
}

type number interface {
	~int | ~int64 | ~uint32 | ~uint64 | ~float64
}

// figure makes a metric with the given labels and at most one fixed label, its name and value. It is a counter if its name
// says so by ending in _total, else a gauge.
func figure[T any, N number](labels []string, name, help string, value func(*T) N, fixed ...string) metric[T] {
	m := metric[T]{kind: prometheus.GaugeValue, value: func(t *T) float64 { return float64(value(t)) }}
	if strings.HasSuffix(name, "_total") {
		m.kind = prometheus.CounterValue
	}
	var constant prometheus.Labels
	if len(fixed) != 0 {
		constant = prometheus.Labels{fixed[0]: fixed[1]}
	}
	m.desc = prometheus.NewDesc(name, help, labels, constant)
	return m
}

func describe[T any](ch chan<- *prometheus.Desc, all []metric[T]) {
	for _, m := range all {
		ch <- m.desc
	}
}

func collect[T any](ch chan<- prometheus.Metric, all []metric[T], of *T, labels ...string) {
	for _, m := range all {
		ch <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(of), labels...)
	}
}

// truth is 1 or 0, as Prometheus writes yes and no.
func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
