package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cleat/perf/bed"
	"cleat/perf/gen"
	"cleat/perf/line"
	"cleat/perf/search"
)

// What search can look for, in the order in which it does.
const (
	findNDR         = "ndr"
	findPDR         = "pdr"
	findLatency     = "latency"
	findConnections = "connections"
	findConcurrent  = "concurrent"
	findSoak        = "soak"
)

var findings = []string{findNDR, findPDR, findLatency, findConnections, findConcurrent, findSoak}

// searching is what search is asked for.
type searching struct {
	topology string
	devices
	line   line.Options
	load   gen.Load
	place  gen.Place
	find   []string
	name   string
	output string
	out    string

	min, max         rate
	width, exceed    float64
	initial, final   time.Duration
	trials           int
	rfc2544          bool
	tolerance        float64
	latency          time.Duration
	concurrent       int
	soak, soakReport time.Duration
	soakAt           float64
}

func searchCommand() *cobra.Command {
	s := searching{load: gen.DefaultLoad()}
	cmd := &cobra.Command{
		Use:   "search",
		Short: "Find the highest rates that a director holds, and its latency below them",
		Long: `search offers load after load (MLRsearch, RFC 9971) until it knows the highest rate without loss (NDR) and with half a percent (PDR). It
measures round trips at 90, 50 and 10 % of the NDR, connections a second, connections at a time, and what a rate does in the long run.

With --topology in-process everything is in this process: generator, one worker, real servers. With --topology ports generator and real servers
are elsewhere: this is the generator, --port its device, and cleat-perf reflect plays the servers.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.OutOrStdout(), cmd.ErrOrStderr()) },
	}
	s.siteFlags(cmd)
	loadFlags(cmd, &s.load, &s.place)
	s.goalFlags(cmd)
	return cmd
}

// siteFlags say where to search.
func (s *searching) siteFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.topology, "topology", "in-process", "in-process or ports")
	s.flags(cmd)
	f.IntVar(&s.line.Tester, "tester-cpu", bed.FirstCPU(), "in-process: `number` of the CPU of generator and real servers; --cpu is the worker's")
	f.IntVar(&s.line.Room, "room", 4096, "in-process: packets that wait in a port's ring, a power of two")
	d := &s.line.Director
	f.IntVar(&d.Servers, "reals", 4, "in-process: real servers of each service")
	f.StringVar(&d.Forward, "forward", "nat", "in-process: nat, dr or tun")
	f.StringVar(&d.Scheduler, "scheduler", "rr", "in-process: one of IPVS'")
	f.IntVar(&d.Connections, "capacity", 1<<20, "in-process: room of the tables, in connections")
	f.DurationVar(&d.Closed, "closed", time.Second, "in-process: how long a connection that is over is kept; 0: two minutes, as in IPVS")
}

// goalFlags say what to search for.
func (s *searching) goalFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&s.find, "find", []string{findNDR, findPDR, findLatency}, "what to find: "+strings.Join(findings, ", "))
	f.StringVar(&s.name, "case", "", "what the search is called in a report; made of the load if not given")
	f.Var(&s.min, "min", "the least rate to try; 0: a thousandth of the greatest")
	f.Var(&s.max, "max", "the greatest rate to try; 0: what the generator can offer")
	f.Float64Var(&s.width, "width", 0.005, "how near bounds come, relative to the upper one")
	f.DurationVar(&s.initial, "initial", 500*time.Millisecond, "how long the first trials take at least")
	f.DurationVar(&s.final, "final", 8*time.Second, "how long the last trials take")
	f.IntVar(&s.trials, "trials", 2, "how many of the last trials decide about a rate")
	f.Float64Var(&s.exceed, "exceed", 0.5, "part of them that may lose more")
	f.BoolVar(&s.rfc2544, "rfc2544", false, "as RFC 2544 has it: --final 60s --trials 1 --exceed 0")
	f.Float64Var(&s.tolerance, "tolerance", 0.005, "part of a rate that the generator may fail to offer before the trial says nothing good")
	f.DurationVar(&s.latency, "latency-time", 10*time.Second, "how long round trips are measured, at each rate")
	f.IntVar(&s.concurrent, "concurrent", 1<<20, "connections at a time to end at; tried in 16 steps")
	f.DurationVar(&s.soak, "soak", time.Hour, "how long to soak")
	f.DurationVar(&s.soakReport, "soak-report", time.Minute, "how long each trial of it takes")
	f.Float64Var(&s.soakAt, "soak-at", 0.9, "its rate, as a part of the NDR")
	f.StringVarP(&s.output, "output", "o", "table", "`format`: table or json")
	f.StringVar(&s.out, "out", "", "keep report and histograms (.hlog) in this `directory`")
}

// check finds what is wrong with the command line, before anything starts.
func (s *searching) check() error {
	if s.rfc2544 {
		s.final, s.trials, s.exceed = time.Minute, 1, 0
	}
	if s.output != "table" && s.output != "json" {
		return fmt.Errorf("--output %q: must be table or json", s.output)
	}
	for _, what := range s.find {
		if !slices.Contains(findings, what) {
			return fmt.Errorf("--find %q: must be among %s", what, strings.Join(findings, ", "))
		}
		if (what == findLatency || what == findSoak) && !s.wants(findNDR) {
			return fmt.Errorf("--find %s: is measured below the NDR: --find ndr,%s", what, what)
		}
	}
	if err := s.checkNumbers(); err != nil {
		return err
	}
	if s.name == "" {
		s.name = fmt.Sprintf("%s-%s-%s", s.topology, s.load.Proto, strings.ReplaceAll(s.load.Sizes, " ", "_"))
	}
	return s.checkSite()
}

func (s *searching) checkNumbers() error {
	p := s.plan(max(1, float64(s.max)), 0, s.goals())
	if len(p.Goals) > 0 || s.wants(findConnections) {
		p.Goals = append(p.Goals, search.ConnectionsGoal(s.trials, s.exceed))
		if err := p.Check(); err != nil {
			return err
		}
	}
	switch {
	case s.latency <= 0:
		return fmt.Errorf("--latency-time %v: must be more than 0", s.latency)
	case s.concurrent < 16:
		return fmt.Errorf("--concurrent %d: must be at least 16", s.concurrent)
	case s.soak <= 0 || s.soakReport <= 0:
		return fmt.Errorf("--soak %v --soak-report %v: must be more than 0", s.soak, s.soakReport)
	case !(0 < s.soakAt && s.soakAt <= 1):
		return fmt.Errorf("--soak-at %g: must be above 0, and 1 at most", s.soakAt)
	}
	return nil
}

// defaultTarget is the service of a line, where none is named.
const defaultTarget = "192.0.2.10:80"

func (s *searching) checkSite() error {
	switch s.topology {
	case "ports":
		if len(s.names) == 0 {
			return errors.New("--topology ports: needs --port")
		}
		return s.load.Check()
	case "in-process":
	default:
		return fmt.Errorf("--topology %q: must be in-process or ports", s.topology)
	}
	if len(s.names) != 0 {
		return errors.New("--port: is of --topology ports; in-process makes its own")
	}
	if len(s.load.Targets) == 0 {
		s.load.Targets = []string{defaultTarget}
	}
	if err := s.load.Check(); err != nil {
		return err
	}
	s.line.Worker = s.bed.CPU
	s.line.Director.Load, s.line.Director.Persistence = &s.load, s.load.Persistence
	if err := s.line.Director.Check(); err != nil {
		return err
	}
	if err := line.CheckRoom(s.line.Room); err != nil {
		return fmt.Errorf("--room %w", err)
	}
	if s.line.Tester == s.bed.CPU {
		return fmt.Errorf("--tester-cpu %d: is the worker's too (--cpu): the line needs two", s.line.Tester)
	}
	return nil
}

func (s *searching) wants(what string) bool { return slices.Contains(s.find, what) }

// goals are those about packets.
func (s *searching) goals() (goals []search.Goal) {
	if s.wants(findNDR) {
		goals = append(goals, search.Goal{Name: "NDR", Exceed: s.exceed, Trials: s.trials})
	}
	if s.wants(findPDR) {
		goals = append(goals, search.Goal{Name: "PDR", Loss: 0.005, Exceed: s.exceed, Trials: s.trials})
	}
	return goals
}

// plan is for a search up to the greatest rate, where the device may hold the rate hint.
func (s *searching) plan(greatest, hint float64, goals []search.Goal) search.Plan {
	least := float64(s.min)
	if least == 0 {
		least = greatest / 1000
	}
	return search.Plan{
		Min: least, Max: greatest, Width: s.width, Initial: s.initial, Final: s.final, Goals: goals, Tolerance: s.tolerance, Hint: hint,
	}
}
