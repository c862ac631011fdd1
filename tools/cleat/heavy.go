package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"cleat/appliance/api"
)

// rowsOfHeavy is how many client networks are shown if nothing is said.
const rowsOfHeavy = 20

func (o *operator) heavyCommand() *cobra.Command {
	var n uint64
	cmd := &cobra.Command{
		Use:   "heavy",
		Short: "Client networks that are most of what workers do",
		Long: `Client networks that are most of what workers do, the heaviest first, and the servers of each.

Figures are estimates of the last some seconds. HEAVY are clients of the network that services with spread spread over several servers.`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if n == 0 {
				return errors.New("--n 0 would show nothing; 1 or more")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter := api.Filter{Limit: n}
			return ask(cmd.Context(), o, http.MethodGet, "/v1/heavy?"+filter.Query().Encode(), nil, printHeavy)
		},
	}
	cmd.Flags().Uint64Var(&n, "n", rowsOfHeavy, "a `number` of networks at most")
	return cmd
}

func printHeavy(w io.Writer, clients []api.HeavyClient) error {
	table := columns{
		left("CLIENT", 0), right("WORKER", 0), right("PACKETS/S", 0), right("SHARE", 0), right("CONNS/S", 0), right("SHARE", 0), left("HEAVY", 0), left("SERVERS", 0),
	}
	var rows [][]string
	hint := ""
	for _, c := range clients {
		rows = append(rows, []string{
			c.Client, number(c.Worker), fmt.Sprintf("%.0f", c.Packets), percent(c.PacketShare), fmt.Sprintf("%.0f", c.Connections), percent(c.ConnectionShare),
			cmp.Or(strings.Join(c.Heavy, ","), "-"), cmp.Or(strings.Join(c.Servers, ","), "-"),
		})
		if c.PacketShare > 0.5 {
			hint += fmt.Sprintf("%s is %s of the packets of worker %d, and cannot be shared out over workers; `spread` shares it out over servers (docs/heavy.md).\n",
				c.Client, percent(c.PacketShare), c.Worker)
		}
	}
	if err := table.print(w, rows); err != nil || hint == "" {
		return err
	}
	_, err := io.WriteString(w, "\n"+hint)
	return err
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }
