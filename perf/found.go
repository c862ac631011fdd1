package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"cleat/cgo/eal"

	"cleat/perf/line"
	"cleat/perf/result"
	"cleat/perf/search"
	"cleat/perf/trial"
)

// finder is a search under way.
type finder struct {
	*searching
	*site
	report   *result.Report
	progress func(*result.Trial)
}

// run searches and prints what was found, all of it even if the search was ended before its time.
func (s *searching) run(out, errs io.Writer) (err error) {
	if err := s.check(); err != nil {
		return err
	}
	ctx, stop := interrupted()
	defer stop()
	host := result.NewHost(version, eal.Version())
	where, err := s.start(ctx)
	if err != nil {
		return failed(err)
	}
	host.Hugepages, host.Ports = where.hugepages, where.ports
	f := &finder{searching: s, site: where, report: &result.Report{Host: host}, progress: progress(errs)}
	err = f.all(ctx)
	if errors.Is(err, context.Canceled) {
		err = errors.New("stopped before its end")
	}
	err = errors.Join(err, where.close())
	return failed(errors.Join(err, f.print(out), f.keep()))
}

// progress tells of every trial on a terminal, and elsewhere of none.
func progress(w io.Writer) func(*result.Trial) {
	f, ok := w.(*os.File)
	if !ok {
		return func(*result.Trial) {}
	}
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err != nil {
		return func(*result.Trial) {}
	}
	return func(t *result.Trial) { fmt.Fprintln(w, t) }
}

// all finds what is wanted, one after the other.
func (f *finder) all(ctx context.Context) error {
	if len(f.goals()) != 0 {
		if err := f.packets(ctx); err != nil {
			return err
		}
	}
	if f.wants(findConnections) {
		if err := f.connections(ctx); err != nil {
			return err
		}
	}
	if f.wants(findConcurrent) {
		return f.crowd(ctx)
	}
	return nil
}

// packets finds NDR and PDR, and what is measured below them.
func (f *finder) packets(ctx context.Context) error {
	bench, closing, err := f.bench(&f.load)
	if err != nil {
		return err
	}
	defer closing()
	found, err := f.rates(ctx, bench, f.name, unitOf(f.load.Unit), f.goals())
	if err != nil {
		return err
	}
	ndr := found.Goal("NDR")
	if !f.wants(findLatency) && !f.wants(findSoak) {
		return nil
	}
	if ndr.Lower == 0 {
		return errors.New("there is no rate without loss, so that nothing can be measured below it")
	}
	if f.wants(findLatency) {
		if found.Latency, err = f.latencies(ctx, bench, ndr.Lower); err != nil {
			return err
		}
	}
	if f.wants(findSoak) {
		return f.soaked(ctx, bench, ndr.Lower*f.soakAt)
	}
	return nil
}

func unitOf(load string) string {
	if load == "connections" {
		return result.ConnectionsPerSecond
	}
	return result.PacketsPerSecond
}

// As much as can be is offered in so many trials before a search: they warm everybody up, and tell what the generator can offer. No trial
// takes longer than those of the search.
const (
	mrrTrials = 5
	mrrTime   = time.Second
)

// rates searches for goals. What was found is in the report even with an error.
func (f *finder) rates(ctx context.Context, bench trial.Bench, name, unit string, goals []search.Goal) (*result.Search, error) {
	mrr, offered, err := search.MRR(ctx, bench, mrrTrials, min(mrrTime, f.final), f.progress)
	if err != nil {
		return nil, err
	}
	greatest := offered
	if f.max != 0 {
		greatest = min(offered, float64(f.max))
	}
	p := f.plan(greatest, mrr.Median(), goals)
	p.Progress = f.progress
	found, err := search.Run(ctx, bench, p)
	if found == nil {
		return nil, err
	}
	found.Case, found.Unit, found.MRR, found.Offered = name, unit, mrr, offered
	f.report.Searches = append(f.report.Searches, *found)
	return &f.report.Searches[len(f.report.Searches)-1], err
}

func (f *finder) latencies(ctx context.Context, bench trial.Bench, rate float64) (points []result.LatencyPoint, err error) {
	if f.out == "" {
		return search.Latency(ctx, bench, rate, f.latency, io.Discard)
	}
	err = f.file(f.name+".hlog", func(w io.Writer) error {
		points, err = search.Latency(ctx, bench, rate, f.latency, w)
		return err
	})
	return points, err
}

func (f *finder) soaked(ctx context.Context, bench trial.Bench, load float64) error {
	soaked := func() (*result.Soak, error) {
		return search.Soak(ctx, bench, load, f.soak, f.soakReport, f.tolerance, f.progress)
	}
	var s *result.Soak
	var err error
	if f.counters == nil {
		s, err = soaked()
	} else {
		before := f.counters()
		s, err = soaked()
		after := f.counters()
		s.PollGap = line.PollGap(&before, &after)
	}
	s.Case, s.Unit = f.name, unitOf(f.load.Unit)
	f.report.Soaks = append(f.report.Soaks, *s)
	if err == nil && !s.Passed() {
		err = errors.New("the soak failed")
	}
	return err
}

// connections finds how many can be opened, asked once and closed in a second.
func (f *finder) connections(ctx context.Context) error {
	load := f.load
	load.Unit, load.Requests = "connections", max(1, load.Requests)
	bench, closing, err := f.bench(&load)
	if err != nil {
		return err
	}
	defer closing()
	_, err = f.rates(ctx, bench, f.name+"-connections", result.ConnectionsPerSecond, []search.Goal{search.ConnectionsGoal(f.trials, f.exceed)})
	return err
}

// Connections at a time are reached in so many steps; each of them is asked at half of the NDR, or at a modest rate if that is not known.
const (
	crowdSteps = 16
	crowdRate  = 100000
)

// crowd finds how many connections can be open at a time.
func (f *finder) crowd(ctx context.Context) error {
	rate := float64(crowdRate)
	if len(f.report.Searches) > 0 {
		if ndr := f.report.Searches[0].Goal("NDR"); ndr != nil && ndr.Lower != 0 {
			rate = ndr.Lower / 2
		}
	}
	found, err := search.Concurrent(ctx, search.Crowd{
		Open: func(n int) (trial.Bench, func(), error) {
			load := f.load
			load.Unit, load.Requests, load.New, load.Flows = "packets", 0, 0, n
			return f.bench(&load)
		},
		Most: f.concurrent, Steps: crowdSteps, Rate: rate, Tolerance: f.tolerance, Progress: f.progress,
	})
	found.Case = f.name + "-concurrent"
	f.report.Searches = append(f.report.Searches, *found)
	return err
}

func (f *finder) print(out io.Writer) error {
	if f.output == "json" {
		return f.report.JSON(out)
	}
	return f.report.SearchTable(out)
}

// keep writes the report into the directory that was asked for.
func (f *finder) keep() error {
	if f.out == "" {
		return nil
	}
	return errors.Join(f.file("search.json", f.report.JSON), f.file("search.txt", f.report.SearchTable))
}

func (f *finder) file(name string, write func(io.Writer) error) error {
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return err
	}
	w, err := os.Create(filepath.Join(f.out, name))
	if err != nil {
		return err
	}
	return errors.Join(write(w), w.Close())
}
