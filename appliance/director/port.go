package director

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"cleat/appliance/ladder"
	"cleat/cgo/eal"
	"cleat/cgo/ethdev"
	"cleat/cgo/pktmbuf"
	"cleat/conf"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
)

// Port is one started port.
type Port struct {
	Name, Device, Driver string
	MAC                  nexthop.MAC
	MTU                  int
	Steering             *ladder.Ladder

	dev    ethdev.Port
	pool   *pktmbuf.Pool
	iface  string // the kernel interface that a virtual device is on; "": none
	maxMTU int    // that the port was set up for
	side   *side  // that it steers by; nil: not started
}

// cacheSize is how many packet buffers each worker keeps for itself.
const cacheSize = 256

func (d *Director) openPort(c *conf.Config, i int) error {
	pc := &c.Ports[i]
	if err := addVdev(pc, len(d.Place.Workers)); err != nil {
		return err
	}
	dev, err := ethdev.ByName(pc.Device)
	if err != nil {
		return fmt.Errorf("%w; bind the NIC to vfio-pci (docs/dpdk.md), or give the port a vdev", err)
	}
	info, err := dev.Info()
	if err != nil {
		return err
	}
	p := &Port{Name: pc.Name, Device: pc.Device, Driver: info.Driver, Steering: ladder.New(dev, info.RSS, d.rungs), dev: dev}
	p.iface, _ = interfaceOf(pc.Vdev)
	d.Ports = append(d.Ports, p)
	queues := len(d.Place.Workers)
	if queues > info.MaxRxQueues || queues > info.MaxTxQueues {
		return fmt.Errorf("has %d receive and %d transmit queues, %d workers need one each (workers.count)", info.MaxRxQueues, info.MaxTxQueues, queues)
	}
	if p.pool, err = d.pool(d.socketOf(info.Socket), mbufs(c, queues)); err != nil {
		return fmt.Errorf("%w; make dpdk.memory larger, or dpdk.mbufs smaller", err)
	}
	var spread ethdev.RSS
	if queues > 1 {
		spread = ladder.Everything
	}
	err = dev.Configure(ethdev.Config{
		RSS: spread, Queues: queues, RxDescriptors: pc.RxDescriptors, TxDescriptors: pc.TxDescriptors, MTU: pc.MTU,
		Pools: []*pktmbuf.Pool{p.pool},
	})
	if err != nil {
		return err
	}
	if p.MTU, err = dev.MTU(); err != nil {
		return err
	}
	p.maxMTU = p.MTU
	mac, err := dev.MAC()
	if err != nil {
		return err
	}
	p.MAC = nexthop.MAC(mac)
	d.log.Info("port", "name", p.Name, "device", p.Device, "driver", p.Driver, "mac", mac.String(), "mtu", p.MTU, "queues", queues)
	return nil
}

// start makes the port receive and transmit, groups included, which is what neighbour discovery is sent to.
func (p *Port) start() error {
	if err := p.dev.Start(); err != nil {
		return err
	}
	return p.dev.TakeMulticast()
}

// addVdev makes the port's virtual device, if it is one. It is not among the EAL's arguments, which would only log that it cannot be made.
func addVdev(pc *conf.Port, workers int) error {
	if pc.Vdev == "" {
		return nil
	}
	if name, ok := interfaceOf(pc.Vdev); ok && !strings.HasPrefix(pc.Device, "net_tap") { // which makes its own
		if _, err := net.InterfaceByName(name); err != nil {
			return fmt.Errorf("there is no interface %q here (ip link shows those there are)", name)
		}
	}
	err := eal.AddVdev(pc.Device, vdevArgs(pc, workers))
	if err != nil && os.Geteuid() != 0 {
		err = fmt.Errorf("%w; run cleatd as root", err)
	}
	return err
}

// socketOf is the NUMA socket of a device; one that is on none counts as being where the first worker is.
func (d *Director) socketOf(device int) int {
	if device == eal.SocketAny {
		return d.Place.Sockets[0]
	}
	return device
}

// pool returns the packet buffers of a NUMA socket.
func (d *Director) pool(socket, n int) (*pktmbuf.Pool, error) {
	if p := d.pools[socket]; p != nil {
		return p, nil
	}
	p, err := pktmbuf.NewPool(fmt.Sprintf("mbufs_%d", socket), n, cacheSize, dataRoom, socket)
	if err == nil {
		d.pools[socket] = p
	}
	return p, err
}

// Up reports whether the link is up.
func (p *Port) Up() bool {
	l, err := p.dev.Link()
	return err == nil && l.Up
}

// Link describes the link as listings show it.
func (p *Port) Link() string {
	l, err := p.dev.Link()
	if err != nil || !l.Up {
		return "down"
	}
	return fmt.Sprintf("up %d Mb/s", l.Mbps)
}

// Stats returns the device's counters under DPDK's names.
func (p *Port) Stats() (map[string]uint64, error) {
	s, err := p.dev.Stats()
	if err != nil {
		return nil, err
	}
	return map[string]uint64{
		"ipackets": s.RxPackets, "opackets": s.TxPackets, "ibytes": s.RxBytes, "obytes": s.TxBytes,
		"imissed": s.RxMissed, "ierrors": s.RxErrors, "oerrors": s.TxErrors, "rx_nombuf": s.RxNoMbuf,
	}, nil
}

func (p *Port) close(log *slog.Logger) {
	p.Steering.Close()
	for _, f := range []func() error{p.dev.Stop, p.dev.Close} {
		if err := f(); err != nil {
			log.Error("port did not stop cleanly", "name", p.Name, "why", err)
		}
	}
}

// hopPorts returns the ports as the workers' next-hop tables have them, with the addresses of c.
func (d *Director) hopPorts(c *conf.Config) []nexthop.Port {
	ports := make([]nexthop.Port, len(d.Ports))
	for i, p := range d.Ports {
		ports[i] = nexthop.Port{MAC: p.MAC, MTU: uint16(p.MTU)}
		for _, a := range portConf(c, p.Name).Addresses {
			ports[i].Subnets = append(ports[i].Subnets, nexthop.Subnet{Own: flow.FromNetip(a.Addr()), Bits: a.Bits()})
		}
	}
	return ports
}

// portConf returns the configuration of the port of that name: a reload may give them in another order.
func portConf(c *conf.Config, name string) *conf.Port {
	for i := range c.Ports {
		if c.Ports[i].Name == name {
			return &c.Ports[i]
		}
	}
	return &conf.Port{}
}
