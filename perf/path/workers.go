package path

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"cleat/cgo/steady"
	"cleat/lcore"
	"cleat/lcore/burst"
	"cleat/lcore/flow"

	"cleat/perf/bed"
	"cleat/perf/traffic"
)

// Crew is several workers, each fed by a port of its own.
type Crew struct {
	Case
	Workers int
	// Strangers is how much of what a worker gets is another worker's, in percent.
	Strangers int
}

// Crews are those of the suite. All of them have the same number of connections a worker.
var Crews = []Crew{
	{Case{Name: "workers-1", Proto: "tcp", Flows: 50000}, 1, 0},
	{Case{Name: "workers-2", Proto: "tcp", Flows: 100000}, 2, 0},
	{Case{Name: "workers-2-handover", Proto: "tcp", Flows: 100000}, 2, 50},
}

// Shift is one repetition: all workers at a time. The readings are the sums of theirs.
type Shift struct {
	Pair
	// HandedOver packets went to another worker.
	HandedOver uint64
}

// Memory is what it needs of DPDK, in MiB.
func (c *Crew) Memory() int { return c.Workers * c.Case.Memory() }

// crew is a Crew at work.
type crew struct {
	*Crew
	runs []*run
}

// Measure runs it like a Case: floor and path in turns, on all workers at a time.
func (c *Crew) Measure(b *bed.Bed, s Schedule) (shifts []Shift, err error) {
	var tables bed.Tables
	defer func() { err = errors.Join(err, tables.Free()) }()
	at := &crew{Crew: c}
	defer func() { err = errors.Join(err, at.close()) }()
	if err := at.hire(b, &tables); err != nil {
		return nil, err
	}
	if err := at.start(b); err != nil {
		return nil, err
	}
	if err = at.each((*run).warmUp); err == nil {
		shifts, err = at.shifts(s)
	}
	return shifts, errors.Join(err, at.end())
}

// hire makes ports and workers.
func (c *crew) hire(b *bed.Bed, tables *bed.Tables) error {
	steering := flow.NewSteering(c.Workers, 32, 64)
	frames, err := c.frames(steering)
	if err != nil {
		return err
	}
	var plans []lcore.Plan
	flights := make([]*flight, c.Workers)
	for n := range flights {
		flights[n] = new(flight)
	}
	for n := range c.Workers {
		source, err := b.Pcap(frames[n])
		if err != nil {
			return err
		}
		port := &gate{source, flights[n], flights}
		floor := &gate{source, flights[n], nil} // open even while packets wait for workers whose floor is measured at the same time
		c.runs = append(c.runs, &run{Case: &c.Case, source: port, floor: floor})
		plan := c.plan(port, port, func(name string, size int) ([]byte, error) {
			return tables.Alloc(fmt.Sprintf("%s_%d", name, n), size)
		}, clockOf(port, &c.Case))
		plan.Number, plan.Workers, plan.Steering = n, c.Workers, steering
		plan.Queues = []burst.Queue{port}
		if n > 0 {
			plan.Seed = plans[0].Seed
		}
		plans = append(plans, plan)
	}
	workers, err := lcore.NewWorkers(plans, c.tables())
	for n := range workers {
		c.runs[n].worker = workers[n]
	}
	return err
}

// frames are what each worker gets: every flow of one client, which belongs to one worker, always by the same port.
func (c *crew) frames(steering *flow.Steering) ([][][]byte, error) {
	w, err := c.writers()
	if err != nil {
		return nil, err
	}
	all, seen := make([][][]byte, c.Workers), make([]int, c.Workers)
	for _, f := range traffic.Flows(c.Flows) {
		owner := steering.Worker(flow.V4(f.Client))
		to := owner
		if seen[owner]++; seen[owner]*c.Strangers/100 != (seen[owner]-1)*c.Strangers/100 {
			to = (owner + 1) % c.Workers
		}
		frame := make([]byte, w[0].Len())
		w[0].Write(frame, f)
		all[to] = append(all[to], frame)
	}
	return all, nil
}

func (c *crew) start(b *bed.Bed) error {
	var work []func()
	for _, r := range c.runs {
		work = append(work, func() { steady.Run(r.worker.Run) })
	}
	done, err := b.Threads(work)
	for n := range done {
		c.runs[n].done = done[n]
	}
	if err != nil {
		c.stop() // those that run have to end before their ports do
	}
	return err
}

// each does something for all workers at a time.
func (c *crew) each(do func(*run) error) error {
	errs := make([]error, len(c.runs))
	var all sync.WaitGroup
	for n, r := range c.runs {
		all.Go(func() { errs[n] = do(r) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (c *crew) shifts(s Schedule) (shifts []Shift, err error) {
	for range s.Repetitions {
		var one Shift
		var sums sync.Mutex
		err = c.each(func(r *run) error {
			floor, err := r.floorFor(s.Each)
			sums.Lock()
			defer sums.Unlock()
			one.Floor.Add(floor)
			return err
		})
		err = errors.Join(err, c.each(func(r *run) error {
			w, err := r.pathFor(s.Each)
			sums.Lock()
			defer sums.Unlock()
			one.add(&w)
			return err
		}))
		if err != nil {
			return nil, err
		}
		shifts = append(shifts, one)
	}
	return shifts, nil
}

func (s *Shift) add(w *window) {
	s.Path.Add(w.Reading)
	s.HandedOver += w.after.Verdicts[lcore.HandedOver] - w.before.Verdicts[lcore.HandedOver]
}

// end stops the workers and says if something was measured that the case is not about: a packet that got lost, a connection that was not there, more or fewer
// strangers.
func (c *crew) end() error {
	c.stop()
	var sum lcore.Counters
	for _, r := range c.runs {
		r.worker.Drain()
		counters := r.worker.Counters()
		if n := counters.Unaccounted(); n != 0 {
			return fmt.Errorf("case %s: %d packets are in no counter", c.Name, n)
		}
		sum.Received += counters.Received
		sum.Transmitted += counters.Transmitted + counters.Verdicts[lcore.DropStopped] // those were in a ring at the end
		sum.ConnectionInserts += counters.ConnectionInserts
		sum.Verdicts[lcore.HandedOver] += counters.Verdicts[lcore.HandedOver]
	}
	share := 100 * float64(sum.Verdicts[lcore.HandedOver]) / float64(max(sum.Received, 1))
	if sum.Transmitted != sum.Received || sum.ConnectionInserts != uint64(c.Flows) || math.Abs(share-float64(c.Strangers)) > float64(c.Strangers)/10 {
		return fmt.Errorf("case %s: of %d packets %d were transmitted (want all) and %.1f %% handed over (want %d %%), %d connections were made (want %d)",
			c.Name, sum.Received, sum.Transmitted, share, c.Strangers, sum.ConnectionInserts, c.Flows)
	}
	return nil
}

// stop ends the threads that were started.
func (c *crew) stop() {
	for _, r := range c.runs {
		r.worker.Stop()
	}
	for _, r := range c.runs {
		if r.done != nil {
			<-r.done
		}
	}
}

// close closes the ports.
func (c *crew) close() (err error) {
	for _, r := range c.runs {
		err = errors.Join(err, r.source.Close())
	}
	return err
}
