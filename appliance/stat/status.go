package stat

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cleat/appliance/api"
)

var info = prometheus.NewDesc("cleat_info", "Always 1; its labels are the versions of cleatd and of DPDK.",
	[]string{"version", "dpdk"}, nil)

var loaded = prometheus.NewDesc("cleat_config_last_reload_success_timestamp_seconds",
	"When the configuration in force was read, in Unix time.", nil, nil)

var statusMetrics = []metric[api.Status]{
	figure(nil, "cleat_uptime_seconds", "Time since cleatd was started.",
		func(s *api.Status) float64 { return s.UptimeSeconds }),
	figure(nil, "cleat_hugepages", "1 if the tables lie in hugepages, 0 if in ordinary memory, which is slower.",
		func(s *api.Status) float64 { return truth(s.Hugepages) }),
	figure(nil, "cleat_config_generation", "Number of the tables that every worker uses; every change raises it: a reload that changes something, a next hop that comes or goes.",
		func(s *api.Status) uint64 { return s.Generation }),
	figure(nil, "cleat_config_last_reload_successful", "1, or 0 if the last reload was refused: the configuration before it is still in force.",
		func(s *api.Status) float64 { return truth(s.ReloadError == "") }),
}

func collectStatus(ch chan<- prometheus.Metric, s *api.Status) {
	ch <- prometheus.MustNewConstMetric(info, prometheus.GaugeValue, 1, s.Version, s.DPDK)
	collect(ch, statusMetrics, s)
	at, err := time.Parse(time.RFC3339, s.ConfigLoaded)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(loaded, fmt.Errorf("time of the configuration: %w", err))
		return
	}
	ch <- prometheus.MustNewConstMetric(loaded, prometheus.GaugeValue, float64(at.Unix()))
}
