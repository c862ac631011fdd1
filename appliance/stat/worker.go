// Package stat makes figures of the workers' counters: for listings and for Prometheus.
package stat

import (
	"math"

	"cleat/appliance/api"
	"cleat/lcore"
)

// Worker returns worker n's counters as the API shows them; how much its tables have room for, the caller adds.
func Worker(n, cpu int, c *lcore.Counters) api.Worker {
	w := api.Worker{
		Worker: n, Lcore: cpu, Turns: c.Turns, EmptyTurns: c.EmptyTurns, Sleeps: c.Sleeps,
		Received: c.Received, Taken: c.Taken, Injected: c.Injected, Made: c.Made, Transmitted: c.Transmitted,
		Punted: c.Verdicts[lcore.Punted], HandedOver: c.Verdicts[lcore.HandedOver], Held: c.Held, Unaccounted: c.Unaccounted(),
		Drops:       map[string]uint64{},
		Templates:   api.Usage{Used: c.Templates, Most: c.MostTemplates, Unproven: c.UnprovenTemplates, Evicted: c.TemplateEvictions},
		Connections: api.Usage{Used: c.Connections, Most: c.MostConnections, Unproven: c.UnprovenConnections, Evicted: c.ConnectionEvictions},
		Fallbacks:   c.PersistenceFallbacks,
		PollGapMax:  float64(c.GapMax) / 1e9, PollGapP99: Quantile(&c.Gaps, 0.99),
	}
	for _, v := range lcore.Verdicts() {
		if n := c.Verdicts[v]; v.Drop() && n != 0 {
			w.Drops[v.String()] = n
		}
	}
	return w
}

// GapBound is the upper bound of bucket i of the poll gaps' histogram, in seconds; the last one has none.
func GapBound(i int) float64 {
	if i == lcore.GapBuckets-1 {
		return math.Inf(1)
	}
	return math.Ldexp(1e-6, i)
}

// Quantile returns the bound, in seconds, below which the share q of all poll gaps lies, as exactly as the buckets tell.
func Quantile(gaps *[lcore.GapBuckets]uint64, q float64) float64 {
	var all uint64
	for _, n := range gaps {
		all += n
	}
	var below uint64
	for i, n := range gaps {
		if below += n; all != 0 && float64(below) >= q*float64(all) {
			return math.Ldexp(1e-6, i)
		}
	}
	return 0
}
