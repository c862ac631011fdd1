package play

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"cleat/appliance/api"
	"cleat/tools/lab/play/record"
)

// Options of a play.
type Options struct {
	Cleatd, Cleat string // the programs
	Workers       int    // of cleatd; 0: one
	Scope         string // scheduling.scope, "worker" or "service"; "": cleatd's default
	Folder        string // takes files that scenarios ask for; "": none are written
}

// attempts at a scenario while the machine is too slow for it: what takes a moment in the kernel's recordings must not take seconds.
const attempts = 3

const (
	usual = 25 * time.Millisecond // more than most steps take
	// tooFar is by how much a play may fall behind what is usual: cleatd's clock then shows a second too much.
	tooFar = api.ClockSlowness * time.Second
)

// Play plays one scenario. The error says why it could not be played.
func Play(ctx context.Context, o Options, s *record.Scenario) (*record.Result, error) {
	if s.Directors > 1 {
		return &record.Result{Scenario: s.Name, Intent: s.Intent, Skipped: "it has two directors"}, nil
	}
	for attempt := 1; ; attempt++ {
		result, slow, err := playOnce(ctx, o, s)
		if err != nil || !slow || attempt == attempts {
			return result, err
		}
	}
}

func playOnce(ctx context.Context, o Options, s *record.Scenario) (result *record.Result, slow bool, err error) {
	result = &record.Result{Scenario: s.Name, Intent: s.Intent}
	began := time.Now()
	p, err := open(ctx, o, s)
	if err != nil {
		return nil, false, err
	}
	defer func() {
		if err = errors.Join(err, p.close()); err != nil {
			result = nil
		}
	}()
	if err := p.run(ctx, result); err != nil {
		return nil, false, err
	}
	result.Seconds = milliseconds(time.Since(began))
	return result, p.slow, nil
}

// run does what the scenario says.
func (p *stage) run(ctx context.Context, result *record.Result) error {
	status, err := p.director.Status(ctx)
	if err != nil {
		return err
	}
	result.Kernel = "cleat " + status.Version
	for _, line := range p.scenario.Director {
		result.Setup = append(result.Setup, p.sh(ctx, "dir", line, ""))
	}
	if err := p.clock.start(ctx); err != nil {
		return err
	}
	if err := p.watchHalfOpen(); err != nil {
		return err
	}
	for i := range p.scenario.Steps {
		step := &p.scenario.Steps[i]
		if err := p.alive(ctx); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		got := record.StepResult{I: i, T: milliseconds(p.clock.now()), Op: step.Op, ID: step.ID, To: step.To, Note: step.Note}
		began := time.Now()
		if err := p.step(ctx, step, &got); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		if step.Op != "wait" && step.Op != "at" {
			result.Steps = append(result.Steps, got)
			took, limit := time.Since(began), expected(step, &got)
			p.fallBehind(took - limit)
			if inVain(&got) {
				if err := p.clock.pass(ctx, min(took, limit)); err != nil {
					return err
				}
			}
		}
	}
	if !p.scenario.NoFinal {
		began := time.Now()
		if result.Final, err = p.list(ctx, finalListings); err != nil {
			return fmt.Errorf("listings at the end: %w", err)
		}
		p.fallBehind(time.Since(began) - usual*time.Duration(len(finalListings)))
	}
	return p.alive(ctx)
}

// expected is how long a step may take.
func expected(step *record.Step, got *record.StepResult) time.Duration {
	switch {
	case inVain(got):
		return usual + patience(step, tcpPatience)
	case step.Op == "dump":
		return usual * time.Duration(len(step.What))
	case step.Op == "capture" || step.Op == "capture_stop":
		return 4*usual + delivery
	}
	return usual
}

// inVain says whether a step waited for an answer as long as it may.
func inVain(got *record.StepResult) bool { return strings.HasSuffix(got.Result, "timeout") }

// fallBehind takes note of a step that took longer than expected. A step that waits for a moment makes good for it.
func (p *stage) fallBehind(by time.Duration) {
	p.behind += max(by, 0)
	p.slow = p.slow || p.behind > tooFar
}

// step does one step. Its error ends the play; what happens to packets and commands is no error but the result.
func (p *stage) step(ctx context.Context, step *record.Step, got *record.StepResult) (err error) {
	switch step.Op {
	case "wait":
		return p.wait(ctx, seconds(step.Seconds))
	case "at":
		d := seconds(step.Seconds) - p.clock.now()
		if d > 0 {
			p.behind = 0
		}
		return p.wait(ctx, d)
	case "tcp":
		p.tcp(ctx, step, got)
	case "udp":
		p.udp(ctx, step, got)
	case "send":
		got.Result = p.send(step)
	case "close":
		got.Result = p.closeConnection(step.ID, step.How)
	case "cmd":
		if err := p.clock.settle(ctx); err != nil {
			return err
		}
		command := p.sh(ctx, namespace(step), step.Run, step.Data)
		got.Cmd = &command
	case "dump":
		if namespace(step) != "dir" {
			return fmt.Errorf("a dump in %s: only the director has IPVS", step.Namespace)
		}
		got.Dump, err = p.list(ctx, step.What)
	case "capture":
		err = p.capture(ctx, step)
	case "capture_stop":
		got.Capture = p.captureStop(step.ID)
	case "icmp":
		got.Result = p.icmp(step)
	case "raw":
		got.Result = p.raw(step)
	default:
		err = fmt.Errorf("there is no op %q", step.Op)
	}
	return err
}

// namespace that a step means.
func namespace(step *record.Step) string {
	if step.Namespace == "" {
		return "dir"
	}
	return step.Namespace
}

// alive is nil while cleatd runs and nobody wants the play to end.
func (p *stage) alive(ctx context.Context) error {
	select {
	case <-p.director.Ended():
		return errors.New("cleatd has ended" + p.director.LogTail())
	default:
		return ctx.Err()
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// milliseconds are seconds, rounded to three decimals.
func milliseconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }
