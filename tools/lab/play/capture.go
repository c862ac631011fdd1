package play

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"cleat/tools/lab/play/record"

	"golang.org/x/sys/unix"
)

// capture is a tcpdump under way.
type capture struct {
	cmd    *exec.Cmd
	stdout bytes.Buffer
}

// capture starts one and returns when it listens. Its text becomes part of the result; with File it is a pcap file beside that.
func (p *stage) capture(ctx context.Context, step *record.Step) error {
	args := []string{"-n", "-U", "-Z", "root", "-i", step.Interface}
	switch {
	case step.File == "":
		args = append(args, "-t", "-v", "-l")
	case p.options.Folder == "":
		return errors.New("capture: a file, but the results go to no folder: say --out")
	default:
		args = append(args, "-w", filepath.Join(p.options.Folder, filepath.Base(step.File)))
	}
	c := &capture{cmd: p.lab.Command(context.WithoutCancel(ctx), namespace(step), "tcpdump", append(args, strings.Fields(step.Filter)...)...)}
	c.cmd.Stdout = &c.stdout
	stderr, err := c.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	p.captures[step.ID] = c
	said := bufio.NewScanner(stderr)
	for said.Scan() {
		if strings.Contains(said.Text(), "listening on") {
			go func() {
				for said.Scan() { // until its end, lest it blocks
				}
			}()
			return nil
		}
	}
	p.captureStop(step.ID)
	return errors.New("tcpdump does not listen")
}

// captureStop ends one and gives its lines.
func (p *stage) captureStop(id string) []string {
	c := p.captures[id]
	if c == nil {
		return []string{"no capture"}
	}
	delete(p.captures, id)
	time.Sleep(delivery)                  // tcpdump gets packets in batches
	_ = c.cmd.Process.Signal(unix.SIGINT) // fails only if it has ended
	_ = c.cmd.Wait()                      // what it has seen counts, not how it ends
	return lines(c.stdout.String())
}
