package conf

import (
	"net"
	"path/filepath"
	"strconv"
)

func checkLcores(c checker) {
	if len(c.Workers.Lcores) == 0 && !c.wrong["workers"] {
		c.errorf("workers.lcores", "no lcores are given").hint("the CPU numbers that forward packets: lcores = [1]")
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

// checkMbufs warns when full rings alone would take all packet buffers.
func checkMbufs(c checker) {
	need := 0
	for _, p := range c.Ports {
		need += (p.RxDescriptors + p.TxDescriptors) * len(c.Workers.Lcores)
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
