package stat

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"cleat/appliance/api"
)

var ofPort = []string{"port"}

var portMetrics = []metric[api.Port]{
	figure(ofPort, "cleat_port_link_up", "1 if the port's link is up.",
		func(p *api.Port) float64 { return truth(strings.HasPrefix(p.Link, "up")) }),
	figure(ofPort, "cleat_port_mtu_bytes", "Longest packet that the port takes, from the IP header on.",
		func(p *api.Port) int { return p.MTU }),
	figure(ofPort, "cleat_port_handed_over_packets_total", "Packets that came in by the port and had to change workers.",
		func(p *api.Port) uint64 { return p.HandedOver }),
}

var portSteering = prometheus.NewDesc("cleat_port_steering",
	"Always 1; says by which rung packets of the port get to the worker of their client: rss-fields, rte_flow, ring, probing or one worker.",
	[]string{"port", "family", "rung"}, nil)

// portStats are the counters that every device has, by DPDK's name (rte_eth_stats).
var portStats = map[string]*prometheus.Desc{
	"ipackets": portStat("received_packets_total", "Packets that the device received."),
	"ibytes":   portStat("received_bytes_total", "Bytes that the device received, from the Ethernet header on."),
	"opackets": portStat("transmitted_packets_total", "Packets that the device transmitted."),
	"obytes":   portStat("transmitted_bytes_total", "Bytes that the device transmitted, from the Ethernet header on."),
	"imissed":  portStat("receive_missed_packets_total", "Packets that the device dropped because its receive queue was full: the worker is too slow."),
	"ierrors":  portStat("receive_errors_total", "Packets that the device received broken."),
	"oerrors":  portStat("transmit_errors_total", "Packets that the device failed to transmit."),
	"rx_nombuf": portStat("receive_no_mbuf_total",
		"Times that no mbuf was left for a packet: the mempool is too small."),
}

func portStat(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("cleat_port_"+name, help, ofPort, nil)
}

// collectPort leaves out what the device does not count: no figure rather than 0.
func collectPort(ch chan<- prometheus.Metric, p *api.Port) {
	collect(ch, portMetrics, p, p.Name)
	for family, rung := range p.Rungs {
		ch <- prometheus.MustNewConstMetric(portSteering, prometheus.GaugeValue, 1, p.Name, family, rung)
	}
	for name, desc := range portStats {
		if n, counted := p.Stats[name]; counted {
			ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), p.Name)
		}
	}
}
