package main

import (
	"context"
	"errors"
	"fmt"
	"net"

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
	// ports are those of the tester.
	ports []string
	close func() error
}

// start starts DPDK and what the topology needs.
func (s *searching) start(ctx context.Context) (*site, error) {
	if s.topology == "in-process" {
		return s.inProcess()
	}
	b, ports, err := s.open()
	if err != nil {
		return nil, err
	}
	if err := awaitLinks(ctx, ports); err != nil {
		return nil, errors.Join(err, closeAll(b, ports))
	}
	bench := func(load *gen.Load) (trial.Bench, func(), error) {
		g, err := newGenerator(load, &s.place, ports)
		if err != nil {
			return nil, nil, err
		}
		return &gen.Bench{Generator: g, Thread: b.Thread, Beside: s.rest}, g.Close, nil
	}
	return &site{bench: bench, hugepages: b.Hugepages, ports: s.labels(), close: func() error { return closeAll(b, ports) }}, nil
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
		bench: bench, counters: l.Counters, hugepages: b.Hugepages, ports: []string{"net_ring"},
		close: func() error { return errors.Join(l.Close(), b.Close(), alone.Close()) },
	}, nil
}
