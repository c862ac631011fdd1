package path

import (
	"errors"
	"fmt"
	"time"

	"cleat/lcore"

	"cleat/perf/bed"
)

// Schedule says how often and how long to measure.
type Schedule struct {
	Repetitions int
	Each        time.Duration // of every floor and every path
}

// Pair is one repetition: floor and path one after the other.
type Pair struct{ Floor, Path bed.Reading }

// run is a worker at work on a case.
type run struct {
	*Case
	source bed.Source
	floor  bed.Source
	worker *lcore.Worker
	done   <-chan struct{}
}

// Measure runs a case: it warms up until the tables are as full as they will be, then takes floor, path, floor, path, … on one
// thread over one port. An error says also if the worker did with the packets anything but what the case is about.
func Measure(b *bed.Bed, c *Case, s Schedule) (pairs []Pair, err error) {
	source, floor, err := c.sources(b)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	var tables bed.Tables
	defer func() { err = errors.Join(err, tables.Free()) }()
	workers, err := lcore.NewWorkers([]lcore.Plan{c.plan(source, source, tables.Alloc, clockOf(source, c))}, c.tables())
	if err != nil {
		return nil, err
	}
	r := &run{Case: c, source: source, floor: floor, worker: workers[0]}
	if r.done, err = b.Thread(r.worker.Run); err != nil {
		return nil, err
	}
	if err = r.warmUp(); err == nil {
		pairs, err = r.pairs(s)
	}
	return pairs, errors.Join(err, r.end())
}

// warmUp lets every known connection be seen twice, or new ones come until as many end as begin.
func (r *run) warmUp() error {
	packets := uint64(4 * r.Flows)
	if r.Live != 0 {
		packets = uint64(2 * r.Live)
	}
	for {
		var given uint64
		if err := r.worker.Do(func() bool { given = r.source.Given(); return true }); err != nil {
			return err
		}
		if given >= packets {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
}

// pairs takes them. The floor runs on the worker's thread between two of its turns: on the same core, over the same queue, with
// the same cache of packet buffers.
func (r *run) pairs(s Schedule) (pairs []Pair, err error) {
	for range s.Repetitions {
		var p Pair
		var begin bed.Reading
		var before, after lcore.Counters
		err = r.worker.Do(func() bool { p.Floor = bed.Floor(r.floor, s.Each); return true })
		err = errors.Join(err, r.worker.Do(func() bool { before, begin = r.worker.Counters(), bed.Read(r.source); return true }))
		time.Sleep(s.Each)
		err = errors.Join(err, r.worker.Do(func() bool {
			p.Path, after = bed.Read(r.source).Since(begin), r.worker.Counters()
			return true
		}))
		if err == nil {
			err = r.expected(&before, &after)
		}
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// end stops the worker and says if a packet got lost on its way.
func (r *run) end() error {
	r.worker.Stop()
	<-r.done
	r.worker.Drain()
	c := r.worker.Counters()
	if n := c.Unaccounted(); n != 0 {
		return fmt.Errorf("case %s: %d packets are in no counter", r.Name, n)
	}
	if c.Transmitted != c.Received {
		return fmt.Errorf("case %s: %d packets received, %d transmitted: %v", r.Name, c.Received, c.Transmitted, drops(&c))
	}
	return nil
}

// drops names the verdicts that dropped packets, with their counts.
func drops(c *lcore.Counters) map[string]uint64 {
	all := map[string]uint64{}
	for _, v := range lcore.Verdicts() {
		if n := c.Verdicts[v]; n != 0 && v.Drop() {
			all[v.String()] = n
		}
	}
	return all
}
