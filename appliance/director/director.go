// Package director makes of a configuration what forwards packets: DPDK's environment, ports, packet buffers, tables, workers,
// and the immutable tables that workers read.
package director

import (
	"fmt"
	"log/slog"

	"cleat/appliance/clock"
	"cleat/appliance/ladder"
	"cleat/appliance/place"
	"cleat/cgo/eal"
	"cleat/cgo/pktmbuf"
	"cleat/cgo/steady"
	"cleat/conf"
	"cleat/lcore"
	"cleat/lcore/burst"
	"cleat/lcore/flow"
)

// Director is a started data path.
type Director struct {
	Ports   []*Port
	Workers []*lcore.Worker
	// Place says on which CPUs the workers are.
	Place place.Plan
	// Hugepages tells whether tables and packet buffers lie in hugepages.
	Hugepages bool
	// Clock is what the workers look at.
	Clock *clock.Clock

	log *slog.Logger
	eal bool
	// steering and what of it devices are asked for
	steering *flow.Steering
	rungs    *ladder.Steering
	pools    map[int]*pktmbuf.Pool // by NUMA socket
	done     []<-chan struct{}     // of the workers' threads
}

// Open starts the EAL and the ports that c names. Close ends what it started; after an error, Open has done so.
func Open(c *conf.Config, clock *clock.Clock, log *slog.Logger) (*Director, error) {
	d := &Director{Clock: clock, log: log, pools: map[int]*pktmbuf.Pool{}}
	if err := d.open(c); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Director) open(c *conf.Config) error {
	if err := d.place(c); err != nil {
		return err
	}
	d.makeSteering(c)
	if err := d.startEAL(c); err != nil {
		return err
	}
	for i := range c.Ports {
		if err := d.openPort(c, i); err != nil {
			return fail(ExitPort, err, "port %s (%s)", c.Ports[i].Name, c.Ports[i].Device)
		}
	}
	return nil
}

func (d *Director) startEAL(c *conf.Config) error {
	args, err := ealArgs(c, &d.Place)
	if err != nil {
		return fail(ExitEAL, err, "DPDK's arguments")
	}
	for _, a := range args {
		d.Hugepages = d.Hugepages || a == "--in-memory"
	}
	eal.SetLog(func(line string) { d.log.Info(line, "from", "dpdk") })
	d.log.Info("starting DPDK", "version", eal.Version(), "arguments", args)
	if err := eal.Init(args); err != nil {
		return fail(ExitEAL, err, "DPDK")
	}
	d.eal = true
	return nil
}

// Start makes the workers, with tables of their own and t to begin with, and sets them off.
func (d *Director) Start(c *conf.Config, t *lcore.Tables) error {
	plans := d.plans(c)
	var err error
	if d.Workers, err = lcore.NewWorkers(plans, t); err != nil {
		return fail(ExitEAL, err, "tables (raise dpdk.memory, or make tables.connections and tables.templates smaller)")
	}
	for _, p := range d.Ports {
		if err := p.start(); err != nil {
			return fail(ExitPort, err, "port %s", p.Name)
		}
	}
	d.Steer(c)
	if !d.Place.Shared { // else there is no other CPU, as the plan has warned
		if err := eal.KeepOff(d.Place.Workers); err != nil {
			d.log.Warn("workers share their CPUs with the rest of the process", "why", err)
		}
	}
	for i, w := range d.Workers {
		done, err := eal.Thread(fmt.Sprintf("cleat-worker-%d", i), d.Place.Workers[i], func() { steady.Run(w.Run) })
		if err != nil {
			return fail(ExitEAL, err, "worker %d", i)
		}
		d.done = append(d.done, done)
	}
	return nil
}

func (d *Director) plans(c *conf.Config) []lcore.Plan {
	seed := flow.NewSeed()
	plans := make([]lcore.Plan, len(d.Place.Workers))
	for i := range plans {
		queues := make([]burst.Queue, len(d.Ports))
		for j, p := range d.Ports {
			queues[j] = p.dev.Queue(i, uint16(j))
		}
		pool := d.pools[d.Place.Sockets[i]]
		if pool == nil { // no port is on the worker's socket
			pool = d.Ports[0].pool
		}
		plans[i] = lcore.Plan{
			Number: i, Workers: len(plans), Queues: queues, Pool: pool,
			Alloc: func(name string, size int) ([]byte, error) {
				return eal.Zone(fmt.Sprintf("w%d_%s", i, name), size, burst.Size*2, d.Place.Sockets[i])
			},
			Connections: c.Tables.Connections, Templates: c.Tables.Templates,
			Connections6: c.Tables.Connections6, Templates6: c.Tables.Templates6, FullNAT: c.Tables.FullNAT,
			Services: c.Tables.Services, Reals: c.Tables.RealServers,
			Seed: &seed, Steering: d.steering, Scope: scopes[c.Scheduling.Scope],
			Clock: d.Clock.Now,
			Pause: steady.Pause,
			Idle:  idle(&c.Workers),
		}
	}
	return plans
}

var scopes = map[string]lcore.Scope{"worker": lcore.WorkerScope, "service": lcore.ServiceScope}

func idle(w *conf.Workers) lcore.Idle {
	if w.Idle != "sleep" {
		return lcore.Idle{}
	}
	return lcore.Idle{After: w.IdleAfter, Sleep: w.IdleSleep}
}

// Close stops workers, ports and the EAL, in this order, as far as they were started.
func (d *Director) Close() {
	for _, w := range d.Workers {
		w.Stop()
	}
	for _, done := range d.done {
		<-done
	}
	if len(d.done) == len(d.Workers) {
		for _, w := range d.Workers {
			w.Drain()
		}
	}
	for _, p := range d.Ports {
		p.close(d.log)
	}
	for _, pool := range d.pools {
		pool.Close()
	}
	if d.eal {
		if err := eal.Cleanup(); err != nil {
			d.log.Error("DPDK did not stop cleanly", "why", err)
		}
	}
}
