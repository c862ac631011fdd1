package path

import (
	"errors"
	"fmt"
	"time"

	"cleat/lcore"

	"cleat/perf/bed"
	"cleat/perf/result"
)

// Flood is known connections before and under a flood of SYNs from forged sources.
type Flood struct {
	Flows int // known connections
	Room  int // of the tables, in entries
}

// Flooded is the case of the suite.
var Flooded = Flood{Flows: 100000, Room: 250000}

// What of the worker's time the open loop offers: known connections, and the flood.
const (
	knownLoad = 0.5
	floodLoad = 0.4
	// depth is the receive queue's, in packets: cleatd's default.
	depth = 1024
)

// Shares of the flood, of 256.
const (
	onlyKnown = 0
	half      = 128
	onlyFlood = 256
)

// Memory is what it needs of DPDK, in MiB.
func (f *Flood) Memory() int {
	return bed.Memory(0, 0) + 2*(f.Room+1)*entryBytes>>20 + 16
}

// flooded is a worker under attack.
type flooded struct {
	*run
	stream *bed.Stream
}

// Measure takes, on one worker: what a known connection's packet costs while the tables hold nothing else, what it costs when the flood
// has filled them, what a packet of the flood costs, and what both cost in turns; then it offers both at rates that the worker has
// time for, and counts what of the known ones is forwarded.
func (f *Flood) Measure(b *bed.Bed, s Schedule) (figures []result.Figure, err error) {
	c := &Case{Name: "flood", Proto: "tcp", Flows: f.Flows}
	stream, err := f.stream(b, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stream.Close()) }()
	var tables bed.Tables
	defer func() { err = errors.Join(err, tables.Free()) }()
	plan := c.plan(stream, stream, tables.Alloc, clockOf(stream, c))
	plan.Connections, plan.Templates = f.Room, f.Room
	r, err := c.start(b, plan, stream, stream)
	if err != nil {
		return nil, err
	}
	under := &flooded{r, stream}
	if err = r.warmUp(); err == nil {
		figures, err = under.figures(f, s)
	}
	return figures, errors.Join(err, under.end())
}

func (f *Flood) stream(b *bed.Bed, c *Case) (*bed.Stream, error) {
	known, err := c.writers()
	if err != nil {
		return nil, err
	}
	syn, err := (&Case{Proto: c.Proto, Live: 1}).writers()
	if err != nil {
		return nil, err
	}
	return b.Stream(known[0], syn[0], f.Flows)
}

// end stops the worker and says if a packet is in no counter. That the flood's are dropped is no error.
func (u *flooded) end() error {
	u.worker.Stop()
	<-u.done
	u.worker.Drain()
	c := u.worker.Counters()
	if n := c.Unaccounted(); n != 0 {
		return fmt.Errorf("case flood: %d packets are in no counter", n)
	}
	return nil
}

// set changes what the stream gives.
func (u *flooded) set(change func(*bed.Stream)) error {
	return u.worker.Do(func() bool { change(u.stream); return true })
}

func (u *flooded) figures(f *Flood, s Schedule) ([]result.Figure, error) {
	before, err := u.costs(onlyKnown, s)
	if err != nil {
		return nil, err
	}
	if err := u.fill(f); err != nil {
		return nil, err
	}
	full, err := u.costs(onlyKnown, s)
	if err != nil {
		return nil, err
	}
	alone, err := u.costs(onlyFlood, s)
	if err != nil {
		return nil, err
	}
	both, err := u.costs(half, s)
	if err != nil {
		return nil, err
	}
	figures := compared(before, full, alone, both)
	open, err := u.offered(s)
	return append(figures, open...), err
}

// costs is ns of CPU time a packet, generator included, for a share of the flood. Without one, every packet has to be forwarded and must
// not make a connection.
func (u *flooded) costs(share int, s Schedule) (ns result.Series, err error) {
	for range s.Repetitions {
		cost, err := u.cost(share, s.Each)
		if err != nil {
			return nil, err
		}
		ns = append(ns, cost)
	}
	return ns, nil
}

// cost is one of costs, taken for so long.
func (u *flooded) cost(share int, each time.Duration) (ns float64, err error) {
	if err := u.set(func(s *bed.Stream) { s.Flood = share; s.Pace(0, 0) }); err != nil {
		return 0, err
	}
	w, err := u.pathFor(each)
	if err == nil && share == onlyKnown {
		err = u.expected(&w.before, &w.after)
	}
	if err != nil {
		return 0, err
	}
	return w.PerPacket(), nil
}

// fill has the flood alone until it has had the tables' room several times over.
func (u *flooded) fill(f *Flood) error {
	err := u.set(func(s *bed.Stream) { s.Flood = onlyFlood })
	if err == nil {
		err = u.until(u.worker.Counters().Received + uint64(4*f.Room))
	}
	if c := u.worker.Counters(); err == nil && c.Connections < uint64(f.Room)*95/100 {
		err = fmt.Errorf("case flood: %d of %d entries are used: the flood has not filled the table", c.Connections, f.Room)
	}
	return err
}

// compared are the figures of what packets cost.
func compared(before, full, alone, both result.Series) []result.Figure {
	rate, between := make(result.Series, len(full)), make(result.Series, len(full))
	for i := range full {
		rate[i] = 100 * before.Median() / full[i]
		between[i] = 2*both[i] - alone.Median()
	}
	return []result.Figure{
		{Case: "flood", What: "a known packet before the flood, generator included", Unit: "ns", Values: before},
		{Case: "flood", What: "a known packet, tables full of the flood", Unit: "ns", Values: full},
		{Case: "flood", What: "a packet of the flood, tables full", Unit: "ns", Values: alone},
		{Case: "flood", What: "a known packet between as many of the flood, less what those cost alone", Unit: "ns", Values: between},
		{Case: "flood", What: "rate of known packets with full tables, of that before", Unit: "%", Values: rate, Aim: 90, Must: 90, More: true},
	}
}

// offered has known packets come at half the rate that the worker could forward, and the flood at what takes most of the other half, as
// they are. What both cost is measured anew before each repetition: a machine that others use is not as fast as it was a second ago, and nine tenths of its time
// would soon be more than all of it.
func (u *flooded) offered(s Schedule) ([]result.Figure, error) {
	var forwarded, taken result.Series
	for range s.Repetitions {
		if err := u.offer(s.Each / 2); err != nil {
			return nil, err
		}
		begin, err := u.look()
		if err != nil {
			return nil, err
		}
		time.Sleep(s.Each)
		end, err := u.look()
		if err != nil {
			return nil, err
		}
		offered := end.stream.Known + end.stream.Lost - begin.stream.Known - begin.stream.Lost
		forwarded = append(forwarded, 100*float64(end.known()-begin.known())/float64(offered))
		taken = append(taken, 1e3*float64(end.stream.Flooded-begin.stream.Flooded)/float64(end.at.Since(begin.at).CPU))
	}
	return []result.Figure{
		{
			Case: "flood", What: fmt.Sprintf("forwarded of known packets at %g %% of the worker's rate, the flood taking %g %% of its time", 100*knownLoad, 100*floodLoad),
			Unit: "%", Values: forwarded, Aim: 90, Must: 90, More: true,
		},
		{Case: "flood", What: "packets of the flood meanwhile", Unit: "M/s", Values: taken},
	}, nil
}

// offer measures for so long each what known packets and those of the flood cost, and has the stream give both at rates accordingly.
func (u *flooded) offer(each time.Duration) error {
	known, err := u.cost(onlyKnown, each)
	if err != nil {
		return err
	}
	flood, err := u.cost(onlyFlood, each)
	if err != nil {
		return err
	}
	perKnown, perFlood := 1e9*knownLoad/known, 1e9*floodLoad/flood
	share := int(256*perFlood/(perKnown+perFlood) + 0.5)
	return u.set(func(s *bed.Stream) { s.Flood = share; s.Pace(perKnown+perFlood, depth) })
}

// sight is how far stream and worker are.
type sight struct {
	stream   bed.Stream
	at       bed.Reading
	counters lcore.Counters
}

func (u *flooded) look() (s sight, err error) {
	err = u.fresh(func(c lcore.Counters) { s = sight{*u.stream, bed.Read(u.stream), c} })
	return s, err
}

// known is how many packets of known connections were forwarded: those that made none.
func (s *sight) known() uint64 {
	return s.counters.Verdicts[lcore.ForwardInput] - s.counters.ConnectionInserts
}
