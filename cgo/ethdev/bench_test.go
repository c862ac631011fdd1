package ethdev

import (
	"testing"

	"cleat/cgo/eal"
	"cleat/cgo/pktmbuf"
	"cleat/lcore/burst"
)

// onLcore runs f as a worker would, on a thread with a mempool cache.
func onLcore(b *testing.B, f func()) {
	b.Helper()
	done, err := eal.Thread("bench", 0, f)
	if err != nil {
		b.Fatal(err)
	}
	<-done
}

// BenchmarkCrossing is what a call into C costs by itself.
func BenchmarkCrossing(b *testing.B) {
	onLcore(b, func() {
		for b.Loop() {
			crossing()
		}
	})
}

// BenchmarkReceiveTransmit is a full burst from net_null and back to it, mempool and all.
func BenchmarkReceiveTransmit(b *testing.B) {
	pool, err := pktmbuf.NewPool("bench", 2047, 256, 2048, eal.SocketAny)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	if err := eal.AddVdev("net_null0", "size=60"); err != nil {
		b.Fatal(err)
	}
	defer eal.RemoveVdev("net_null0")
	port, err := ByName("net_null0")
	if err != nil {
		b.Fatal(err)
	}
	if err := port.Configure(Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}}); err != nil {
		b.Fatal(err)
	}
	if err := port.Start(); err != nil {
		b.Fatal(err)
	}
	defer port.Stop()
	queue := port.Queue(0, 0)
	onLcore(b, func() {
		var p [burst.Size]burst.Packet
		for b.Loop() {
			queue.Transmit(p[:queue.Receive(p[:])])
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*burst.Size), "ns/packet")
	})
}
