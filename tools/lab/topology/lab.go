// Package topology builds the lab: a client, a director, a switch and real servers as network namespaces
// of this machine, joined by veth pairs.
//
//	cl (client)            dir (director)                      sw (bridge)      rs1..rsN
//	cl0 10.8.0.2/24  ----  dir0 (10.8.0.1)
//	    fd08::2/64              (fd08::1)
//	                       dir1 (10.9.0.1) ------------------  br0  ----------  eth0 10.9.0.(10+i)/24
//	                            (fd09::1)                                            fd09::(10+i)/64
//	cl1 10.9.0.250/24 ---------------------------------------  br0
//	    fd09::250/64
//
// The addresses of the director are cleatd's, not the kernel's. All of 172.16.0.0/12 and fd16::/16 is local in cl:
// clients bind any of it. Namespaces of lab 1 are cleat-1-cl, cleat-1-dir, …; several labs can be up at once.
//
// A lab belongs to the process that made it and does not outlive it: Close removes everything, processes in it
// die with the owner, and Clean removes what a killed owner left.
package topology

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"cleat/tools/lab/provision"
)

// Options of a lab.
type Options struct {
	Servers int // real servers, 1…99; 0: 3
	// Nginx runs nginx in every real server; without it the identity server answers.
	Nginx bool
	// Bare leaves real servers without any program: bring your own.
	Bare bool
	// AFXDP gives cleatd its ports through net_af_xdp rather than net_af_packet.
	AFXDP bool
}

// Ports that every real server answers HTTP on; UDPPorts echo identity.
var (
	HTTPPorts = []int{80, 443, 8080}
	UDPPorts  = []int{53, 80, 443}
)

// Lab is a lab that is up.
type Lab struct {
	ID      int
	Dir     string // private folder: configurations, logs, sockets
	options Options
	claim   *claim
	// closers end what the lab started, run last to first.
	closers []func() error
	closed  bool
}

// Up builds a lab. The caller must Close it.
func Up(ctx context.Context, options Options) (*Lab, error) {
	if options.Servers == 0 {
		options.Servers = 3
	}
	if options.Servers < 1 || options.Servers > 99 {
		return nil, fmt.Errorf("%d real servers: 1 to 99 are possible", options.Servers)
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("network namespaces need root: run it with sudo")
	}
	claim, err := takeFirst()
	if err != nil {
		return nil, fmt.Errorf("claim a lab: %w", err)
	}
	l := &Lab{ID: claim.id, Dir: labDir(claim.id), options: options, claim: claim}
	if err := l.build(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// prefix of the names of a lab's namespaces.
func prefix(id int) string { return fmt.Sprintf("cleat-%d-", id) }

// Namespace is the full name of "cl", "dir", "sw" or "rs1" for ip netns exec.
func (l *Lab) Namespace(ns string) string { return prefix(l.ID) + ns }

// Servers are the names of the real servers, rs1 first.
func (l *Lab) Servers() []string {
	names := make([]string, l.options.Servers)
	for i := range names {
		names[i] = "rs" + strconv.Itoa(i+1)
	}
	return names
}

func (l *Lab) build(ctx context.Context) error {
	// A dead owner's leftovers under this number.
	if err := errors.Join(sweep(l.ID), os.RemoveAll(l.Dir)); err != nil {
		return err
	}
	if err := os.Mkdir(l.Dir, 0o755); err != nil {
		return err
	}
	var namespaces []string
	for _, ns := range append([]string{"cl", "dir", "sw"}, l.Servers()...) {
		namespaces = append(namespaces, "netns add "+l.Namespace(ns))
	}
	if err := batch(ctx, namespaces); err != nil {
		return err
	}
	if err := l.connect(ctx); err != nil {
		return err
	}
	if err := l.provision(ctx); err != nil {
		return err
	}
	for _, rs := range l.Servers() {
		if l.options.Bare {
			break
		}
		if err := l.serve(ctx, rs); err != nil {
			return fmt.Errorf("%s: %w", rs, err)
		}
	}
	return nil
}

// connect makes the bridge and the veth pairs.
func (l *Lab) connect(ctx context.Context) error {
	lines := []string{"link add br0 netns " + l.Namespace("sw") + " type bridge mcast_snooping 0 forward_delay 0"}
	pair := func(ns, name, peerNS, peer string) {
		// The two ends have different numbers, although they are in different namespaces: with the same ones the kernel
		// takes up to a second to notice that the link is up.
		n := 100 + 2*len(lines)
		lines = append(lines, fmt.Sprintf("link add %s index %d netns %s type veth peer name %s index %d netns %s",
			name, n, l.Namespace(ns), peer, n+1, l.Namespace(peerNS)))
	}
	pair("cl", "cl0", "dir", "dir0")
	pair("cl", "cl1", "sw", "to-cl")
	pair("dir", "dir1", "sw", "to-dir")
	for _, rs := range l.Servers() {
		pair(rs, "eth0", "sw", "to-"+rs)
	}
	return batch(ctx, lines)
}

// batch runs commands of ip, one a line.
func batch(ctx context.Context, lines []string) error {
	cmd := exec.CommandContext(ctx, "ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	_, err := output(cmd)
	return err
}

// provision gives every namespace its addresses and routes, all at the same time.
func (l *Lab) provision(ctx context.Context) error {
	var (
		all   sync.WaitGroup
		mutex sync.Mutex
		errs  []error
	)
	// run has a namespace take one script after the other.
	run := func(ns string, scripts ...[]string) {
		all.Go(func() {
			for _, words := range scripts {
				if _, err := l.script(ctx, ns, words[0], words[1:]...); err != nil {
					mutex.Lock()
					errs = append(errs, err)
					mutex.Unlock()
					return
				}
			}
		})
	}
	run("cl", []string{"offloads.sh", "cl0", "cl1"}, []string{"client.sh", "cl0", "cl1"})
	run("dir", []string{"offloads.sh", "dir0", "dir1"}, []string{"director.sh", "dir0", "dir1"})
	sockets := []string{"to-cl", "to-dir"}
	for i, rs := range l.Servers() {
		sockets = append(sockets, "to-"+rs)
		run(rs, []string{"offloads.sh", "eth0"}, []string{"real-server.sh", "eth0", strconv.Itoa(i + 1)})
	}
	run("sw", append([]string{"offloads.sh"}, sockets...), append([]string{"switch.sh"}, sockets...))
	all.Wait()
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	run("sw", append([]string{"ready.sh"}, sockets...))
	run("cl", []string{"ready.sh", "cl0", "cl1"})
	run("dir", []string{"ready.sh", "dir0", "dir1"})
	all.Wait()
	return errors.Join(errs...)
}

// script runs one of the provisioning scripts in a namespace.
func (l *Lab) script(ctx context.Context, ns, name string, args ...string) (string, error) {
	text, err := provision.Scripts.ReadFile(name)
	if err != nil {
		return "", err
	}
	cmd := l.Command(ctx, ns, "sh", append([]string{"-s", "--"}, args...)...)
	cmd.Stdin = strings.NewReader(string(text))
	out, err := output(cmd)
	if err != nil {
		return "", fmt.Errorf("provision/%s: %w", name, err)
	}
	return out, nil
}

// path of a file in the lab's folder.
func (l *Lab) path(name string) string { return filepath.Join(l.Dir, name) }

// onClose has f run by Close, before everything that was said earlier.
func (l *Lab) onClose(f func() error) { l.closers = append(l.closers, f) }

// Close ends every process of the lab and removes it. A second Close does nothing.
func (l *Lab) Close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	var errs []error
	for i := len(l.closers) - 1; i >= 0; i-- {
		errs = append(errs, l.closers[i]())
	}
	errs = append(errs, sweep(l.ID), os.RemoveAll(l.Dir), l.claim.release())
	return errors.Join(errs...)
}
