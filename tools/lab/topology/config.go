package topology

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"cleat/conf"
)

// MetricsAddress is where cleatd serves Prometheus, in the namespace dir.
const MetricsAddress = "127.0.0.1:9100"

// fit is a copy of a configuration with what must be this lab's own: control socket, DPDK's file prefix, metrics
// in the director's namespace, ports, CPUs that there are.
func (l *Lab) fit(config *conf.Config, socket string) conf.Config {
	own := *config
	own.Control.Socket = socket
	own.DPDK.FilePrefix = fmt.Sprintf("cleat-lab-%d", l.ID)
	own.Metrics.Listen = MetricsAddress
	missing := func(lcore int) bool { return lcore >= runtime.NumCPU() }
	if slices.ContainsFunc(own.Workers.Lcores, missing) {
		own.Workers.Lcores = []int{0}
	}
	if l.options.AFXDP {
		own.Ports = slices.Clone(own.Ports)
		for i := range own.Ports {
			useAFXDP(&own.Ports[i])
		}
	}
	return own
}

// useAFXDP turns a port's net_af_packet device into one of net_af_xdp on the same interface. Further arguments are
// the other driver's and left out.
func useAFXDP(port *conf.Port) {
	port.Device = strings.Replace(port.Device, "net_af_packet", "net_af_xdp", 1)
	for argument := range strings.SplitSeq(port.Vdev, ",") {
		if strings.HasPrefix(argument, "iface=") {
			port.Vdev = argument
			return
		}
	}
}
