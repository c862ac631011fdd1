// Package path measures what one worker of the data path costs, complete as cleatd runs it, above the floor of the port that
// feeds it.
package path

import (
	"fmt"
	"slices"
	"time"

	"cleat/cgo/steady"
	"cleat/lcore"
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/memory"
	"cleat/lcore/service"

	"cleat/perf/bed"
	"cleat/perf/traffic"
)

// Case is one kind of traffic: known connections (Live is 0), replayed by net_pcap, or new ones from a generator.
type Case struct {
	Name  string
	Proto string
	IPv6  bool
	// Lengths are those of the frames in bytes, without FCS, in turns; none: as short as can be.
	Lengths []int
	// Flows is the number of known connections, each of a client of its own; Both: half of the packets are answers.
	Flows int
	Both  bool
	// Live is the number of new connections that are there at a time; Clients open them in turns. More Clients than Live: each has been
	// forgotten when it comes again.
	Live, Clients int
	// Forward is how real servers are reached; Mark: the service is a firewall mark's. There are so many Services, 0: one, with
	// so many Servers each, 0: four.
	Forward           service.Forward
	Mark              bool
	Services, Servers int
	// Aim and Must are the targets: ns a packet above the floor, or millions of connections a second, all in; 0: none.
	Aim, Must float64
	// Than names the case before this one that must not be faster above the floor.
	Than string
}

const million = 1000000

// imix is the simple Internet mix: seven frames of 64 bytes to four of 594 and one of 1518, FCS included.
var imix = []int{60, 60, 60, 60, 60, 60, 60, 590, 590, 590, 590, 1514}

// Cases are the suite.
var Cases = []Case{
	{Name: "known-1k", Proto: "tcp", Flows: 1000, Aim: 18, Must: 30},
	{Name: "known-1k-dr", Proto: "tcp", Flows: 1000, Forward: service.Direct, Than: "known-1k"},
	{Name: "known-1k-tun", Proto: "tcp", Flows: 1000, Forward: service.Tunnel, Than: "known-1k"},
	{Name: "known-1k-both", Proto: "tcp", Flows: 1000, Both: true},
	{Name: "known-1k-udp", Proto: "udp", Flows: 1000},
	{Name: "known-1k-ipv6", Proto: "tcp", Flows: 1000, IPv6: true},
	{Name: "known-1k-594", Proto: "tcp", Flows: 1000, Lengths: []int{590}},
	{Name: "known-1k-1518", Proto: "tcp", Flows: 1000, Lengths: []int{1514}},
	{Name: "known-1k-imix", Proto: "tcp", Flows: 1000, Lengths: imix},
	{Name: "known-1k-mark", Proto: "tcp", Flows: 1000, Mark: true},
	{Name: "known-1k-services", Proto: "tcp", Flows: 1000, Services: 100, Servers: 10},
	{Name: "known-100k", Proto: "tcp", Flows: 100000, Aim: 35, Must: 55},
	{Name: "known-100k-dr", Proto: "tcp", Flows: 100000, Forward: service.Direct, Than: "known-100k"},
	{Name: "known-100k-tun", Proto: "tcp", Flows: 100000, Forward: service.Tunnel, Than: "known-100k"},
	{Name: "known-100k-both", Proto: "tcp", Flows: 100000, Both: true},
	{Name: "known-1m", Proto: "tcp", Flows: million, Aim: 50, Must: 80},
	{Name: "new-returning", Proto: "tcp", Live: million, Clients: 100000, Aim: 4, Must: 2.5},
	{Name: "new-clients", Proto: "tcp", Live: million, Clients: traffic.MaxClients, Aim: 2.5, Must: 1.5},
}

// Line is the line of a plot that a case of known connections is a point of; empty for what is a kind of its own.
func (c *Case) Line() string {
	if c.Live != 0 || c.Mark || c.Services != 0 || len(c.Lengths) > 1 {
		return ""
	}
	line := methods[c.Forward] + " " + c.Proto
	if c.IPv6 {
		line += ", IPv6"
	}
	if c.Both {
		line += ", both ways"
	}
	return line
}

var methods = map[service.Forward]string{service.NAT: "NAT", service.Direct: "DR", service.Tunnel: "TUN"}

// Size is the mean length of the case's frames in bytes, FCS included.
func (c *Case) Size() (int, error) {
	w, err := c.writers()
	if err != nil {
		return 0, err
	}
	sum := 0
	for i := range w {
		sum += w[i].Len() + 4
	}
	return sum / len(w), nil
}

// What a template with its shares of index and wheel takes, in bytes, and what it has beside for IPv6; a connection needs less.
const (
	entryBytes  = 64 + 9 + 5 + 4
	entry6Bytes = 68
)

// capacity is the number of connections, and of templates, that the worker has room for: a quarter more than needed, so that
// the index is as full as in a table well used.
func (c *Case) capacity() int { return max(c.Flows, c.Live*templateTicks/connectionTicks) * 5 / 4 }

// capacity6 is how many of them may be IPv6's.
func (c *Case) capacity6() int { return c.family() * c.capacity() }

// Memory is what the case needs of DPDK, in MiB.
func (c *Case) Memory() int {
	loaded := c.Flows
	if c.Both {
		loaded *= 2
	}
	tables := 2 * ((c.capacity()+1)*entryBytes + c.capacity6()*entry6Bytes)
	return bed.Memory(loaded, slices.Max(append([]int{traffic.FrameLen}, c.Lengths...))) + tables>>20 + 16
}

// sources makes what feeds the worker, and what the floor is measured on: the same port, but another generator, since the
// worker's own is its clock too. Closing the first closes both.
func (c *Case) sources(b *bed.Bed) (path, floor bed.Source, err error) {
	w, err := c.writers()
	if err != nil {
		return nil, nil, err
	}
	if c.Live != 0 {
		g, err := b.Generator(w[0], c.Clients)
		if err != nil {
			return nil, nil, err
		}
		twin := *g
		return g, &twin, nil
	}
	frames := traffic.Frames(c.Flows, w...)
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
		Connections: c.capacity(), Templates: c.capacity(), Services: c.services(), Reals: c.reals(),
		Connections6: c.capacity6(), Templates6: c.capacity6(),
		Seed: &seed, Steering: flow.NewSteering(1, 32, 64), Clock: clock, Pause: steady.Pause,
	}
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
