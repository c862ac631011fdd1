// Package topology builds the lab: a client, a director, a switch and real servers as network namespaces
// of this machine, joined by veth pairs.
//
//	cl (client)            dir (director)                      sw (bridge)      rs1..rsN
//	cl0 10.8.0.2/24  ----  dir0 (10.8.0.1)
//	                       dir1 (10.9.0.1) ------------------  br0  ----------  eth0 10.9.0.(10+i)/24
//	cl1 10.9.0.250/24 ---------------------------------------  br0
//
// The addresses of the director are cleatd's, not the kernel's. All of 172.16.0.0/12 is local in cl: clients bind
// any of it. Namespaces of lab 1 are cleat-1-cl, cleat-1-dir, …; several labs can be up at once.
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

	"cleat/tools/lab/provision"
)

// Options of a lab.
type Options struct {
	Servers int // real servers, 1…99; 0: 3
	// Nginx runs nginx in every real server; without it the identity server answers.
	Nginx bool
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
	for _, ns := range append([]string{"cl", "dir", "sw"}, l.Servers()...) {
		if _, err := output(exec.CommandContext(ctx, "ip", "netns", "add", l.Namespace(ns))); err != nil {
			return err
		}
	}
	if err := l.connect(ctx); err != nil {
		return err
	}
	if err := l.provision(ctx); err != nil {
		return err
	}
	for _, rs := range l.Servers() {
		if err := l.serve(ctx, rs); err != nil {
			return fmt.Errorf("%s: %w", rs, err)
		}
	}
	return nil
}

// connect makes the bridge and the veth pairs.
func (l *Lab) connect(ctx context.Context) error {
	if _, err := l.Output(ctx, "sw", "ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0"); err != nil {
		return err
	}
	if err := l.pair(ctx, "cl", "cl0", "dir", "dir0"); err != nil {
		return err
	}
	cables := [][2]string{{"cl", "cl1"}, {"dir", "dir1"}}
	for _, rs := range l.Servers() {
		cables = append(cables, [2]string{rs, "eth0"})
	}
	for _, c := range cables {
		if err := l.pair(ctx, c[0], c[1], "sw", "to-"+c[0]); err != nil {
			return err
		}
	}
	return nil
}

// pair joins two namespaces.
func (l *Lab) pair(ctx context.Context, ns, name, peerNS, peer string) error {
	_, err := l.Output(ctx, ns, "ip", "link", "add", name, "type", "veth", "peer", "name", peer, "netns", l.Namespace(peerNS))
	return err
}

// provision gives every namespace its addresses and routes.
func (l *Lab) provision(ctx context.Context) error {
	run := func(ns, name string, args ...string) error {
		_, err := l.script(ctx, ns, name, args...)
		return err
	}
	errs := []error{
		run("cl", "offloads.sh", "cl0", "cl1"),
		run("cl", "client.sh", "cl0", "cl1"),
		run("dir", "offloads.sh", "dir0", "dir1"),
		run("dir", "director.sh", "dir0", "dir1"),
	}
	sockets := []string{"to-cl", "to-dir"}
	for i, rs := range l.Servers() {
		sockets = append(sockets, "to-"+rs)
		errs = append(errs,
			run(rs, "offloads.sh", "eth0"),
			run(rs, "real-server.sh", "eth0", strconv.Itoa(i+1)))
	}
	errs = append(errs,
		run("sw", "offloads.sh", sockets...),
		run("sw", "switch.sh", sockets...),
		run("sw", "ready.sh", sockets...),
		run("cl", "ready.sh", "cl0", "cl1"),
		run("dir", "ready.sh", "dir0", "dir1"))
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
