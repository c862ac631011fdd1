// Package path measures what one worker of the data path costs, complete as cleatd runs it, above the floor of the port that
// feeds it.
package path

import (
	"fmt"
	"time"

	"cleat/cgo/eal"
	"cleat/lcore"
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/memory"

	"cleat/perf/bed"
	"cleat/perf/traffic"
)

// Case is one kind of traffic: known connections (Live is 0), replayed by net_pcap, or new ones from a generator.
type Case struct {
	Name  string
	Proto string
	// Flows is the number of known connections, each of a client of its own; Both: half of the packets are answers.
	Flows int
	Both  bool
	// Live is the number of new connections that are there at a time; Clients open them in turns. More Clients than Live: each has been
	// forgotten when it comes again.
	Live, Clients int
	// Aim and Must are the targets: ns a packet above the floor, or millions of connections a second, all in; 0: none.
	Aim, Must float64
}

const million = 1000000

// Cases are the suite.
var Cases = []Case{
	{Name: "known-1k", Proto: "tcp", Flows: 1000, Aim: 18, Must: 30},
	{Name: "known-1k-both", Proto: "tcp", Flows: 1000, Both: true},
	{Name: "known-1k-udp", Proto: "udp", Flows: 1000},
	{Name: "known-100k", Proto: "tcp", Flows: 100000, Aim: 35, Must: 55},
	{Name: "known-100k-both", Proto: "tcp", Flows: 100000, Both: true},
	{Name: "new-returning", Proto: "tcp", Live: million, Clients: 100000, Aim: 4, Must: 2.5},
	{Name: "new-clients", Proto: "tcp", Live: million, Clients: traffic.MaxClients, Aim: 2.5, Must: 1.5},
}

// Line is the line of a plot that a case of known connections is a point of.
func (c *Case) Line() string {
	switch {
	case c.Live != 0:
		return ""
	case c.Both:
		return "NAT " + c.Proto + ", both ways"
	}
	return "NAT " + c.Proto
}

// entryBytes is a template with its share of index and wheel; a connection needs less.
const entryBytes = 64 + 9 + 5 + 4

// capacity is the number of connections, and of templates, that the worker has room for: a quarter more than needed, so that
// the index is as full as in a table well used.
func (c *Case) capacity() int { return max(c.Flows, c.Live*templateTicks/connectionTicks) * 5 / 4 }

// Memory is what the case needs of DPDK, in MiB.
func (c *Case) Memory() int {
	loaded := c.Flows
	if c.Both {
		loaded *= 2
	}
	return bed.Memory(loaded) + 2*(c.capacity()+1)*entryBytes>>20 + 16
}

// sources makes what feeds the worker, and what the floor is measured on: the same port, but another generator, since the
// worker's own is its clock too. Closing the first closes both.
func (c *Case) sources(b *bed.Bed) (path, floor bed.Source, err error) {
	w, err := traffic.NewWriter(shape(c.Proto, c.Live != 0))
	if err != nil {
		return nil, nil, err
	}
	if c.Live != 0 {
		g, err := b.Generator(w, c.Clients)
		if err != nil {
			return nil, nil, err
		}
		twin := *g
		return g, &twin, nil
	}
	frames := traffic.Frames(w, c.Flows)
	if c.Both {
		answers, err := c.rehearse(frames)
		if err != nil {
			return nil, nil, err
		}
		frames = traffic.Mix(frames, answers)
	}
	port, err := b.Pcap(frames)
	return port, port, err
}

// clockOf is the worker's clock: the real one, or for new connections one that their number moves, so that as many are alive at a
// time whatever else the machine does.
func clockOf(s bed.Source, c *Case) func() time.Duration {
	if c.Live != 0 {
		interval := c.interval()
		return func() time.Duration { return time.Duration(s.Given()) * interval }
	}
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

func (c *Case) plan(q burst.Queue, pool burst.Pool, alloc memory.Alloc, clock func() time.Duration) lcore.Plan {
	seed := flow.NewSeed()
	return lcore.Plan{
		Workers: 1, Queues: []burst.Queue{q}, Pool: pool, Alloc: alloc,
		Connections: c.capacity(), Templates: c.capacity(), Services: 1, Reals: reals,
		Seed: &seed, Steering: flow.NewSteering(1, 32, 64), Clock: clock,
	}
}

// zones makes tables in DPDK's memory and can give all of them back.
type zones []string

func (z *zones) alloc(name string, size int) ([]byte, error) {
	b, err := eal.Zone(name, size, memory.Line, eal.SocketAny)
	if err == nil {
		*z = append(*z, name)
	}
	return b, err
}

func (z *zones) free() error {
	for _, name := range *z {
		if err := eal.FreeZone(name); err != nil {
			return err
		}
	}
	return nil
}

// expected says what the worker must have done with the packets between two moments, or the figures are of something else.
func (c *Case) expected(before, after *lcore.Counters) error {
	n := after.Received - before.Received
	forwarded := after.Verdicts[lcore.ForwardInput] + after.Verdicts[lcore.ForwardOutput] -
		before.Verdicts[lcore.ForwardInput] - before.Verdicts[lcore.ForwardOutput]
	made := after.ConnectionInserts - before.ConnectionInserts
	remembered := after.TemplateInserts - before.TemplateInserts
	wantMade, wantRemembered := uint64(0), uint64(0)
	if c.Live != 0 {
		wantMade = n
	}
	if c.Clients > c.Live {
		wantRemembered = n
	}
	if forwarded != n || made != wantMade || remembered != wantRemembered {
		return fmt.Errorf("case %s: of %d packets %d were forwarded (want all), %d made connections (want %d), %d made templates (want %d)",
			c.Name, n, forwarded, made, wantMade, remembered, wantRemembered)
	}
	return nil
}
