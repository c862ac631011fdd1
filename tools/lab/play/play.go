package play

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"cleat/tools/lab/play/record"
)

// Options of a play.
type Options struct {
	Cleatd, Cleat string // the programs
	Workers       int    // of cleatd; 0: one
	Scope         string // scheduling.scope, "worker" or "service"; "": cleatd's default
	Folder        string // takes files that scenarios ask for; "": none are written
}

// attempts at a scenario while the machine stalls: virtual machines are halted now and then, and what is to last seconds is over then.
const attempts = 3

// stall is more than any step takes that does not wait, with all that it waits for in vain.
const stall = 3 * time.Second

// Play plays one scenario. The error says why it could not be played.
func Play(ctx context.Context, o Options, s *record.Scenario) (*record.Result, error) {
	if s.Directors > 1 {
		return &record.Result{Scenario: s.Name, Intent: s.Intent, Skipped: "it has two directors"}, nil
	}
	for attempt := 1; ; attempt++ {
		result, stalled, err := playOnce(ctx, o, s)
		if err != nil || !stalled || attempt == attempts {
			return result, err
		}
	}
}

func playOnce(ctx context.Context, o Options, s *record.Scenario) (result *record.Result, stalled bool, err error) {
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
	return result, p.stalled, nil
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
			p.stalled = p.stalled || time.Since(began) > stall
			result.Steps = append(result.Steps, got)
		}
	}
	if !p.scenario.NoFinal {
		if result.Final, err = p.list(ctx, "dir", finalListings); err != nil {
			return fmt.Errorf("listings at the end: %w", err)
		}
	}
	return p.alive(ctx)
}

// step does one step. Its error ends the play; what happens to packets and commands is no error but the result.
func (p *stage) step(ctx context.Context, step *record.Step, got *record.StepResult) (err error) {
	switch step.Op {
	case "wait":
		return p.wait(ctx, seconds(step.Seconds))
	case "at":
		return p.wait(ctx, seconds(step.Seconds)-p.clock.now())
	case "tcp":
		p.tcp(ctx, step, got)
	case "udp":
		p.udp(ctx, step, got)
	case "send":
		got.Result = p.send(step)
	case "close":
		got.Result = p.closeConnection(step.ID, step.How)
	case "cmd":
		command := p.sh(ctx, namespace(step), step.Run, step.Data)
		got.Cmd = &command
	case "dump":
		got.Dump, err = p.list(ctx, namespace(step), step.What)
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
