// cleat-lab: cleat in a network of namespaces. It builds a client, a director, a switch and real servers on this
// machine, runs cleatd as the director, and shows that clients stay with their servers (docs/lab.md).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	root := &cobra.Command{
		Use:           "cleat-lab",
		Short:         "cleat in a network of namespaces",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(runCommand(), playCommand(), judgeCommand(), upCommand(), execCommand(), downCommand(), cleanCommand(), serveCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		if !errors.Is(err, errTold) {
			fmt.Fprintln(os.Stderr, "cleat-lab:", err)
		}
		stop()
		os.Exit(1)
	}
}
