package topology

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a process may take to end after SIGTERM.
const patience = 10 * time.Second

// process is a program that runs in the lab, its output in a file of the lab's folder.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // of its end; valid after done
	// killed: on purpose, so that its end is no error.
	killed bool
}

// start runs a program in a namespace until it is stopped or the lab is closed.
func (l *Lab) start(ns, name string, args ...string) (*process, error) {
	p := &process{name: name, log: l.path(ns + ".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = l.Command(context.Background(), ns, name, args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	// Its own group: Ctrl-C at the terminal is for the lab, which then ends it in order.
	p.cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGTERM, Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	l.onClose(p.stop)
	return p, nil
}

// stop ends the process in order, and by force when it does not end in time. It is an error if it did not end well.
func (p *process) stop() error {
	select {
	case <-p.done:
	default:
		_ = p.cmd.Process.Signal(unix.SIGTERM) // fails only if it has ended
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		p.kill()
		return fmt.Errorf("%s did not end within %v after SIGTERM%s", p.name, patience, p.tail())
	}
	return p.ended()
}

// kill ends the process at once.
func (p *process) kill() {
	p.killed = true
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.done
}

// ended is how a process that is no more ended: nil for exit status 0, or because it was killed on purpose.
func (p *process) ended() error {
	if p.err != nil && !p.killed {
		return fmt.Errorf("%s: %w%s", p.name, p.err, p.tail())
	}
	return nil
}

// tail is the end of the process' log, for error messages.
func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return "\n  " + strings.Join(lines[max(0, len(lines)-15):], "\n  ")
}
