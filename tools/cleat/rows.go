package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"cleat/appliance/api"
)

func (o *operator) templatesCommand() *cobra.Command {
	return rowsCommand(o, "templates", "Persistence templates: which client belongs to which real server", columns{
		left("KIND", 4), left("PROTO", 5), left("CLIENT", 15), left("VIRTUAL", 21), left("SERVER", 21), left("STATE", 11),
		right("EXPIRES", 7), right("TIMEOUT", 7), right("CONNS", 7), right("EXT", 4), right("WORKER", 6), right("BLOCK", 5),
	}, func(t *api.Template) []string {
		state := t.State
		if t.Invalidated {
			state = "INVALIDATED" // P5.7: no longer found, only waiting for its end
		}
		return []string{
			t.Kind, t.Protocol, t.Client, t.Virtual, t.Server, state,
			clock(t.Expires), clock(t.Timeout), number(t.Connections), number(t.Extensions), number(t.Worker), number(t.Block),
		}
	})
}

func (o *operator) connectionsCommand() *cobra.Command {
	return rowsCommand(o, "connections", "Connections: 5-tuples with state and real server", columns{
		left("PROTO", 5), left("CLIENT", 21), left("VIRTUAL", 21), left("SERVER", 21), left("FORWARD", 7), left("STATE", 11),
		right("EXPIRES", 7), left("PERSISTENT", 10), right("MARK", 10), right("INPKTS", 10), right("WORKER", 6), left("LOCAL", 5),
	}, func(c *api.Connection) []string {
		persistent, mark := "no", "-"
		if c.Persistent {
			persistent = "yes"
		}
		if c.Mark != 0 {
			mark = number(c.Mark)
		}
		return []string{
			c.Protocol, c.Client, c.Virtual, c.Server, c.Forward, c.State,
			clock(c.Expires), persistent, mark, number(c.InPackets), number(c.Worker), cmp.Or(c.Local, "-"),
		}
	})
}

// filterFlags are the flags of a stream, by the key of the filter that each of them sets.
var filterFlags = map[string]string{
	"client":   "clients of an `address` or prefix (172.16.0.0/16)",
	"virtual":  "a virtual `address` or address:port (10.0.0.1:80)",
	"server":   "a real server's `address` or address:port (10.9.0.11:80)",
	"mark":     "a firewall mark, a `number`",
	"protocol": "a `protocol`: tcp, udp, or ip for templates of a mark",
	"state":    "a `state`: ESTABLISHED, SYN_RECV, … for connections, NONE or ASSURED for templates",
	"limit":    "a `number` of rows at most",
}

// rowsCommand is a command that prints rows as they come, so that millions of them need no memory.
func rowsCommand[T any](o *operator, use, short string, table columns, cells func(*T) []string) *cobra.Command {
	var filter api.Filter
	var countOnly bool
	values := map[string]*string{}
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Long: short + `.

Rows are printed as they come, in no order. With -o json every row is one line (NDJSON).`,
		Args: cobra.NoArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) (err error) {
			query := url.Values{}
			for key, value := range values {
				if cmd.Flags().Changed(key) {
					query.Set(key, *value)
				}
			}
			filter, err = api.ParseFilter(query)
			return err
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := "/v1/" + use
			switch {
			case countOnly:
				return o.countRows(cmd.Context(), path, &filter)
			case o.output == "json":
				return o.copyRows(cmd.Context(), path, &filter)
			}
			return printRows(cmd.Context(), o, path, &filter, table, cells)
		},
	}
	for key, usage := range filterFlags {
		values[key] = cmd.Flags().String(key, "", usage)
	}
	cmd.Flags().BoolVar(&countOnly, "count", false, "print the number of rows only")
	complete(cmd, "protocol", api.Protocols)
	complete(cmd, "state", api.States)
	return cmd
}

func printRows[T any](ctx context.Context, o *operator, path string, filter *api.Filter, table columns, cells func(*T) []string) error {
	titled := false
	title := func() error { // not before the first row, so that nothing is printed when cleatd refuses
		if titled {
			return nil
		}
		titled = true
		return table.header(o.out)
	}
	err := o.client().stream(ctx, path, filter, func(line []byte) error {
		var row T
		if err := json.Unmarshal(line, &row); err != nil {
			return err
		}
		return errors.Join(title(), table.row(o.out, cells(&row)...))
	})
	if err != nil {
		return err
	}
	return title()
}

func (o *operator) copyRows(ctx context.Context, path string, filter *api.Filter) error {
	return o.client().stream(ctx, path, filter, func(line []byte) error {
		if err := validRow(line); err != nil {
			return err
		}
		_, err := o.out.Write(line)
		return err
	})
}

func (o *operator) countRows(ctx context.Context, path string, filter *api.Filter) error {
	n := 0
	err := o.client().stream(ctx, path, filter, func(line []byte) error {
		n++
		return validRow(line)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(o.out, n)
	return err
}

func validRow(line []byte) error {
	if !json.Valid(line) {
		return errors.New("not JSON")
	}
	return nil
}
