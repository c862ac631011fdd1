// Package lcoretest is what tests of the data path are made of: ports in memory, packets built from
// text, and a checker that says in one line what a frame is. Only tests import it.
//
// A port's life in a test:
//
//	pool := lcoretest.NewPool(t, 256)       // fails the test if a packet is lost or freed twice
//	port := lcoretest.NewPort(pool, 1)      // one queue
//	port.Inject(0, lcoretest.TCP(client, vip, "S"))
//	worker.Turn()                           // uses port.Queue(0), a burst.Queue
//	for _, frame := range port.Sent() {
//		got = append(got, lcoretest.Describe(frame))
//	}
//
// Fault injectors (Jam, Starve) and the pcap writer (Capture) wrap a queue or a pool, and the data path never knows.
//
// Packets are built and described by gopacket, not by lcore/wire, so that a mistake there does not
// hide itself.
package lcoretest
