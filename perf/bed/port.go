package bed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"cleat/cgo/eal"
	"cleat/cgo/ethdev"
	"cleat/cgo/pktmbuf"
	"cleat/lcore/burst"

	"cleat/perf/traffic"
)

const (
	leastRoom = 256            // bytes of a buffer: most frames are short, and a million of these buffers fit into 1 GiB
	cacheSize = 256            // buffers that the measured thread keeps for itself, as cleatd's workers do
	spare     = 8191           // buffers under way, beside those that a port keeps loaded
	grows     = 64             // bytes that a tunnel may add to a frame, at most
	overhead  = 128 + 128 + 64 // bytes of a buffer beside its room: the mbuf, the headroom, the mempool's own
)

// room is that of a buffer, in bytes, for frames of that length at most.
func room(longest int) int { return max(leastRoom, longest+grows) }

// Memory is what a port that keeps n frames loaded, of that length at most, needs, in MiB.
func Memory(n, longest int) int { return (n+spare)*(room(longest)+overhead)>>20 + 32 }

// Source gives packets without end, takes them back, and counts those that it gave.
type Source interface {
	burst.Queue
	burst.Pool
	// Given is the number of packets received from it so far. The measured thread asks.
	Given() uint64
	// Close is called when no thread uses the source any more.
	Close() error
}

// Port is a virtual DPDK port with one queue. What is transmitted to it is freed.
type Port struct {
	*ethdev.Queue
	*pktmbuf.Pool
	name    string
	dev     ethdev.Port
	started bool
	real    bool // a PCI device: it stays when the port is closed
}

// Pcap makes a net_pcap port that replays frames without end.
func (b *Bed) Pcap(frames [][]byte) (Source, error) {
	dir, err := os.MkdirTemp("", "cleat-perf-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // the port has loaded all frames when it is started
	file := filepath.Join(dir, "rx.pcap")
	if err := traffic.WritePcap(file, frames); err != nil {
		return nil, err
	}
	longest := 0
	for _, f := range frames {
		longest = max(longest, len(f))
	}
	return b.port("net_pcap", "rx_pcap="+file+",infinite_rx=1", len(frames), longest)
}

// Null makes a net_null port: empty frames, and nothing done about them.
func (b *Bed) Null() (Source, error) {
	return b.port("net_null", fmt.Sprintf("size=%d", traffic.FrameLen), 0, traffic.FrameLen)
}

func (b *Bed) port(driver, args string, loaded, longest int) (Source, error) {
	b.ports++
	if !slices.Contains(b.Drivers, driver) {
		b.Drivers = append(b.Drivers, driver)
	}
	p := &Port{name: fmt.Sprintf("%s%d", driver, b.ports)}
	var err error
	if p.Pool, err = b.pool(loaded, longest); err != nil {
		return nil, err
	}
	if err := eal.AddVdev(p.name, args); err != nil {
		p.Pool.Close()
		return nil, err
	}
	if err := p.start(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.Queue = p.dev.Queue(0, 0)
	return p, nil
}

func (b *Bed) pool(loaded, longest int) (*pktmbuf.Pool, error) {
	return pktmbuf.NewPool(fmt.Sprintf("mbufs_%d", b.ports), loaded+spare, cacheSize, room(longest), eal.SocketAny)
}

func (p *Port) start() (err error) {
	if p.dev, err = ethdev.ByName(p.name); err != nil {
		return err
	}
	if err = p.dev.Configure(ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{p.Pool}}); err != nil {
		return err
	}
	err = p.dev.Start()
	p.started = err == nil
	return err
}

// Given implements Source.
func (p *Port) Given() uint64 {
	s, err := p.dev.Stats()
	if err != nil { // of a port that runs, the call cannot fail
		panic(err)
	}
	return s.RxPackets
}

// Close implements Source.
func (p *Port) Close() error {
	var err error
	if p.started {
		err = p.dev.Stop()
	}
	switch {
	case !p.real:
		err = errors.Join(err, eal.RemoveVdev(p.name))
	case p.started:
		err = errors.Join(err, p.dev.Close())
	}
	p.Pool.Close()
	return err
}
