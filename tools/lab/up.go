package main

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
	"time"

	"cleat/conf"
	"cleat/tools/lab/topology"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// upFlags are what a lab is made of.
type upFlags struct {
	config     string
	servers    int
	afXDP      bool
	server     string
	foreground bool
}

func upCommand() *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring a lab up and leave it up, until cleat-lab down",
		Long: "Bring a lab up and leave it up, until cleat-lab down.\n\n" +
			"With --config FILE cleatd runs as the director. Without, the director's namespace is empty: bring your own.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.foreground {
				return keep(cmd.Context(), f)
			}
			return detach()
		},
	}
	cmd.Flags().StringVar(&f.config, "config", "", "start cleatd with this configuration")
	cmd.Flags().IntVar(&f.servers, "servers", 3, "number of real servers, 1 to 99")
	cmd.Flags().BoolVar(&f.afXDP, "af-xdp", false, "ports of cleatd through net_af_xdp instead of net_af_packet")
	serverFlag(cmd, &f.server)
	cmd.Flags().BoolVar(&f.foreground, "foreground", false, "stay in the foreground; Ctrl-C ends the lab")
	return cmd
}

func serverFlag(cmd *cobra.Command, value *string) {
	cmd.Flags().StringVar(value, "server", "auto", "what real servers run: nginx, identity, or auto (nginx if it is installed)")
}

// options of the topology that the flags ask for.
func (f upFlags) options() (topology.Options, error) {
	o := topology.Options{Servers: f.servers, AFXDP: f.afXDP}
	if f.servers < 1 { // 0 would be the topology's own default
		return o, fmt.Errorf("--servers %d: 1 to 99 are possible", f.servers)
	}
	switch f.server {
	case "auto":
		o.Nginx = nginxPresent()
	case "nginx":
		o.Nginx = true
	case "identity":
	default:
		return o, fmt.Errorf("--server %s: nginx, identity or auto", f.server)
	}
	return o, nil
}

// upMark is the last line but one of a lab that is up.
const upMark = "End it with:"

// keep holds a lab up until ctx ends.
func keep(ctx context.Context, f upFlags) (err error) {
	options, err := f.options()
	if err != nil {
		return err
	}
	start := func(context.Context, *topology.Lab) (*topology.Director, error) { return nil, nil }
	if f.config != "" {
		if start, err = cleatdWith(f.config); err != nil {
			return err
		}
	}
	lab, err := topology.Up(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	director, err := start(ctx, lab)
	if err != nil {
		return err
	}
	howTo(os.Stdout, lab, director)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Printf("%s\n  %s down %d\n", upMark, self, lab.ID)
	if os.Getenv(detachedVariable) != "" {
		if err := letGo(); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

// cleatdWith looks at program and configuration first, so that what is wrong there shows before the lab is up.
func cleatdWith(file string) (func(context.Context, *topology.Lab) (*topology.Director, error), error) {
	p, err := findPlace()
	if err != nil {
		return nil, err
	}
	config, err := conf.Read(file)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, lab *topology.Lab) (*topology.Director, error) {
		return lab.StartDirector(ctx, p.cleatd, config)
	}, nil
}

// detachedVariable tells a process that it is the keeper of a lab whose starter waits for its word.
const detachedVariable = "CLEAT_LAB_DETACHED"

// detach has a second process of this program keep the lab, and returns when that says it is up.
func detach() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	keeper := exec.Command(self, append(os.Args[1:], "--foreground")...)
	keeper.Env = append(os.Environ(), detachedVariable+"=yes")
	keeper.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	keeper.Stderr = os.Stderr
	out, err := keeper.StdoutPipe()
	if err != nil {
		return err
	}
	if err := keeper.Start(); err != nil {
		return err
	}
	up := false
	lines := bufio.NewScanner(out) // until the keeper lets go of its stdout
	for lines.Scan() {
		fmt.Println(lines.Text())
		up = up || lines.Text() == upMark
	}
	if up {
		return keeper.Process.Release()
	}
	err = keeper.Wait()
	if keeper.ProcessState.ExitCode() == 1 {
		return errTold
	}
	return fmt.Errorf("the lab did not come up: %w", err)
}

// errTold ends a command whose error a second process of this program has printed.
var errTold = errors.New("told already")

// letGo gives stdout and stderr back to whoever waits for their end.
func letGo() error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	return errors.Join(unix.Dup3(int(null.Fd()), 1, 0), unix.Dup3(int(null.Fd()), 2, 0))
}

// pick finds the lab that is meant: by number, or the only one.
func pick(id int) (topology.Info, error) {
	if os.Geteuid() != 0 {
		return topology.Info{}, errors.New("network namespaces need root: run it with sudo")
	}
	labs, err := topology.Labs()
	if err != nil {
		return topology.Info{}, err
	}
	if id == 0 && len(labs) == 1 {
		return labs[0], nil
	}
	var up []string
	for _, l := range labs {
		if l.ID == id {
			return l, nil
		}
		up = append(up, fmt.Sprint(l.ID))
	}
	switch {
	case len(labs) == 0:
		return topology.Info{}, errors.New("no lab is up: cleat-lab up")
	case id == 0:
		return topology.Info{}, fmt.Errorf("several labs are up, say which: %s", strings.Join(up, ", "))
	}
	return topology.Info{}, fmt.Errorf("lab %d is not up; up are: %s", id, strings.Join(up, ", "))
}

func execCommand() *cobra.Command {
	var id int
	cmd := &cobra.Command{
		Use:     "exec NAMESPACE COMMAND [ARGUMENT…]",
		Short:   "Run a command in a namespace of a lab: cl, dir, sw, rs1, …",
		Example: "  cleat-lab exec cl curl --interface 172.16.0.1 http://10.0.0.1/",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return errors.New("exec wants a namespace and a command: cleat-lab exec cl curl http://10.0.0.1/")
			}
			lab, err := pick(id)
			if err != nil {
				return err
			}
			there, err := lab.Namespaces()
			if err != nil {
				return err
			}
			if !slices.Contains(there, args[0]) {
				return fmt.Errorf("lab %d has no namespace %s; there are: %s", lab.ID, args[0], strings.Join(there, ", "))
			}
			ip, err := exec.LookPath("ip")
			if err != nil {
				return err
			}
			return unix.Exec(ip, append([]string{"ip", "netns", "exec", lab.Namespace(args[0])}, args[1:]...), os.Environ())
		},
	}
	cmd.Flags().IntVar(&id, "lab", 0, "number of the lab, if several are up")
	cmd.Flags().SetInterspersed(false) // flags after NAMESPACE are the command's
	return cmd
}

func downCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "down [LAB]",
		Short: "End a lab: the only one, or that with the number LAB",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			id := 0
			if len(args) == 1 {
				if _, err := fmt.Sscanf(args[0], "%d", &id); err != nil || id < 1 {
					return fmt.Errorf("%s is no lab number (1, 2, …)", args[0])
				}
			}
			lab, err := pick(id)
			if err != nil {
				return err
			}
			return lab.Down(30 * time.Second)
		},
	}
}

func cleanCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "clean",
		Short: "Remove what is left of labs whose owner was killed",
		Args:  cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			ids, err := topology.Clean()
			for _, id := range ids {
				fmt.Println("removed lab", id)
			}
			return err
		},
	}
}

// howTo prints lines to copy.
func howTo(w io.Writer, lab *topology.Lab, director *topology.Director) {
	fmt.Fprintf(w, "Lab %d is up. Things to try:\n", lab.ID)
	fmt.Fprintf(w, "  ip netns exec %s curl --interface 172.16.0.1 http://10.0.0.1/\n", lab.Namespace("cl"))
	fmt.Fprintf(w, "  ip netns exec %s curl --interface 172.16.0.1 http://10.0.0.1:443/\n", lab.Namespace("cl"))
	fmt.Fprintf(w, "  ip netns exec %s tcpdump -ni eth0\n", lab.Namespace("rs1"))
	if director == nil {
		return
	}
	fmt.Fprintf(w, "  ip netns exec %s curl http://%s/metrics\n", lab.Namespace("dir"), topology.MetricsAddress)
	if p, err := findPlace(); err == nil {
		for _, what := range []string{"status", "services", "templates", "connections"} {
			fmt.Fprintf(w, "  %s --socket %s %s\n", p.cleat, director.Socket, what)
		}
		fmt.Fprintf(w, "  $EDITOR %s && %s --socket %s reload\n", director.File, p.cleat, director.Socket)
	}
	fmt.Fprintf(w, "cleatd is process %d: kill -HUP reloads too; its log is %s\n", director.PID(), director.Log)
}
