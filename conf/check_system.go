package conf

import (
	"net"
	"path/filepath"
	"strconv"
)

func checkLcores(c checker) {
	if len(c.Workers.Lcores) != 0 && c.Workers.Count != 0 {
		c.errorf("workers.count", "the workers' CPUs are named on line %d", c.lines.find("workers.lcores")).hint("one of the two")
	}
	seen := firsts[int]{}
	for i, n := range c.Workers.Lcores {
		path := at("workers.lcores", i)
		c.within(path, n, 0, 1023)
		if _, found := seen.again(n, path); found {
			c.errorf(path, "%d is there twice", n).hint("one worker an lcore")
		}
	}
}

// Number is how many workers there are, 0 if that is chosen from the machine's topology.
func (w *Workers) Number() int { return max(len(w.Lcores), w.Count) }

// checkMbufs warns when full rings alone would take all packet buffers.
func checkMbufs(c checker) {
	if c.DPDK.Mbufs == 0 {
		return
	}
	need := 0
	for _, p := range c.Ports {
		need += (p.RxDescriptors + p.TxDescriptors) * c.Workers.Number()
	}
	if need >= c.DPDK.Mbufs {
		c.warnf("dpdk.mbufs", "the ports' descriptors, full for every worker, take %d packet buffers and there are %d", need, c.DPDK.Mbufs).
			hint("at least %d", need+need/4)
	}
}

// maxSocket is the longest path that fits sockaddr_un, in bytes.
const maxSocket = 107

func checkControl(c checker) {
	const path = "control.socket"
	s := c.Control.Socket
	if !filepath.IsAbs(s) {
		c.errorf(path, "%q is not an absolute path", s).hint("/run/cleat/cleatd.sock")
	} else if len(s) > maxSocket {
		c.errorf(path, "the path has %d bytes", len(s)).hint("a socket's has at most %d", maxSocket)
	}
}

func checkMetrics(c checker) {
	const path, hint = "metrics.listen", `"127.0.0.1:9469", ":9469" for every address, "" for none`
	if c.Metrics.Listen == "" {
		return
	}
	_, port, err := net.SplitHostPort(c.Metrics.Listen)
	if err != nil {
		c.errorf(path, "%q is not address:port", c.Metrics.Listen).hint("%s", hint)
	} else if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		c.errorf(path, "%q is not a port", port).hint("%s", hint)
	}
}
