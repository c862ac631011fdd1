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
	"cleat/lcore"

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
	for _, one := range []struct {
		wanted bool
		find   func(context.Context) error
	}{
		{len(f.goals()) != 0, f.packets},
		{f.wants(findConnections), f.connections},
		{f.wants(findConcurrent), f.crowd},
		{f.wants(findSoak), f.soaked},
	} {
		if !one.wanted {
			continue
		}
		if err := one.find(ctx); err != nil {
			return err
		}
	}
	return nil
}

// packets finds NDR and PDR, and round trips below them.
func (f *finder) packets(ctx context.Context) error {
	bench, closing, err := f.bench(&f.load)
	if err != nil {
		return err
	}
	defer closing()
	found, err := f.rates(ctx, bench, f.name, unitOf(f.load.Unit), f.goals())
	if err != nil || !f.wants(findLatency) {
		return err
	}
	ndr, err := f.ndr()
	if err != nil {
		return err
	}
	found.Latency, err = f.latencies(ctx, bench, ndr)
	return err
}

// ndr is the rate without loss that was found.
func (f *finder) ndr() (float64, error) {
	ndr := f.report.Searches[0].Goal("NDR") // packets comes first, and check has seen to it that this is wanted
	if ndr.Lower == 0 {
		return 0, errors.New("there is no rate without loss, so that nothing can be measured below it")
	}
	return ndr.Lower, nil
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
	for i := range found.Goals {
		if g := &found.Goals[i]; g.Limit == result.LimitMax && greatest == offered {
			g.Limit = result.LimitGenerator
		}
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

// soaked offers a part of the NDR for a long time.
func (f *finder) soaked(ctx context.Context) error {
	ndr, err := f.ndr()
	if err != nil {
		return err
	}
	bench, closing, err := f.bench(&f.load)
	if err != nil {
		return err
	}
	defer closing()
	before := f.polls()
	s, err := search.Soak(ctx, bench, ndr*f.soakAt, f.soak, f.soakReport, f.tolerance, f.progress)
	after := f.polls()
	s.Case, s.Unit, s.PollGap = f.name, unitOf(f.load.Unit), line.PollGap(&before, &after)
	f.report.Soaks = append(f.report.Soaks, *s)
	if err == nil && !s.Passed() {
		err = errors.New("the soak failed")
	}
	return err
}

// polls are the worker's counters, none where it is in another process.
func (f *finder) polls() (c lcore.Counters) {
	if f.counters != nil {
		c = f.counters()
	}
	return c
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
	if f.wants(findNDR) {
		ndr, err := f.ndr()
		if err != nil {
			return err
		}
		rate = ndr / 2
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
