package manage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"cleat/appliance/api"
	"cleat/appliance/control"
	"cleat/appliance/ladder"
	"cleat/appliance/stat"
	"cleat/cgo/eal"
	"cleat/conf"
	"cleat/lcore"
)

var errEnded = errors.New("cleatd is stopping")

// Reload reads the configuration file again and changes over to it; a *control.Refused error says what is wrong with it, and nothing
// has changed then. With replace, what commands have changed goes.
func (l *Loop) Reload(ctx context.Context, replace bool) (api.Reloaded, error) {
	type outcome struct {
		done    api.Reloaded
		refused []string
	}
	o, err := ask(ctx, l, func() (o outcome) {
		o.done.Changes, o.refused = l.reload(replace)
		o.done.Generation = l.tables.Load().Generation
		l.reloadError = ""
		if o.refused != nil {
			l.reloadError = strings.Join(o.refused, "\n")
			l.log.Error("configuration refused, nothing was changed", "file", l.path, "errors", strings.Join(o.refused, "; "))
			return o
		}
		l.log.Info("configuration reloaded", "file", l.path, "generation", o.done.Generation, "changes", strings.Join(o.done.Changes, "; "))
		return o
	})
	if err == nil && o.refused != nil {
		err = &control.Refused{Lines: o.refused}
	}
	return o.done, err
}

// linesOf returns the mistakes in a configuration file, one a line.
func linesOf(err error) []string {
	var es conf.Errors
	if !errors.As(err, &es) {
		return []string{err.Error()}
	}
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return lines
}

// Status is cleatd at a glance.
func (l *Loop) Status(ctx context.Context) (api.Status, error) {
	return ask(ctx, l, func() api.Status {
		s := api.Status{
			Version: l.version, PID: os.Getpid(), UptimeSeconds: time.Since(l.started).Seconds(),
			ConfigFile: l.path, ConfigLoaded: l.loaded.Format(time.RFC3339), ReloadError: l.reloadError,
			Generation: l.tables.Load().Generation, DPDK: eal.Version(), Hugepages: l.d.Hugepages,
			Workers: len(l.d.Workers), Services: len(l.conf.Services), Ports: l.ports(),
		}
		for i := range l.conf.Services {
			s.RealServers += len(l.conf.Services[i].Servers)
		}
		for _, w := range l.workers() {
			s.Templates.Add(w.Templates)
			s.Connections.Add(w.Connections)
			s.Fallbacks += w.Fallbacks
			s.Unaccounted += w.Unaccounted
		}
		return s
	})
}

// Services lists the virtual services in the configuration's order.
func (l *Loop) Services(ctx context.Context) ([]api.Service, error) {
	return ask(ctx, l, func() []api.Service {
		all := make([]api.Service, 0, len(l.conf.Services))
		for _, v := range l.registry.Virtuals() {
			s := describe(&v.Conf)
			if n := l.conf.SpreadOf(&v.Conf); n > 1 {
				s.Spread = n
			}
			l.stats.tellService(v.ID, &s)
			for i, slot := range l.registry.Slots(v) {
				rs := &v.Conf.Servers[i]
				out := api.Server{ServerSpec: api.ServerSpec{
					Address: rs.Address.String(), Forward: rs.Forward, Weight: rs.Weight, Upper: rs.Upper, Lower: rs.Lower,
					TunnelType: rs.TunnelType, TunnelPort: uint16(rs.TunnelPort), TunnelChecksum: rs.TunnelChecksum,
				}}
				l.stats.tellServer(slot, &out)
				s.Servers = append(s.Servers, out)
			}
			all = append(all, s)
		}
		return all
	})
}

// maskText returns an IPv4 mask as such, one of IPv6 as its length.
func maskText(s *conf.Service) string {
	if s.Is6() {
		return strconv.Itoa(s.Netmask.Bits(true))
	}
	return s.Netmask.Mask(false).String()
}

func describe(s *conf.Service) api.Service {
	out := api.Service{
		ServiceID: api.ServiceID{Protocol: s.Protocol(), Mark: s.Mark, IPv6: s.IPv6},
		Options:   api.Options{Scheduler: s.Scheduler, Flags: s.Flags, Engine: s.Engine, OnePacket: s.OnePacket},
		Servers:   []api.Server{},
	}
	if a := s.Address(); a.IsValid() {
		out.Address = a.String()
	}
	if s.Persistent != 0 {
		out.Persistent, out.Netmask = int(s.Persistent/time.Second), maskText(s)
	}
	return out
}

// Workers lists the workers with their counters.
func (l *Loop) Workers(context.Context) ([]api.Worker, error) { return l.workers(), nil }

func (l *Loop) workers() []api.Worker {
	all := make([]api.Worker, len(l.d.Workers))
	for i, w := range l.d.Workers {
		c := w.Counters()
		templates, connections := w.Capacities()
		all[i] = stat.Worker(i, l.d.Place.Workers[i], &c)
		all[i].Templates.Capacity, all[i].Connections.Capacity = uint64(templates), uint64(connections)
	}
	return all
}

// Counters returns the workers' counters as they are, by worker number.
func (l *Loop) Counters() []lcore.Counters {
	all := make([]lcore.Counters, len(l.d.Workers))
	for i, w := range l.d.Workers {
		all[i] = w.Counters()
	}
	return all
}

// Ports lists the ports.
func (l *Loop) Ports(ctx context.Context) ([]api.Port, error) { return ask(ctx, l, l.ports) }

func (l *Loop) ports() []api.Port {
	all := make([]api.Port, len(l.d.Ports))
	hops := l.tables.Load().Hops.Ports()
	for i, p := range l.d.Ports {
		stats, err := p.Stats()
		if err != nil {
			l.log.Warn("port gives no statistics", "name", p.Name, "why", err)
		}
		all[i] = api.Port{
			Name: p.Name, Device: p.Device, Driver: p.Driver, MAC: net.HardwareAddr(p.MAC[:]).String(),
			Link: p.Link(), MTU: p.MTU, Stats: stats,
			Steering: p.Steering.String(), Rungs: rungs(p.Steering), SteeringReason: p.Steering.Reason(), SteeringCost: p.Steering.Cost(), HandedOver: l.d.Arrival(i).HandedOver,
		}
		for _, s := range hops[i].Subnets {
			all[i].Addresses = append(all[i].Addresses, fmt.Sprintf("%v/%d", s.Own.Netip(), s.Bits))
		}
	}
	return all
}

// rungs are a port's, by family.
func rungs(l *ladder.Ladder) map[string]string {
	all := map[string]string{}
	for family, name := range ladder.Families {
		all[name] = l.Rung(family)
	}
	return all
}

// Neighbors lists the next hops.
func (l *Loop) Neighbors(ctx context.Context) ([]api.Neighbor, error) {
	return ask(ctx, l, func() (all []api.Neighbor) {
		now := time.Now()
		for _, n := range l.neighbours.List() {
			out := api.Neighbor{Port: l.d.Ports[n.Port].Name, Address: n.Addr.Netip().String(), State: n.State.String()}
			if !n.Heard.IsZero() {
				out.MAC, out.Age = net.HardwareAddr(n.MAC[:]).String(), now.Sub(n.Heard).Seconds()
			}
			all = append(all, out)
		}
		return all
	})
}
