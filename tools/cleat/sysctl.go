package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cleat/appliance/api"
)

// vs is where the kernel has IPVS' switches.
const vs = "net.ipv4.vs."

// ftp is the switch that stands for the kernel's module ip_vs_ftp.
const ftp = "cleat.ftp"

func (o *operator) sysctlCommand() *cobra.Command {
	var bare bool
	cmd := &cobra.Command{
		Use:   "sysctl [NAME[=VALUE]]...",
		Short: "Print and set net.ipv4.vs.*, in the manner of sysctl",
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				if name, value, set := strings.Cut(arg, "="); set {
					if err := o.setSysctl(cmd.Context(), strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
						return err
					}
				}
			}
			return o.printSysctls(cmd.Context(), args, bare)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&bare, "values", "n", false, "print values alone")
	flags.BoolP("write", "w", false, "as sysctl has it; nothing depends on it")
	flags.BoolP("all", "a", false, "as sysctl has it; so does no argument")
	return cmd
}

func (o *operator) setSysctl(ctx context.Context, name, value string) error {
	path := "/v1/sysctl/" + strings.TrimPrefix(name, vs)
	if name == ftp {
		path = "/v1/sysctl/ftp"
	} else if !strings.HasPrefix(name, vs) || strings.ContainsAny(name, "/?#% ") {
		return fmt.Errorf("%q is no switch: %sNAME, or %s", name, vs, ftp)
	}
	_, err := o.client().object(ctx, http.MethodPut, path, api.SysctlValue{Value: value}, &struct{}{})
	return err
}

// printSysctls prints the switches that args name, all if there are none, as they are now; FTP's can only be set.
func (o *operator) printSysctls(ctx context.Context, args []string, bare bool) error {
	var all []api.Sysctl
	raw, err := o.client().object(ctx, http.MethodGet, "/v1/sysctl", nil, &all)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return o.indent(json.RawMessage(raw))
	}
	line := func(name, value string) {
		if !bare {
			value = name + " = " + value
		}
		fmt.Fprintln(o.out, value) // to a buffer, which remembers its error
	}
	if len(args) == 0 {
		for _, s := range all {
			line(vs+s.Name, s.Value)
		}
	}
	for _, arg := range args {
		name, value, set := strings.Cut(arg, "=")
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(all, func(s api.Sysctl) bool { return vs+s.Name == name })
		switch {
		case i >= 0:
			line(name, all[i].Value)
		case name == ftp && set:
			line(name, strings.TrimSpace(value))
		default:
			return &failure{fmt.Errorf("there is no %s to be read", name)}
		}
	}
	return nil
}
