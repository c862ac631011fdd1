// Package ethdev is DPDK's Ethernet devices: find a port, configure it, start it, and take its queues,
// each of which is a burst.Queue.
//
//	port, err := ethdev.ByName("net_af_packet0")
//	err = port.Configure(ethdev.Config{Queues: 2, Pools: pools})
//	err = port.Start()
//	queue := port.Queue(0, 0) // a worker's first port
//
// Receive and Transmit cross into C once a burst (burst.c); everything else is control: errors are
// *eal.Error and carry DPDK's own words.
package ethdev
