// Command cleatd is the appliance: it starts in order, reloads on SIGHUP, and stops cleanly on SIGTERM or SIGINT.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"

	"cleat/appliance/clock"
	"cleat/appliance/director"
	"cleat/conf"
)

// version is set by the build.
var version = "unknown"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const usage = `cleatd forwards packets as its configuration file says.

  cleatd [--config FILE]     start; SIGHUP reloads FILE, SIGTERM and SIGINT stop
  cleatd --check FILE        only check FILE: exit status 0, or 3 with every mistake named
  cleatd --version

  --lab-clock                in a lab: lets "cleat clock advance" set the clock ahead

Exit status: 0 stopped as asked, 1 something else went wrong, 2 wrong options, 3 the configuration is wrong, 4 DPDK did not
start, 5 a port does not exist or refuses its configuration, 6 the control socket or the metrics address is taken.
`

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("cleatd", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage) }
	path := flags.String("config", "/etc/cleat/cleat.toml", "configuration file")
	check := flags.String("check", "", "only check this file")
	show := flags.Bool("version", false, "print the version")
	lab := flags.Bool("lab-clock", false, "let the clock be set ahead")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return director.ExitUsage
	case flags.NArg() != 0:
		fmt.Fprintf(stderr, "cleatd: %q is not an option\n\n%s", flags.Arg(0), usage)
		return director.ExitUsage
	case *show:
		fmt.Fprintln(stdout, "cleatd", version)
		return 0
	case *check != "":
		return checkFile(*check, stdout, stderr)
	}
	return serve(*path, clock.New(*lab), stderr)
}

// checkFile is cleatd --check.
func checkFile(path string, stdout, stderr io.Writer) int {
	c, err := conf.Read(path)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return director.ExitConfig
	}
	for _, w := range c.Warnings {
		fmt.Fprintln(stderr, "warning:", w)
	}
	fmt.Fprintf(stdout, "%s: ok (services: %d)\n", path, len(c.Services))
	return 0
}

// serve runs the appliance until it is told to stop.
func serve(path string, clock *clock.Clock, stderr io.Writer) int {
	hangup := make(chan os.Signal, 1) // from the start: a SIGHUP that nobody awaits would end the process
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	c, err := conf.Read(path)
	if err != nil {
		fmt.Fprintln(stderr, "cleatd:", err)
		return director.ExitConfig
	}
	var level slog.LevelVar
	log := newLogger(&c.Log, &level, stderr)
	for _, w := range c.Warnings {
		log.Warn(w.Error())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := appliance(ctx, c, clock, path, log, &level, hangup); err != nil {
		log.Error("cleatd ends", "why", err)
		var f *director.Failure
		if errors.As(err, &f) {
			return f.Status
		}
		return director.ExitOther
	}
	log.Info("cleatd has stopped")
	return 0
}

// notify tells systemd how far we are, where it runs us.
func notify(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("systemd was not told", "state", state, "why", err)
	}
}
