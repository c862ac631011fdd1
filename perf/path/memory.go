package path

import (
	"errors"
	"math"
	"strings"

	"cleat/lcore"
	"cleat/lcore/burst"

	"cleat/perf/bed"
	"cleat/perf/result"
)

// Tables is a worker's memory for so many connections and as many templates, really taken.
type Tables struct{ Entries int }

// Great is the case of the suite.
var Great = Tables{10 * million}

// Memory is what it needs of DPDK, in MiB.
func (m *Tables) Memory() int { return 2*m.Entries*entryBytes>>20 + 64 }

// nothing is a queue without packets.
type nothing struct{}

func (nothing) Receive([]burst.Packet) int    { return 0 }
func (nothing) Transmit(p []burst.Packet) int { return len(p) }
func (nothing) Alloc([]burst.Packet) bool     { return false }
func (nothing) Free([]burst.Packet)           {}

// Measure makes the tables, and counts the bytes that they ask for.
func (m *Tables) Measure(*bed.Bed) (figures []result.Figure, err error) {
	var tables bed.Tables
	defer func() { err = errors.Join(err, tables.Free()) }()
	taken := map[string]int{} // bytes by table
	c := &Case{Name: "memory", Proto: "tcp", Flows: 1}
	plan := c.plan(nothing{}, nothing{}, func(name string, size int) ([]byte, error) {
		taken[name] += size
		return tables.Alloc(name, size)
	}, clockOf(nil, c))
	plan.Connections, plan.Templates = m.Entries, m.Entries
	if _, err := lcore.NewWorkers([]lcore.Plan{plan}, c.tables()); err != nil {
		return nil, err
	}
	return m.figures(taken), nil
}

func (m *Tables) figures(taken map[string]int) (figures []result.Figure) {
	each := func(bytes int) result.Series { // tables have some spare entries
		return result.Series{math.Round(10*float64(bytes)/float64(m.Entries)) / 10}
	}
	for _, kind := range []string{"connection", "template"} {
		var sum int
		for name, bytes := range taken {
			if strings.HasPrefix(name, kind+"s") {
				sum += bytes
			}
		}
		figures = append(figures,
			result.Figure{Case: "memory", What: "a " + kind, Unit: "B", Values: each(taken[kind+"s"]), Aim: 64, Must: 64},
			result.Figure{Case: "memory", What: "index, a " + kind, Unit: "B", Values: each(taken[kind+"s_index"]), Aim: 16, Must: 16},
			result.Figure{Case: "memory", What: "a " + kind + ", index, timer and all", Unit: "B", Values: each(sum)},
		)
	}
	all := 0 // the worker's other tables are small, and counted too
	for _, bytes := range taken {
		all += bytes
	}
	scale := float64(10*million) / float64(m.Entries)
	return append(figures, result.Figure{
		Case: "memory", What: "10 M connections and 10 M templates", Unit: "GiB", Values: result.Series{float64(all) * scale / (1 << 30)}, Aim: 1.6, Must: 1.6,
	})
}
