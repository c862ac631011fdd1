package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cleat/appliance/api"
	"cleat/tools/cleat/iptables"
	"cleat/tools/cleat/ipvsadm"
	"cleat/tools/cleat/sysctl"
)

// kernelTool is a command that speaks as one of the kernel's tools does. It reads its command line itself, prints its own
// messages and returns the exit code.
type kernelTool struct {
	short string
	run   func(o *operator, args []string, stderr io.Writer) int
}

// kernelTools by name: of the command, and of a symbolic link to cleat.
var kernelTools = map[string]*kernelTool{
	"ipvsadm": {"Virtual services as ipvsadm 1.31 has them: the same options, messages, listings and exit codes",
		func(o *operator, args []string, stderr io.Writer) int {
			return o.ipvsadm(calledAs("ipvsadm"), stderr).Run(args)
		}},
	"ipvsadm-save": {"The virtual services as a list of rules for ipvsadm-restore",
		func(o *operator, args []string, stderr io.Writer) int {
			return o.ipvsadm("ipvsadm-save", stderr).Save(args)
		}},
	"ipvsadm-restore": {"Virtual services from a list of rules on standard input, in place of those that are there",
		func(o *operator, _ []string, stderr io.Writer) int {
			return o.ipvsadm("ipvsadm-restore", stderr).Restore()
		}},
	"iptables": {"Rules that mark IPv4 packets for virtual services, as iptables -t mangle has them", func(o *operator, args []string, stderr io.Writer) int {
		return iptables.Run("iptables", args, cleatd{o.client()}, o.out, stderr)
	}},
	"ip6tables": {"Rules that mark IPv6 packets for virtual services, as ip6tables -t mangle has them", func(o *operator, args []string, stderr io.Writer) int {
		return iptables.Run("ip6tables", args, cleatd{o.client()}, o.out, stderr)
	}},
	"sysctl": {"The switches of IPVS, net.ipv4.vs.*, read and set as sysctl does", func(o *operator, args []string, stderr io.Writer) int {
		return sysctl.Run(args, cleatd{o.client()}, o.out, stderr)
	}},
}

func (o *operator) kernelTool(name string, tool *kernelTool) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		Short:              tool.short,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if code := tool.run(o, args, cmd.ErrOrStderr()); code != exitOK {
				return exitCode(code)
			}
			return nil
		},
	}
}

// calledAs is the path of the link by which cleat was started as that tool, else the tool's name.
func calledAs(tool string) string {
	if filepath.Base(os.Args[0]) == tool {
		return os.Args[0]
	}
	return tool
}

func (o *operator) ipvsadm(name string, stderr io.Writer) *ipvsadm.Tool {
	return &ipvsadm.Tool{Name: name, Cleatd: cleatd{o.client()}, Stdin: os.Stdin, Stdout: o.out, Stderr: stderr}
}

// procCommand prints what scripts read of the kernel's files.
func (o *operator) procCommand() *cobra.Command {
	names := ipvsadm.ProcNames()
	return &cobra.Command{
		Use:       "proc NAME",
		Short:     "The text of /proc/net/NAME as the kernel would have it: " + strings.Join(names, ", "),
		ValidArgs: names,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(names, args[0]) {
				return fmt.Errorf("cleat proc takes one of %s", strings.Join(names, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.ipvsadm("cleat", cmd.ErrOrStderr()).Proc(args[0])
		},
	}
}

// cleatd is what ipvsadm asks, over the control socket.
type cleatd struct{ *client }

func (c cleatd) IPVS() (state api.IPVS, err error) { return state, c.get("/v1/ipvs", &state) }

func (c cleatd) Services() (services []api.Service, err error) {
	return services, c.get("/v1/services", &services)
}

func (c cleatd) Ports() (ports []api.Port, err error) { return ports, c.get("/v1/ports", &ports) }

func (c cleatd) Do(command api.Command) error {
	_, err := c.object(context.Background(), http.MethodPost, "/v1/ipvs", command, &struct{}{})
	return err
}

func (c cleatd) Templates(yield func(*api.Template) error) error {
	return rows(c.client, "/v1/templates", yield)
}

func (c cleatd) Connections(yield func(*api.Connection) error) error {
	return rows(c.client, "/v1/connections", yield)
}

func (c cleatd) Marks() (marks api.Marks, err error) { return marks, c.get("/v1/marks", &marks) }

func (c cleatd) Mark(command api.MarkCommand) error {
	_, err := c.object(context.Background(), http.MethodPost, "/v1/marks", command, &struct{}{})
	return err
}

func (c cleatd) Sysctls() (all []api.Sysctl, err error) { return all, c.get("/v1/sysctl", &all) }

func (c cleatd) SetSysctl(name, value string) error {
	_, err := c.object(context.Background(), http.MethodPut, "/v1/sysctl/"+name, api.SysctlValue{Value: value}, &struct{}{})
	return err
}

func (c cleatd) get(path string, v any) error {
	_, err := c.object(context.Background(), http.MethodGet, path, nil, v)
	return err
}

// rows gives every row of a stream to yield.
func rows[T any](c *client, path string, yield func(*T) error) error {
	return c.stream(context.Background(), path, &api.Filter{}, func(line []byte) error {
		var row T
		if err := json.Unmarshal(bytes.TrimSpace(line), &row); err != nil {
			return err
		}
		return yield(&row)
	})
}
