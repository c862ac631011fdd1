package play

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"time"

	"cleat/conf"
	"cleat/tools/lab/play/record"
)

// tableSize is that of the kernel's table of connections, which listings show.
const tableSize = 4096

// config is cleatd's configuration: the oracle's director, with the kernel's settings where cleat's defaults differ on
// purpose, without services.
func (p *stage) config() *conf.Config {
	c := conf.Default()
	c.DPDK.Hugepages = "off"
	c.DPDK.Mbufs = 4096
	c.Workers.Idle = "sleep"
	c.Workers.IdleAfter = 20
	c.Workers.IdleSleep = 100 * time.Microsecond
	for i := range p.workers() {
		c.Workers.Lcores = append(c.Workers.Lcores, (p.lab.ID+i)%runtime.NumCPU())
	}
	if p.options.Scope != "" {
		c.Scheduling.Scope = p.options.Scope
	}
	c.Tables.Connections, c.Tables.Templates = tableSize/p.workers(), tableSize/p.workers()
	c.Network.AnswerRate = 0
	c.Network.NeighborReachable = time.Hour
	c.Persistence.Extend = 60 * time.Second
	c.Persistence.RestoreTimeout = false

	outside := conf.Port{Name: "outside", Device: "net_af_packet0", Vdev: "iface=dir0", Addresses: prefixes("10.8.0.1/24")}
	inside := conf.Port{Name: "inside", Device: "net_af_packet1", Vdev: "iface=dir1", Addresses: prefixes("10.9.0.1/24")}
	if p.fragments() {
		p.wholePackets(&outside)
		p.wholePackets(&inside)
	}
	c.Network.Routes = []conf.Route{{To: netip.MustParsePrefix("172.16.0.0/12"), Via: netip.MustParseAddr("10.8.0.2")}}
	c.Network.VIPs = prefixes("10.0.1.0/24")
	for i := 1; i <= 9; i++ {
		c.Network.VIPs = append(c.Network.VIPs, prefixes(fmt.Sprintf("10.0.0.%d/32", i))...)
	}
	if p.ipv6 {
		outside.Addresses = append(outside.Addresses, prefixes("fd08::1/64")...)
		inside.Addresses = append(inside.Addresses, prefixes("fd09::1/64")...)
		c.Network.Routes = append(c.Network.Routes, conf.Route{To: netip.MustParsePrefix("fd16::/16"), Via: netip.MustParseAddr("fd08::2")})
		c.Network.VIPs = append(c.Network.VIPs, prefixes("fd01::/64")...)
		for i := 1; i <= 9; i++ {
			c.Network.VIPs = append(c.Network.VIPs, prefixes(fmt.Sprintf("fd00::%d/128", i))...)
		}
	}
	for _, port := range []*conf.Port{&outside, &inside} {
		port.RxDescriptors, port.TxDescriptors = 256, 256
		c.Ports = append(c.Ports, *port)
	}
	return c
}

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// fragments says whether clients send datagrams that do not fit a frame. The kernel puts IPv4 fragments together before
// net_af_packet sees them (PACKET_FANOUT_FLAG_DEFRAG).
func (p *stage) fragments() bool {
	const fits = 1500 - 20 - 8
	return slices.ContainsFunc(p.scenario.Steps, func(s record.Step) bool { return max(s.Size, len(s.Data)) > fits })
}

// wholePackets changes a port to a driver that lets fragments be. One of its queues receives everything, the others look at
// an interface where nothing happens.
func (p *stage) wholePackets(port *conf.Port) {
	_, name, _ := strings.Cut(port.Vdev, "=")
	port.Device = strings.Replace(port.Device, "net_af_packet", "net_pcap", 1)
	port.Vdev = "rx_iface_in=" + name + strings.Repeat(",rx_iface_in=lo", p.workers()-1) + strings.Repeat(",tx_iface="+name, p.workers())
}

// introduce has client and real servers ping the director, so that nobody has to ask for hardware addresses later.
func (p *stage) introduce(ctx context.Context) error {
	neighbors := map[string][]string{"cl": {"10.8.0.1", "fd08::1"}}
	for _, rs := range p.lab.Servers() {
		neighbors[rs] = []string{"10.9.0.1", "10.9.0.250", "fd09::1", "fd09::250"}
	}
	answers := make(chan error)
	asked := 0
	for ns, addresses := range neighbors {
		for _, text := range addresses {
			address := netip.MustParseAddr(text)
			if address.Is6() && !p.ipv6 {
				continue
			}
			asked++
			go func() { answers <- p.ping(ctx, ns, address) }()
		}
	}
	var errs []error
	for range asked {
		errs = append(errs, <-answers)
	}
	return errors.Join(errs...)
}

// ping asks an address for an echo, again and again, until it answers.
func (p *stage) ping(ctx context.Context, ns string, address netip.Addr) error {
	network, echo := "ip4:icmp", []byte{8, 0, 0xf6, 0xfc, 1, 2, 0, 1} // type, code, checksum, identifier 0x0102, sequence 1
	answer := byte(0)
	if address.Is6() {
		network, echo = "ip6:ipv6-icmp", []byte{128, 0, 0, 0, 1, 2, 0, 1} // the kernel knows ICMPv6's checksum
		answer = 129
	}
	conn, err := p.lab.Dial(ctx, ns, netip.Addr{}, network, address.String())
	if err != nil {
		return fmt.Errorf("%s pings %v: %w", ns, address, err)
	}
	defer conn.Close()
	packet := make([]byte, 1500)
	for range 50 {
		if _, err := conn.Write(echo); err != nil {
			return fmt.Errorf("%s pings %v: %w", ns, address, err)
		}
		for conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); ; {
			n, _, err := conn.(*net.IPConn).ReadFrom(packet) // takes IPv4's header off
			if err != nil {
				break
			}
			if n == len(echo) && packet[0] == answer && packet[4] == 1 && packet[5] == 2 {
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("%s pings %v: no answer within 5 s", ns, address)
}
