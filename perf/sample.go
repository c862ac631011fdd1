package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"cleat/cgo/eal"

	"cleat/perf/result"
	"cleat/perf/sample"
)

// sampling are the flags of sample.
type sampling struct {
	dir, prefix, thread, output, name string
	port, repetitions                 int
	each                              time.Duration
}

func sampleCommand() *cobra.Command {
	var s sampling
	cmd := &cobra.Command{
		Use:   "sample",
		Short: "What a packet costs a DPDK program that runs, seen from outside",
		Long: `sample reads CPU time of a program's worker from the kernel and packets received from its telemetry socket: cleatd's, dpdk-testpmd's, or
anybody's. The figure includes the port: take the same of dpdk-testpmd in io mode off, fed by the same file.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			name, err := regexp.Compile(s.thread)
			switch {
			case err != nil:
				return fmt.Errorf("--thread: %w", err)
			case s.output != "table" && s.output != "json":
				return fmt.Errorf("--output %q: must be table or json", s.output)
			case s.repetitions < 1 || s.each < time.Millisecond:
				return fmt.Errorf("--repetitions %d, --time %v: must be at least 1 and 1ms", s.repetitions, s.each)
			}
			report := &result.Report{Host: result.NewHost(version, eal.Version())}
			if err := s.into(report, name); err != nil {
				return failed(err)
			}
			if s.output == "json" {
				return failed(report.JSON(cmd.OutOrStdout()))
			}
			return failed(report.Table(cmd.OutOrStdout()))
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.dir, "run-dir", "/var/run/dpdk", "`directory` below which DPDK programs have their sockets")
	f.StringVar(&s.prefix, "prefix", "cleat", "the program's --file-prefix")
	f.StringVar(&s.thread, "thread", `^(cleat-worker-0|[a-z]+-worker-?1)$`, "`regexp` for the name of the worker's thread")
	f.StringVar(&s.name, "name", "outside", "what the row is called")
	f.IntVar(&s.port, "port", 0, "`number` of the port whose packets are counted")
	f.IntVar(&s.repetitions, "repetitions", 7, "how often it is measured")
	f.DurationVar(&s.each, "time", 400*time.Millisecond, "how long each time takes")
	f.StringVarP(&s.output, "output", "o", "table", "`format`: table or json")
	return cmd
}

// into adds the program to a report.
func (s *sampling) into(report *result.Report, thread *regexp.Regexp) error {
	p, err := sample.Open(filepath.Join(s.dir, s.prefix), s.port, thread)
	if err != nil {
		return err
	}
	defer p.Close()
	row, err := s.row(p)
	report.Host.Hugepages = p.Hugepages
	report.Rows = append(report.Rows, row)
	return err
}

// row refuses a program that did not transmit what it received: it did something else then.
func (s *sampling) row(p *sample.Program) (row result.Row, err error) {
	row.Case = s.name
	before, err := p.Look()
	if err != nil {
		return row, err
	}
	first := before
	for range s.repetitions {
		time.Sleep(s.each)
		now, err := p.Look()
		if err != nil {
			return row, err
		}
		d := now.Since(before)
		if d.Received == 0 {
			return row, fmt.Errorf("port %d received nothing in %v", s.port, s.each)
		}
		row.Floor = append(row.Floor, float64(d.CPU)/float64(d.Received))
		before = now
	}
	all := before.Since(first)
	if share := float64(all.Transmitted) / float64(all.Received); share < 0.999 {
		return row, fmt.Errorf("of %d packets %.2f %% were transmitted: the figure would be of something else", all.Received, 100*share)
	}
	row.Share = float64(all.CPU) / float64(all.Wall)
	return row, nil
}
