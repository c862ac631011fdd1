package topology

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Command is a command in a namespace of the lab ("cl", "dir", "sw", "rs1"), not started. It dies with ctx and with
// this process.
func (l *Lab) Command(ctx context.Context, ns, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", l.Namespace(ns), name}, args...)...)
	// The signal is sent when the thread that started the command ends, so no thread of this process may end: see inside.
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	return cmd
}

// Output runs a command in a namespace and gives what it printed.
func (l *Lab) Output(ctx context.Context, ns, name string, args ...string) (string, error) {
	return output(l.Command(ctx, ns, name, args...))
}

// output runs cmd; what it wrote to stderr becomes part of the error.
func output(cmd *exec.Cmd) (string, error) {
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// Dial connects from a namespace, from the address source (the zero Addr: the kernel's choice).
func (l *Lab) Dial(ctx context.Context, ns string, source netip.Addr, network, address string) (net.Conn, error) {
	dialer := net.Dialer{}
	if source.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: source.AsSlice()}
		if strings.HasPrefix(network, "udp") {
			dialer.LocalAddr = &net.UDPAddr{IP: source.AsSlice()}
		}
	}
	var conn net.Conn
	err := l.Inside(ns, func() (err error) {
		conn, err = dialer.DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Inside runs f on a thread that is in namespace ns. Sockets that f makes stay there; goroutines that
// it starts do not. The thread returns home afterwards rather than being thrown away, since its end would kill every
// process that it ever started (Pdeathsig is per thread).
func (l *Lab) Inside(ns string, f func() error) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("own network namespace: %w", err)
	}
	defer home.Close()
	there, err := netns.GetFromName(l.Namespace(ns))
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("namespace %s: %w", l.Namespace(ns), err)
	}
	defer there.Close()
	if err := netns.Set(there); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter namespace %s: %w", l.Namespace(ns), err)
	}
	err = f()
	if back := netns.Set(home); back != nil {
		// Still locked: better that the thread ends with its goroutine than that others run on it in the wrong place.
		return errors.Join(err, fmt.Errorf("leave namespace %s: %w", l.Namespace(ns), back))
	}
	runtime.UnlockOSThread()
	return err
}

// sweep removes the namespaces of lab id and whatever still runs in them.
func sweep(id int) error {
	names, err := namespaces(id)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, endProcesses(name))
		_, err := output(exec.Command("ip", "netns", "delete", name))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// namespaces lists the named namespaces of lab id.
func namespaces(id int) ([]string, error) {
	entries, err := os.ReadDir("/run/netns")
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix(id)) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// endProcesses ends what runs in a namespace: first SIGTERM, after two seconds SIGKILL.
func endProcesses(name string) error {
	for round := range 40 {
		text, err := output(exec.Command("ip", "netns", "pids", name))
		if err != nil {
			return err
		}
		signal, left := unix.SIGTERM, 0
		if round >= 20 {
			signal = unix.SIGKILL
		}
		for _, field := range strings.Fields(text) {
			pid, err := strconv.Atoi(field)
			if err != nil || pid == os.Getpid() { // a thread of ours may be in there for a moment
				continue
			}
			left++
			_ = unix.Kill(pid, signal) // it may have ended meanwhile
		}
		if left == 0 {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("processes in namespace %s do not end", name)
}
