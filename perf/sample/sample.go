// Package sample looks at a DPDK program from outside: CPU time of its worker's thread, from the kernel, for each packet that a port
// received, from the program's telemetry socket. The program need not know.
package sample

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Program is a DPDK program that runs.
type Program struct {
	// Hugepages: some of its memory lies in them.
	Hugepages bool

	conn net.Conn
	task string // the thread's directory in /proc
	port int
}

// answerMax is the longest answer that telemetry gives, in bytes.
const answerMax = 16384

// patience is how long an answer may take.
const patience = 5 * time.Second

// Open connects to the telemetry socket in dir and finds the one thread whose name matches.
func Open(dir string, port int, thread *regexp.Regexp) (*Program, error) {
	path := filepath.Join(dir, "dpdk_telemetry.v2")
	conn, err := net.Dial("unixpacket", path)
	if err != nil {
		return nil, fmt.Errorf("%w: the program has to run, with telemetry and that --file-prefix", err)
	}
	p := &Program{conn: conn, port: port}
	var hello struct{ PID int }
	if err = p.read(&hello); err == nil {
		p.task, err = threadOf(hello.PID, thread)
	}
	if err == nil {
		p.Hugepages, err = hasHugepages(hello.PID)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return p, nil
}

// Close ends the connection.
func (p *Program) Close() error { return p.conn.Close() }

func (p *Program) read(into any) error {
	if err := p.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	b := make([]byte, answerMax)
	n, err := p.conn.Read(b)
	if err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	if err := json.Unmarshal(b[:n], into); err != nil {
		return fmt.Errorf("telemetry: %q: %w", b[:n], err)
	}
	return nil
}

// inHugepages is what of a process's memory lies in hugepages, as /proc/PID/status has it.
var inHugepages = regexp.MustCompile(`(?m)^HugetlbPages:\s+[1-9]`)

func hasHugepages(pid int) (bool, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return inHugepages.Match(text), err
}

// threadOf is the directory of the one thread of a process whose name matches.
func threadOf(pid int, name *regexp.Regexp) (string, error) {
	all, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil {
		return "", err
	}
	var names, found []string
	for _, dir := range all {
		text, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil {
			continue // it has ended
		}
		comm := strings.TrimSpace(string(text))
		names = append(names, comm)
		if name.MatchString(comm) {
			found = append(found, dir)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("process %d has %d threads whose name matches %s: must be one of %q", pid, len(found), name, names)
	}
	return found[0], nil
}

// Sight is how far the program is.
type Sight struct {
	CPU                   time.Duration // of the thread
	Wall                  time.Duration // since some moment
	Received, Transmitted uint64        // packets of the port
}

var start = time.Now()

// Look takes one. The CPU time is read before and after the packets, and the mean taken.
func (p *Program) Look() (s Sight, err error) {
	before, err := p.cpu()
	if err != nil {
		return s, err
	}
	if _, err := fmt.Fprintf(p.conn, "/ethdev/stats,%d", p.port); err != nil {
		return s, fmt.Errorf("telemetry: %w", err)
	}
	var answer map[string]*struct{ Ipackets, Opackets uint64 }
	if err := p.read(&answer); err != nil {
		return s, err
	}
	stats := answer["/ethdev/stats"]
	if stats == nil {
		return s, fmt.Errorf("telemetry: the program has no port %d", p.port)
	}
	after, err := p.cpu()
	return Sight{(before + after) / 2, time.Since(start), stats.Ipackets, stats.Opackets}, err
}

func (p *Program) cpu() (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join(p.task, "schedstat"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), " ")
	ns, err := strconv.ParseInt(first, 10, 64)
	return time.Duration(ns), err
}

// Since returns what came after before.
func (s Sight) Since(before Sight) Sight {
	return Sight{s.CPU - before.CPU, s.Wall - before.Wall, s.Received - before.Received, s.Transmitted - before.Transmitted}
}
