package ethdev_test

import (
	"testing"

	"cleat/cgo/ethdev"
	"cleat/cgo/pktmbuf"
)

// TestFlow: net_tap makes of a rule one of the kernel's, which may refuse it: then what the driver says of that is in the error.
func TestFlow(t *testing.T) {
	newNamespace(t)
	pool := newPool(t, 2048)
	port := newPort(t, "net_tap0", "iface=cleattest0", ethdev.Config{Queues: 2, Pools: []*pktmbuf.Pool{pool}})
	for _, f := range []ethdev.FlowRSS{
		{Fields: ethdev.RSSIPv4, Key: make([]byte, 40), Queues: turns(128, 2)},
		{V6: true, Fields: ethdev.RSSIPv6},
	} {
		err := port.AddFlow(f)
		if err != nil && err.Error() != "ethdev: port 0: rte_flow_create: File exists: overlapping rules or Kernel too old for flower support" {
			t.Error(err)
		}
	}
	if err := port.FlushFlows(); err != nil {
		t.Error(err)
	}
}
