package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"github.com/spf13/cobra"

	"cleat/cgo/eal"

	"cleat/perf/bed"
	"cleat/perf/path"
	"cleat/perf/result"
)

// settings are the flags of every command that measures.
type settings struct {
	bed      bed.Options
	schedule path.Schedule
	output   string
	only     string
	profile  string
}

// cases defines --case beside flags.
func (s *settings) cases(cmd *cobra.Command, each time.Duration) {
	s.flags(cmd, each)
	cmd.Flags().StringVar(&s.only, "case", "", "only cases whose name matches this `regexp`")
}

// flags defines those of every command; each is how long a floor or a path takes unless --time says otherwise.
func (s *settings) flags(cmd *cobra.Command, each time.Duration) {
	f := cmd.Flags()
	f.IntVar(&s.bed.CPU, "cpu", bed.LastCPU(), "`number` of the CPU to measure on")
	f.StringVar(&s.bed.Hugepages, "hugepages", "auto", "auto (if enough are free), require or off")
	f.IntVar(&s.schedule.Repetitions, "repetitions", 5, "how often each case is measured, floor and path in turns")
	f.DurationVar(&s.schedule.Each, "time", each, "how long each of them takes")
	f.StringVarP(&s.output, "output", "o", "table", "`format`: table or json")
	f.StringVar(&s.profile, "cpuprofile", "", "write a profile for go tool pprof to this `file`; -focus=lcore leaves the floor out")
}

func (s *settings) check() error {
	switch {
	case s.output != "table" && s.output != "json":
		return fmt.Errorf("--output %q: must be table or json", s.output)
	case s.schedule.Repetitions < 1:
		return fmt.Errorf("--repetitions %d: must be at least 1", s.schedule.Repetitions)
	case s.schedule.Each < time.Millisecond:
		return fmt.Errorf("--time %v: must be at least 1ms", s.schedule.Each)
	}
	return nil
}

// named returns those of all whose name --case asks for.
func named[T any](s *settings, all []T, name func(*T) string) ([]T, error) {
	pattern, err := regexp.Compile(s.only)
	if err != nil {
		return nil, fmt.Errorf("--case: %w", err)
	}
	var some []T
	var names []string
	for i := range all {
		names = append(names, name(&all[i]))
		if pattern.MatchString(name(&all[i])) {
			some = append(some, all[i])
		}
	}
	if len(some) == 0 {
		return nil, fmt.Errorf("--case %q: no case is called so; there are %v", s.only, names)
	}
	return some, nil
}

// lab runs measure inside DPDK and prints what it found.
func (s *settings) lab(out io.Writer, memory int, measure func(*bed.Bed, *result.Report) error) error {
	alone, err := net.Listen("unix", "@cleat-perf") // abstract: no file, and gone with the process
	if err != nil {
		return failed(fmt.Errorf("another cleat-perf is running, and each would slow the other down: wait for its end (%w)", err))
	}
	defer alone.Close()
	quiet()
	report := &result.Report{Host: result.NewHost(version, eal.Version())}
	s.bed.Memory = memory
	b, err := bed.Start(s.bed)
	if err != nil {
		return failed(err)
	}
	report.Host.Hugepages = b.Hugepages
	err = s.profiled(func() error { return measure(b, report) })
	report.Host.Ports = b.Drivers
	if err = errors.Join(err, b.Close()); err != nil {
		return failed(err)
	}
	if s.output == "json" {
		return failed(report.JSON(out))
	}
	return failed(report.Table(out))
}

func (s *settings) profiled(measure func() error) (err error) {
	if s.profile == "" {
		return measure()
	}
	f, err := os.Create(s.profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return measure()
}

// quiet makes garbage collections rare.
func quiet() {
	debug.SetGCPercent(800)
	debug.SetMemoryLimit(1 << 30)
}
