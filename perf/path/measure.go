package path

import (
	"errors"
	"fmt"
	"time"

	"cleat/cgo/steady"
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
	r, err := c.start(b, c.plan(source, source, tables.Alloc, clockOf(source, c)), source, floor)
	if err != nil {
		return nil, err
	}
	if err = r.warmUp(); err == nil {
		pairs, err = r.pairs(s)
	}
	return pairs, errors.Join(err, r.end())
}

// start sets a worker of the case to work.
func (c *Case) start(b *bed.Bed, plan lcore.Plan, source, floor bed.Source) (*run, error) {
	workers, err := lcore.NewWorkers([]lcore.Plan{plan}, c.tables())
	if err != nil {
		return nil, err
	}
	r := &run{Case: c, source: source, floor: floor, worker: workers[0]}
	r.done, err = b.Thread(func() { steady.Run(r.worker.Run) })
	return r, err
}

// warmUp lets every known connection be seen twice, or new ones come until as many end as begin.
func (r *run) warmUp() error {
	if r.Live != 0 {
		return r.until(uint64(2 * r.Live))
	}
	return r.until(uint64(4 * r.Flows))
}

// until waits for the worker to have received so many packets, as its counters say.
func (r *run) until(packets uint64) error {
	for r.worker.Counters().Received < packets {
		select {
		case <-r.done:
			return lcore.ErrStopped
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// fresh shows look the worker's counters between two turns, on its thread, just after they were published.
func (r *run) fresh(look func(lcore.Counters)) error {
	var first uint64
	return r.worker.Do(func() bool {
		c := r.worker.Counters()
		if first == 0 {
			first = c.Turns
		}
		if c.Turns == first {
			return false
		}
		look(c)
		return true
	})
}

// pairs takes them.
func (r *run) pairs(s Schedule) (pairs []Pair, err error) {
	for range s.Repetitions {
		floor, err := r.floorFor(s.Each)
		if err != nil {
			return nil, err
		}
		w, err := r.pathFor(s.Each)
		if err == nil {
			err = r.expected(&w.before, &w.after)
		}
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, Pair{Floor: floor, Path: w.Reading})
	}
	return pairs, nil
}

// floorFor has the floor run on the worker's thread between two of its turns: on the same core, over the same queue, with the same
// cache of packet buffers.
func (r *run) floorFor(d time.Duration) (floor bed.Reading, err error) {
	err = r.worker.Do(func() bool { floor = bed.Floor(r.floor, d); return true })
	return floor, err
}

// window is what a worker did, and counted, for a while.
type window struct {
	bed.Reading
	before, after lcore.Counters
}

// pathFor lets the worker work for that long.
func (r *run) pathFor(d time.Duration) (w window, err error) {
	var begin bed.Reading
	err = r.fresh(func(c lcore.Counters) { w.before, begin = c, bed.Read(r.source) })
	time.Sleep(d)
	return w, errors.Join(err, r.fresh(func(c lcore.Counters) { w.after, w.Reading = c, bed.Read(r.source).Since(begin) }))
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
