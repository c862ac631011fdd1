package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"cleat/lcore"

	"cleat/perf/bed"
	"cleat/perf/gen"
	"cleat/perf/line"
	"cleat/perf/trial"
)

// site is where trials are made.
type site struct {
	// bench makes trials of a load until it is closed; one is open at a time.
	bench func(*gen.Load) (bench trial.Bench, closing func(), err error)
	// counters are the worker's; nil: it is in another process.
	counters func() lcore.Counters
	// hugepages: packets and tables lie in them.
	hugepages bool
	close     func() error
}

// open starts DPDK and what the topology needs.
func (s *searching) site(ctx context.Context) (*site, error) {
	if s.topology == "in-process" {
		return s.inProcess()
	}
	b, ports, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	bench := func(load *gen.Load) (trial.Bench, func(), error) {
		mac, err := ports[0].MAC()
		if err != nil {
			return nil, nil, err
		}
		link, err := s.place.Link(load, mac)
		if err != nil {
			return nil, nil, err
		}
		g, err := gen.New(load, link, queues(ports), ports[0].Pool, func() time.Duration { return time.Since(begin) })
		if err != nil {
			return nil, nil, err
		}
		return &gen.Bench{Generator: g, Thread: b.Thread, Beside: s.rest}, g.Close, nil
	}
	return &site{bench: bench, hugepages: b.Hugepages, close: func() error { return closeAll(b, ports) }}, nil
}

func (s *searching) inProcess() (*site, error) {
	alone, err := net.Listen("unix", "@cleat-perf") // abstract: no file, and gone with the process
	if err != nil {
		return nil, fmt.Errorf("another cleat-perf is running, and each would slow the other down: wait for its end (%w)", err)
	}
	quiet()
	s.bed.Memory = s.line.Memory()
	b, err := bed.Start(s.bed)
	if err != nil {
		return nil, errors.Join(err, alone.Close())
	}
	l, err := line.New(s.line)
	if err != nil {
		return nil, errors.Join(err, b.Close(), alone.Close())
	}
	bench := func(load *gen.Load) (trial.Bench, func(), error) {
		b, err := l.Bench(load)
		if err != nil {
			return nil, nil, err
		}
		return b, b.Close, nil
	}
	return &site{
		bench: bench, counters: l.Counters, hugepages: b.Hugepages,
		close: func() error { return errors.Join(l.Close(), b.Close(), alone.Close()) },
	}, nil
}
