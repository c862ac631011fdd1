// Package manage is the management goroutine: one inbox, and all that the operator wants.
//
// It owns the configuration in force, the registry of services and servers, and the neighbours; it turns every change into new tables,
// publishes them to the workers and waits until all of them use those. Workers never wait for it.
package manage

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"cleat/appliance/director"
	"cleat/appliance/intent"
	"cleat/appliance/neighbor"
	"cleat/appliance/registry"
	"cleat/conf"
	"cleat/lcore"
)

const (
	// listenEvery is how often the loop hears what workers have to tell: it bounds how long a packet waits for a next hop that
	// is not known yet.
	listenEvery = 2 * time.Millisecond
	// tickEvery is how often neighbours grow older and timers are looked at.
	tickEvery = 50 * time.Millisecond
	// adoptTime is how long workers may take to change over before that is reported.
	adoptTime = 5 * time.Second
)

// Loop is the management goroutine. Its exported methods may be called from any goroutine; all else belongs to Run.
type Loop struct {
	log     *slog.Logger
	level   *slog.LevelVar
	path    string // of the configuration file
	version string
	started time.Time
	inbox   chan func()
	ended   chan struct{}

	d          *director.Director
	intent     *intent.Intent
	conf       *conf.Config // that is in force: the intent's
	registry   *registry.Registry
	neighbours *neighbor.Table
	refused    uint64 // neighbours, as far as the log has said so
	stats      statistics
	greetings  []greeting
	pressures  map[tableOf]pressure // that the log has told of

	loaded      time.Time
	reloadError string

	tables atomic.Pointer[lcore.Tables] // that all workers use
	unseen []uint32                     // services whose change some worker may not have seen: it did not take the tables in time

	timers []timer
}

// New puts c's services into a registry, and makes a loop and the tables that workers start with. The file at path is what
// reloads read.
func New(d *director.Director, c *conf.Config, path, version string, log *slog.Logger, level *slog.LevelVar) (*Loop, error) {
	now := time.Now()
	l := &Loop{
		log: log, level: level, path: path, version: version, started: now, loaded: now,
		inbox: make(chan func()), ended: make(chan struct{}), pressures: map[tableOf]pressure{},
		d: d, intent: intent.New(c), conf: c,
		registry: registry.New(c.Tables.Services, c.Tables.RealServers, len(d.Place.Workers)),
	}
	l.stats.init(byWorkers{d}, l.registry, c.Tables.Services)
	if _, err := l.registry.Apply(c, l.date()); err != nil {
		return nil, err
	}
	services, reals := l.registry.Table(c)
	t := d.Tables(c, services, reals, nil)
	t.Generation = 1
	l.tables.Store(&t)
	l.neighbours = neighbor.New(c.Tables.Neighbors, c.Network.NeighborReachable, l.inject)
	l.neighbours.Configure(t.Hops, c.Network.NeighborReachable, d.NextHops(c))
	l.setTimers()
	return l, nil
}

// Tables returns the tables that all workers use.
func (l *Loop) Tables() *lcore.Tables { return l.tables.Load() }

// Run works until ctx ends.
func (l *Loop) Run(ctx context.Context) {
	defer close(l.ended)
	l.greet(nil)
	listen, tick := time.NewTicker(listenEvery), time.NewTicker(tickEvery)
	defer listen.Stop()
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-l.inbox:
			f()
		case <-listen.C:
			l.listen()
		case now := <-tick.C:
			if l.neighbours.Tick(now) {
				l.publishNeighbours()
			}
			l.announce(now)
			l.judge()
			l.fire(l.d.Clock.Now())
		}
	}
}

// ask returns what f says on the loop's goroutine; the end of ctx ends the waiting, not f.
func ask[T any](ctx context.Context, l *Loop, f func() T) (said T, err error) {
	answer := make(chan T, 1)
	select {
	case l.inbox <- func() { answer <- f() }:
	case <-l.ended:
		return said, errEnded
	case <-ctx.Done():
		return said, ctx.Err()
	}
	select {
	case said = <-answer:
		return said, nil
	case <-ctx.Done():
		return said, ctx.Err()
	}
}

// listen takes in what workers tell of neighbours: no more of it at once than waits in a ring, or a storm of ARP packets would keep the
// loop from everything else.
func (l *Loop) listen() {
	var news [256]lcore.Neighbor
	changed := false
	for _, w := range l.d.Workers {
		now := time.Now()
		for i := range news[:w.Neighbors(news[:])] {
			changed = l.neighbours.News(&news[i], now) || changed
		}
	}
	if changed {
		l.publishNeighbours()
	}
}

// inject has the first worker send a frame, and reports whether it had room for it.
func (l *Loop) inject(port uint16, frame []byte) bool {
	f := lcore.Frame{Port: port}
	f.Len = uint16(copy(f.Data[:], frame))
	return l.d.Workers[0].Inject(&f)
}

func (l *Loop) publishNeighbours() {
	t := *l.tables.Load()
	t.Hops, t.Changed = l.d.Hops(l.conf, l.neighbours.Known()), nil
	l.publish(&t)
}

// judge looks at what workers have found out about ports in question, and has them compare something else if that is over.
func (l *Loop) judge() {
	if !l.d.Judge() {
		return
	}
	t := *l.tables.Load()
	t.Probes, t.Changed = l.d.Probes(), nil
	l.publish(&t)
}

// publish hands new tables to all workers and returns when they use them, or have been given time enough. A worker that was stopped for that
// long, with its machine for example, finds in the tables that it takes in the end what it has missed.
func (l *Loop) publish(t *lcore.Tables) {
	t.Generation = l.tables.Load().Generation + 1
	t.Changed = append(slices.Clone(l.unseen), t.Changed...)
	l.unseen = nil
	for _, w := range l.d.Workers {
		w.Adopt(t)
	}
	deadline := time.Now().Add(adoptTime)
	for i, w := range l.d.Workers {
		for w.Adopted() < t.Generation {
			if time.Now().After(deadline) {
				l.log.Error("worker does not take new tables", "worker", i, "generation", t.Generation, "waited", adoptTime)
				l.unseen = t.Changed
				break
			}
			time.Sleep(50 * time.Microsecond)
		}
	}
	l.tables.Store(t)
}

// reap frees what removed servers and services had, once nothing names them. It also says, no more often than that, that the table of
// neighbours is too small.
func (l *Loop) reap(now time.Time) {
	if n := l.neighbours.Refused; n != l.refused {
		l.log.Warn("the table of neighbours was full (tables.neighbors)", "refused", n-l.refused)
		l.refused = n
	}
	named := func(slot uint32) bool {
		for _, w := range l.d.Workers {
			if c := w.Real(slot); c.Active+c.Inactive+c.Templates != 0 {
				return true
			}
		}
		return false
	}
	if l.registry.Reap(now, named) {
		l.rebuild(nil)
	}
}

// rebuild publishes tables made from the registry and the configuration in force.
func (l *Loop) rebuild(changed []uint32) {
	services, reals := l.registry.Table(l.conf)
	t := l.d.Tables(l.conf, services, reals, l.neighbours.Known())
	t.Changed = changed
	l.publish(&t)
}

// SetLevel sets how much is logged.
func SetLevel(level *slog.LevelVar, c *conf.Log) {
	_ = level.UnmarshalText([]byte(c.Level)) // conf has checked the word
}
