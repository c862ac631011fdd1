package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"cleat/lcore/burst"

	"cleat/perf/bed"
	"cleat/perf/gen"
	"cleat/perf/reflect"
)

// linkLimit is how long a port's link is waited for: with net_memif, for the process at its other end.
const linkLimit = 15 * time.Second

// devices are the flags of commands on ports of their own.
type devices struct {
	names []string
	bed   bed.Options
	share bool
}

func (d *devices) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&d.names, "port", nil, "`device`: a PCI address, or a virtual device with its arguments; several by repeating it")
	f.IntVar(&d.bed.CPU, "cpu", bed.LastCPU(), "`number` of the CPU to run on")
	f.StringVar(&d.bed.Hugepages, "hugepages", "auto", "auto (if enough are free), require or off")
	f.BoolVar(&d.share, "share-cpu", false, "sleep a moment between turns: for a CPU that others need too")
}

// requirePort makes --port one that must be given.
func requirePort(cmd *cobra.Command) {
	if err := cmd.MarkFlagRequired("port"); err != nil {
		panic(err) // devices.flags defines it
	}
}

// open starts DPDK and opens all ports. closeAll gives everything back.
func (d *devices) open() (b *bed.Bed, ports []*bed.Port, err error) {
	quiet()
	for _, name := range d.names {
		if !bed.IsVirtual(name) {
			d.bed.PCI = append(d.bed.PCI, name)
		}
	}
	d.bed.Memory = bed.DeviceMemory * (len(d.names) + 1)
	if b, err = bed.Start(d.bed); err != nil {
		return nil, nil, err
	}
	for _, name := range d.names {
		p, err := b.Device(name)
		if err != nil {
			return nil, nil, errors.Join(err, closeAll(b, ports))
		}
		ports = append(ports, p)
	}
	return b, ports, nil
}

// labels are the devices without their arguments, for reports.
func (d *devices) labels() (labels []string) {
	for _, device := range d.names {
		name, _, _ := strings.Cut(device, ",")
		labels = append(labels, name)
	}
	return labels
}

// awaitLinks waits until there is somebody at the other end of every port.
func awaitLinks(ctx context.Context, ports []*bed.Port) error {
	for _, p := range ports {
		if err := p.AwaitLink(ctx, linkLimit); err != nil {
			return err
		}
	}
	return nil
}

func closeAll(b *bed.Bed, ports []*bed.Port) error {
	var err error
	for _, p := range ports {
		err = errors.Join(err, p.Close())
	}
	return errors.Join(err, b.Close())
}

// rest is what a thread does between turns on a shared CPU.
func (d *devices) rest() {
	if d.share {
		time.Sleep(20 * time.Microsecond)
	}
}

func queues(ports []*bed.Port) (all []burst.Queue) {
	for _, p := range ports {
		all = append(all, p)
	}
	return all
}

// newGenerator makes one whose place is the first port, and which hears on all of them.
func newGenerator(load *gen.Load, place *gen.Place, ports []*bed.Port) (*gen.Generator, error) {
	mac, err := ports[0].MAC()
	if err != nil {
		return nil, err
	}
	link, err := place.Link(load, mac)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	return gen.New(load, link, queues(ports), ports[0].Pool, func() time.Duration { return time.Since(begin) })
}

// interrupted ends with Ctrl-C, or when somebody ends the program.
func interrupted() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// loadFlags are those of a Load and of the generator's place.
func loadFlags(cmd *cobra.Command, l *gen.Load, p *gen.Place) {
	f := cmd.Flags()
	f.StringSliceVar(&l.Targets, "target", l.Targets, "the services, `address:port`, that flows go to in turn")
	f.StringVar(&l.Proto, "proto", l.Proto, "tcp or udp")
	f.StringVar(&l.Unit, "unit", l.Unit, "what the rate counts: packets (questions of open flows) or connections (from SYN to the last ACK)")
	f.StringSliceVar(&l.Clients, "clients", l.Clients, "the clients' `networks`")
	f.IntVar(&l.Returning, "returning", l.Returning, "how many clients come back again and again; 0: all")
	f.Float64Var(&l.New, "new", l.New, "part of the flows, 0 to 1, that come from clients never seen before")
	f.Float64Var(&l.Zipf, "zipf", l.Zipf, "`exponent` by which flows are shared out among clients; 0: evenly")
	f.IntVar(&l.Flows, "flows", l.Flows, "how many there are at a time")
	f.IntVar(&l.Requests, "requests", l.Requests, "questions with data before a flow ends; 0: without end")
	f.StringVar(&l.Sizes, "sizes", l.Sizes, "lengths of frames with data, FCS included: 64, \"64x7 594x4 1518x1\", imix, or letters of RFC 6985")
	f.Float64Var(&l.Flood, "flood", l.Flood, "SYNs a second from forged sources, besides the rate")
	f.StringSliceVar(&l.FloodFrom, "flood-from", l.FloodFrom, "the forged sources' `networks`")
	f.DurationVar(&l.Persistence, "persistence", l.Persistence, "the service's, by which affinity violations are counted; 0: none are")
	f.IntVar(&l.Netmask, "netmask", l.Netmask, "the service's, `bits` of an IPv4 address")
	f.IntVar(&l.Netmask6, "netmask6", l.Netmask6, "the service's, `bits` of an IPv6 address")
	f.DurationVar(&l.Slack, "slack", l.Slack, "how late something may be sent; what is later is not sent, and counted")
	f.StringVar(&p.MAC, "mac", "", "the generator's `MAC` address; the port's own if not given")
	f.StringSliceVar(&p.Addresses, "address", nil, "the generator's own `address`, as the clients' router; one for each family")
	f.StringSliceVar(&p.Via, "via", nil, "next hop of the targets, `address`; one for each family; the first target if not given")
	f.StringVar(&p.ViaMAC, "via-mac", "", "its `MAC` address; asked for if not given")
}

// reflectFlags are those of the real servers.
func reflectFlags(cmd *cobra.Command, p *reflect.Place) {
	f := cmd.Flags()
	f.StringSliceVar(&p.Servers, "servers", nil, "the real servers: 10.9.0.11-14:80, [fd09::11-14]:80")
	f.StringVar(&p.MAC, "server-mac", "", "`MAC` address of the first server; the others count on from it")
	f.StringSliceVar(&p.VIPs, "vip", nil, "the services' `addresses`, for DR and TUN")
	f.StringVar(&p.Router, "router", "", "`address` of the clients' router, for DR and TUN")
	f.StringVar(&p.From, "from", "", "`address` that asks for the router")
	f.StringVar(&p.RouterMAC, "router-mac", "", "the router's `MAC` address; asked for if not given")
	f.IntVar(&p.Direct, "direct", 0, "`number` of the port, from 0, that the router is on")
}

// rate is a flag of units a second: "100k", "1.5M", "250000".
type rate float64

func (r *rate) String() string { return strconv.FormatFloat(float64(*r), 'g', -1, 64) }

// Type implements pflag.Value.
func (r *rate) Type() string { return "rate" }

// Set implements pflag.Value.
func (r *rate) Set(text string) error {
	factor, digits := 1.0, text
	for suffix, f := range map[string]float64{"k": 1e3, "M": 1e6, "G": 1e9} {
		if d, ok := strings.CutSuffix(text, suffix); ok {
			factor, digits = f, d
		}
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(n >= 0) || n*factor > 1e12 {
		return fmt.Errorf("%q: must be a number a second, like 250000, 100k or 1.5M", text)
	}
	*r = rate(n * factor)
	return nil
}
