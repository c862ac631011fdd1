package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a program has to come up, and how long to end.
var patience = 20 * time.Second // tests have less

// process is a program under way.
type process struct {
	name  string
	cmd   *exec.Cmd
	ready chan struct{} // closed when it is up
	ended chan struct{} // closed when it has ended; err says how
	err   error

	mu   sync.Mutex
	last []string // lines that it said
}

// lastLines is how many lines of a program's output an error quotes.
const lastLines = 8

// launch starts p. The program ends with this process, however that ends: the calling goroutine is locked to its thread.
func (r *Runner) launch(p *Program, dir string) (*process, error) {
	args := r.commandLine(p.Command, p.Options)
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, in, in
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	err = cmd.Start()
	in.Close()
	if err != nil {
		out.Close()
		return nil, fmt.Errorf("%s: %w", p.label(), err)
	}
	started := &process{name: p.label(), cmd: cmd, ready: make(chan struct{}), ended: make(chan struct{})}
	go started.listen(out, p.Ready)
	return started, nil
}

func (p *Program) label() string {
	if p.Name != "" {
		return p.Name
	}
	return p.Command
}

// listen keeps the last lines of a program's output, and notes when it is up and when it has ended.
func (p *process) listen(out io.ReadCloser, ready string) {
	defer out.Close()
	up := ready == ""
	if up {
		close(p.ready)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		p.mu.Lock()
		p.last = append(p.last, lines.Text())
		p.last = slices.Delete(p.last, 0, max(0, len(p.last)-lastLines))
		p.mu.Unlock()
		if !up && strings.Contains(lines.Text(), ready) {
			up = true
			close(p.ready)
		}
	}
	_, _ = io.Copy(io.Discard, out) // what was no text must not block it
	p.err = p.cmd.Wait()
	close(p.ended)
}

// up waits until the program is ready.
func (p *process) up(ctx context.Context) error {
	select {
	case <-p.ready:
		return nil
	case <-p.ended:
		return p.died()
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		return fmt.Errorf("%s is not up after %v; it said last:\n%s", p.name, patience, p.said())
	}
}

// alive says whether the program is still there, and if not, why.
func (p *process) alive() error {
	select {
	case <-p.ended:
		return p.died()
	default:
		return nil
	}
}

func (p *process) died() error {
	return fmt.Errorf("%s has ended (%v); it said last:\n%s", p.name, how(p.err), p.said())
}

func how(err error) string {
	if err == nil {
		return "exit code 0"
	}
	return err.Error()
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.last, "\n")
}

// end ends the program: it is asked to, and killed if it does not.
func (p *process) end() error {
	select {
	case <-p.ended:
		return nil // died says so where it matters
	default:
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
	}
	err := p.cmd.Process.Kill()
	<-p.ended
	return errors.Join(fmt.Errorf("%s did not end within %v of being asked to and was killed", p.name, patience), err)
}
