package stat

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"cleat/appliance/api"
)

var (
	ofService = []string{"protocol", "service"}
	ofServer  = []string{"protocol", "service", "server"}
)

var serviceMetrics = traffic("cleat_service_", "the virtual service", ofService,
	func(s *api.Service) *api.Counters { return &s.Counters })

var serverMetrics = append(
	traffic("cleat_server_", "the real server", ofServer, func(s *api.Server) *api.Counters { return &s.Counters }),
	figure(ofServer, "cleat_server_connection_entries", serverConnections,
		func(s *api.Server) int64 { return s.Active }, "state", "active"),
	figure(ofServer, "cleat_server_connection_entries", serverConnections,
		func(s *api.Server) int64 { return s.Inactive }, "state", "inactive"),
	figure(ofServer, "cleat_server_template_entries", "Templates that send their clients to the real server (PersistConn).",
		func(s *api.Server) int64 { return s.Persistent }),
	figure(ofServer, "cleat_server_weight", "Weight of the real server; 0 is quiesced: no new clients.",
		func(s *api.Server) int { return s.Weight }),
	figure(ofServer, "cleat_server_overloaded", "1 if the upper threshold keeps new clients away from the real server.",
		func(s *api.Server) float64 { return truth(s.Overloaded) }),
)

const serverConnections = "Connections in the tables that go to the real server (ActiveConn, InActConn)."

// traffic is what services and real servers both count.
func traffic[T any](prefix, of string, labels []string, counters func(*T) *api.Counters) []metric[T] {
	packets := "Packets of " + of + ": in from clients, out to them."
	bytes := "Bytes of " + of + " from the IP header on: in from clients, out to them."
	return []metric[T]{
		figure(labels, prefix+"connections_total", "Connections that "+of+" was given.",
			func(t *T) uint64 { return counters(t).Connections }),
		figure(labels, prefix+"packets_total", packets, func(t *T) uint64 { return counters(t).InPackets }, "direction", "in"),
		figure(labels, prefix+"packets_total", packets, func(t *T) uint64 { return counters(t).OutPackets }, "direction", "out"),
		figure(labels, prefix+"bytes_total", bytes, func(t *T) uint64 { return counters(t).InBytes }, "direction", "in"),
		figure(labels, prefix+"bytes_total", bytes, func(t *T) uint64 { return counters(t).OutBytes }, "direction", "out"),
	}
}

// serviceName is what listings call the service: "10.0.0.1:80", "mark 3".
func serviceName(s *api.Service) string {
	if s.Address == "" {
		return fmt.Sprint("mark ", s.Mark)
	}
	return s.Address
}

func collectService(ch chan<- prometheus.Metric, s *api.Service) {
	name := serviceName(s)
	collect(ch, serviceMetrics, s, s.Protocol, name)
	for i := range s.Servers {
		collect(ch, serverMetrics, &s.Servers[i], s.Protocol, name, s.Servers[i].Address)
	}
}
