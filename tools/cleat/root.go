package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

const defaultSocket = "/run/cleat/cleatd.sock"

var outputs = []string{"table", "json"}

// operator is what every command has: where cleatd is, and where and how to print.
type operator struct {
	socket string
	output string
	out    *bufio.Writer
}

func newRoot(out *bufio.Writer) *cobra.Command {
	o := &operator{out: out}
	root := &cobra.Command{
		Use:   "cleat",
		Short: "Look at a cleatd and steer it",
		Long: `cleat asks the cleatd on this machine, over its control socket, and prints the answer.

Exit codes: 0 done, 1 cleatd refused or failed, 2 wrong usage, 3 cleatd is not reachable.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		TraverseChildren:  true, // --socket may stand before the name of a command that reads its flags itself
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error { return o.check() },
	}
	flags := root.PersistentFlags()
	flags.StringVar(&o.socket, "socket", cmp.Or(os.Getenv("CLEAT_SOCKET"), defaultSocket), "cleatd's control socket, a `path`; the environment variable is CLEAT_SOCKET")
	flags.StringVarP(&o.output, "output", "o", "table", "`format`: table or json")
	complete(root, "output", outputs)
	root.AddCommand(
		o.statusCommand(), o.servicesCommand(), o.templatesCommand(), o.connectionsCommand(), o.heavyCommand(), o.workersCommand(),
		o.portsCommand(), o.neighborsCommand(), o.configCommand(), o.reloadCommand(), o.clockCommand(), o.versionCommand(), o.procCommand(),
	)
	for name, tool := range kernelTools {
		root.AddCommand(o.kernelTool(name, tool))
	}
	return root
}

func (o *operator) check() error {
	if !slices.Contains(outputs, o.output) {
		return fmt.Errorf("--output %q is none of %s", o.output, strings.Join(outputs, ", "))
	}
	if o.socket == "" {
		return fmt.Errorf("--socket is empty; leave it out for %s", defaultSocket)
	}
	return nil
}

func (o *operator) client() *client { return newClient(o.socket, patience) }

// showCommand is a command that gets one JSON value and prints it.
func showCommand[T any](o *operator, use, short, path string, table func(io.Writer, T) error) *cobra.Command {
	return askCommand(o, use, short, http.MethodGet, path, table)
}

func askCommand[T any](o *operator, use, short, method, path string, table func(io.Writer, T) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd.Context(), o, method, path, nil, table)
		},
	}
}

// ask prints the answer as it came, indented, or what table makes of it. The request carries send unless that is nil.
func ask[T any](ctx context.Context, o *operator, method, path string, send any, table func(io.Writer, T) error) error {
	var v T
	raw, err := o.client().object(ctx, method, path, send, &v)
	if err != nil {
		return err
	}
	if o.output == "json" {
		err = o.indent(raw)
	} else {
		err = table(o.out, v)
	}
	if err != nil {
		return &failure{err}
	}
	return nil
}

func (o *operator) indent(raw []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(raw), "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := o.out.Write(b.Bytes())
	return err
}

// complete gives the shell the values of a flag.
func complete(cmd *cobra.Command, flag string, values []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag is not defined above
	}
}
