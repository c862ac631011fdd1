package play

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// listings are what cleat is asked for, by the names that a dump has.
var listings = map[string][]string{
	"Ln":          {"ipvsadm", "-Ln"},
	"L":           {"ipvsadm", "-L"},
	"Lnc":         {"ipvsadm", "-Lnc"},
	"Lncp":        {"ipvsadm", "-Lnc", "--persistent-conn"},
	"persistent":  {"ipvsadm", "-Ln", "--persistent-conn"},
	"thresholds":  {"ipvsadm", "-Ln", "--thresholds"},
	"timeout":     {"ipvsadm", "-Ln", "--timeout"},
	"daemon":      {"ipvsadm", "-Ln", "--daemon"},
	"Sn":          {"ipvsadm", "-Sn"},
	"S":           {"ipvsadm", "-S"},
	"conn":        {"proc", "ip_vs_conn"},
	"conn_sync":   {"proc", "ip_vs_conn_sync"},
	"proc":        {"proc", "ip_vs"},
	"stats":       {"ipvsadm", "-Ln", "--stats", "--exact"},
	"stats-human": {"ipvsadm", "-Ln", "--stats"},
	"rate":        {"ipvsadm", "-Ln", "--rate"},
	"proc_stats":  {"proc", "ip_vs_stats"},
}

// counted are the listings of counters, which the kernel brings up to date every 2 s: they come last, after a pause.
var counted = []string{"stats", "stats-human", "rate", "proc_stats"}

const countPause = 2100 * time.Millisecond

// finalListings end every play.
var finalListings = []string{"Ln", "Lnc", "persistent", "stats", "thresholds", "Sn", "timeout"}

// list gives listings of the director's by name.
func (p *stage) list(ctx context.Context, names []string) (map[string][]string, error) {
	if err := p.clock.settle(ctx); err != nil {
		return nil, err
	}
	got := map[string][]string{}
	take := func(name string) {
		command, ok := listings[name]
		if !ok {
			got[name] = []string{"unknown dump " + name}
			return
		}
		c := p.runCleat(ctx, command...)
		if c.Exit != 0 {
			c.Stdout = append(c.Stdout, fmt.Sprintf("[exit %d] %s", c.Exit, strings.Join(c.Stderr, "\n")))
		}
		got[name] = append([]string{}, c.Stdout...)
	}
	var last []string
	for _, name := range names {
		if slices.Contains(counted, name) {
			last = append(last, name)
		} else {
			take(name)
		}
	}
	if len(last) == 0 {
		return got, nil
	}
	if err := p.wait(ctx, countPause); err != nil {
		return nil, err
	}
	for _, name := range last {
		take(name)
	}
	return got, nil
}
