package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"cleat/perf/result"
)

// Runner runs suites.
type Runner struct {
	// Self is the file of cleat-perf; cleatd is looked for beside it, then in PATH.
	Self string
	// Progress hears what is going on.
	Progress Progress
}

// Progress hears what a Runner does.
type Progress interface {
	// Begin says which step begins; so many starts make it.
	Begin(step string, starts int)
	// Start says that another of its starts is done.
	Start()
	// End says how the step ended.
	End(error)
}

// Run starts what has to be up, makes the measurements, ends everything, and returns all results. A measurement that fails is told in
// the report; the others are made nevertheless. With no measurement to make it keeps the programs up until ctx ends. An error says that nothing
// could be measured, or that ctx ended.
func (r *Runner) Run(ctx context.Context, l *Lab) (report *result.Report, err error) {
	runtime.LockOSThread() // programs end with the thread that started them
	defer runtime.UnlockOSThread()
	var up []*process
	defer func() {
		for _, p := range slices.Backward(up) {
			err = errors.Join(err, p.end())
		}
	}()
	for i := range l.Beside {
		p, err := r.launch(&l.Beside[i], l.dir)
		if err != nil {
			return nil, err
		}
		up = append(up, p)
		if err := p.up(ctx); err != nil {
			return nil, err
		}
	}
	if len(l.Steps) == 0 {
		return nil, wait(ctx, up)
	}
	for i := range l.Steps {
		s := &l.Steps[i]
		more, err := r.step(ctx, s, l.dir)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for _, p := range up {
			err = errors.Join(err, p.alive())
		}
		report = merged(report, more)
		if err != nil {
			report.Failures = append(report.Failures, result.Failure{Case: s.label(), Why: err.Error()})
		}
	}
	if report.Host.Kernel == "" {
		return nil, nothing(report.Failures)
	}
	return report, nil
}

// nothing is the error of a suite that had no step with a result.
func nothing(failures []result.Failure) error {
	lines := []string{"nothing could be measured:"}
	for _, f := range failures {
		lines = append(lines, f.Case+": "+f.Why)
	}
	return errors.New(strings.Join(lines, "\n"))
}

// wait keeps programs up until ctx ends, which is as it should be, or one of them does, which is not.
func wait(ctx context.Context, up []*process) error {
	dead := make(chan error, len(up))
	for _, p := range up {
		go func() {
			<-p.ended
			dead <- p.died()
		}()
	}
	select {
	case err := <-dead:
		return err
	case <-ctx.Done():
		return nil
	}
}

func merged(report, more *result.Report) *result.Report {
	switch {
	case report == nil && more == nil:
		return &result.Report{}
	case report == nil:
		return more
	case more == nil:
		return report
	case report.Host.Kernel == "": // the first step failed
		report.Host = more.Host
	}
	report.Add(more)
	return report
}

func (s *Step) label() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Command
}

// step makes all starts of a step. It returns what there is even if a later start failed.
func (r *Runner) step(ctx context.Context, s *Step, dir string) (report *result.Report, err error) {
	starts := max(1, s.Starts)
	r.Progress.Begin(s.label(), starts)
	defer func() { r.Progress.End(err) }()
	for range starts {
		more, err := r.measure(ctx, s, dir)
		if err != nil {
			return report, err
		}
		report = merged(report, more)
		r.Progress.Start()
	}
	return report, nil
}

// measure starts the command of a step once and reads its report.
func (r *Runner) measure(ctx context.Context, s *Step, dir string) (*result.Report, error) {
	args := append(r.commandLine(s.Command, s.Options), "--output=json")
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("cleat-perf %s: %w: %s", strings.Join(args[1:], " "), err, lastOf(errs.String()))
	}
	return result.Parse(out.Bytes())
}

// lastOf is the last line of a text, where programs say why they ended.
func lastOf(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimPrefix(lines[len(lines)-1], "cleat-perf: ")
}

// commandLine is a command with its program.
func (r *Runner) commandLine(command string, options map[string]any) []string {
	args := Arguments(command, options)
	if command != Director {
		return append([]string{r.Self}, args...)
	}
	args[0] = filepath.Join(filepath.Dir(r.Self), Director)
	if _, err := exec.LookPath(args[0]); err != nil {
		args[0] = Director
	}
	return args
}

// Director is the command that is no command of cleat-perf.
const Director = "cleatd"
