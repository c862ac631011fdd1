package stat

import (
	"math"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"cleat/appliance/api"
	"cleat/lcore"
)

var ofWorker = []string{"worker"}

var (
	workerInfo = prometheus.NewDesc("cleat_worker_info", "Always 1; says on which lcore the worker runs.", []string{"worker", "lcore"}, nil)
	verdicts   = prometheus.NewDesc("cleat_verdicts_total", "Packets by what the data path decided to do with them, other than dropping them.", []string{"worker", "verdict"}, nil)
	drops      = prometheus.NewDesc("cleat_drops_total", "Packets that were dropped, by reason.", []string{"worker", "reason"}, nil)
	pollGaps   = prometheus.NewDesc("cleat_worker_poll_gap_seconds",
		"Time between the beginnings of two turns, for which packets wait in the queues; a long one means that something else had the lcore.",
		ofWorker, nil)
)

// workerMetrics are those that the counters do not tell.
var workerMetrics = []metric[api.Worker]{
	figure(ofWorker, "cleat_template_capacity", "Templates that the worker's table has room for.",
		func(w *api.Worker) uint64 { return w.Templates.Capacity }),
	figure(ofWorker, "cleat_connection_capacity", "Connections that the worker's table has room for.",
		func(w *api.Worker) uint64 { return w.Connections.Capacity }),
}

var counterMetrics = []metric[lcore.Counters]{
	figure(ofWorker, "cleat_worker_received_packets_total", "Packets that the worker took from its queues.",
		func(c *lcore.Counters) uint64 { return c.Received }),
	figure(ofWorker, "cleat_worker_taken_packets_total", "Packets that other workers handed over to this one.",
		func(c *lcore.Counters) uint64 { return c.Taken }),
	figure(ofWorker, "cleat_worker_injected_packets_total", "Packets that management gave the worker to transmit.",
		func(c *lcore.Counters) uint64 { return c.Injected }),
	figure(ofWorker, "cleat_worker_made_packets_total", "Packets that the worker made: further fragments of packets that were too long for their way.",
		func(c *lcore.Counters) uint64 { return c.Made }),
	figure(ofWorker, "cleat_worker_transmitted_packets_total", "Packets that a port took from the worker.",
		func(c *lcore.Counters) uint64 { return c.Transmitted }),
	figure(ofWorker, "cleat_worker_held_packets", "Packets that wait for the MAC address of their next hop.",
		func(c *lcore.Counters) uint64 { return c.Held }),
	figure(ofWorker, "cleat_unaccounted_packets", "Packets that came and are in no counter. Always 0; anything else is a defect of cleat: please report it.",
		(*lcore.Counters).Unaccounted),

	figure(ofWorker, "cleat_worker_turns_total", "Turns of the worker's loop.",
		func(c *lcore.Counters) uint64 { return c.Turns }),
	figure(ofWorker, "cleat_worker_empty_turns_total", "Turns that found no packet; their share of all turns is how idle the worker is.",
		func(c *lcore.Counters) uint64 { return c.EmptyTurns }),
	figure(ofWorker, "cleat_worker_sleeps_total", "Times that the worker slept after empty turns; 0 unless the idle mode is on.",
		func(c *lcore.Counters) uint64 { return c.Sleeps }),
	figure(ofWorker, "cleat_worker_poll_gap_max_seconds", "Longest time between two turns since the start.",
		func(c *lcore.Counters) float64 { return float64(c.GapMax) / 1e9 }),

	figure(ofWorker, "cleat_worker_heaviest_client_share", "Share of the worker's packets of late that the client network with most of them has, 0 to 1.",
		func(c *lcore.Counters) float64 { return float64(c.HeaviestShare) / 1e6 }),
	figure(ofWorker, "cleat_worker_heavy_clients", "Clients that open so many connections that services with spread give them several servers.",
		func(c *lcore.Counters) uint64 { return c.HeavyClients }),

	figure(ofWorker, "cleat_template_entries", "Templates in the worker's table: clients that are tied to a real server.",
		func(c *lcore.Counters) uint64 { return c.Templates }),
	figure(ofWorker, "cleat_template_inserts_total", "Templates made: clients for which a scheduler chose a real server.",
		func(c *lcore.Counters) uint64 { return c.TemplateInserts }),
	figure(ofWorker, "cleat_template_hits_total", "New connections to persistent services whose client had a template.",
		func(c *lcore.Counters) uint64 { return c.TemplateHits }),
	figure(ofWorker, "cleat_template_misses_total", "New connections to persistent services whose client had no template, or one whose real server takes no clients any more.",
		func(c *lcore.Counters) uint64 { return c.TemplateMisses }),
	figure(ofWorker, "cleat_template_expiries_total", "Templates that ended because their timer ran out.",
		func(c *lcore.Counters) uint64 { return c.TemplateExpiries }),
	figure(ofWorker, "cleat_template_extensions_total", "Times that a template's timer ran out under live connections, so that it stayed.",
		func(c *lcore.Counters) uint64 { return c.TemplateExtensions }),
	figure(ofWorker, "cleat_template_invalidations_total", "Templates put out of force because their real server takes no clients any more.",
		func(c *lcore.Counters) uint64 { return c.TemplateInvalidations }),
	figure(ofWorker, "cleat_template_entries_max", "Most templates that the worker's table has had at once since the start.",
		func(c *lcore.Counters) uint64 { return c.MostTemplates }),
	figure(ofWorker, "cleat_template_unproven_entries", "Templates under which no client has proven itself yet: they make room when there is none.",
		func(c *lcore.Counters) uint64 { return c.UnprovenTemplates }),
	figure(ofWorker, "cleat_template_evictions_total", "Unproven templates that made room for another one in a full table.",
		func(c *lcore.Counters) uint64 { return c.TemplateEvictions }),
	figure(ofWorker, "cleat_persistence_fallbacks_total", "New connections of clients for whose template there was no room: their server was chosen by a hash of the client's network.",
		func(c *lcore.Counters) uint64 { return c.PersistenceFallbacks }),

	figure(ofWorker, "cleat_connection_entries", "Connections in the worker's table.",
		func(c *lcore.Counters) uint64 { return c.Connections }),
	figure(ofWorker, "cleat_connection_inserts_total", "Connections made.",
		func(c *lcore.Counters) uint64 { return c.ConnectionInserts }),
	figure(ofWorker, "cleat_connection_expiries_total", "Connections that ended because their timer ran out.",
		func(c *lcore.Counters) uint64 { return c.ConnectionExpiries }),
	figure(ofWorker, "cleat_connection_entries_max", "Most connections that the worker's table has had at once since the start.",
		func(c *lcore.Counters) uint64 { return c.MostConnections }),
	figure(ofWorker, "cleat_connection_unproven_entries", "Connections whose client has not proven itself yet: they make room when there is none.",
		func(c *lcore.Counters) uint64 { return c.UnprovenConnections }),
	figure(ofWorker, "cleat_connection_evictions_total", "Unproven connections that made room for another one in a full table.",
		func(c *lcore.Counters) uint64 { return c.ConnectionEvictions }),
	figure(ofWorker, "cleat_drop_entry_ends_total", "Connections and templates that drop_entry ended.",
		func(c *lcore.Counters) uint64 { return c.DropEntryEnds }),
}

func collectWorker(ch chan<- prometheus.Metric, w *api.Worker) {
	n := strconv.Itoa(w.Worker)
	ch <- prometheus.MustNewConstMetric(workerInfo, prometheus.GaugeValue, 1, n, strconv.Itoa(w.Lcore))
	collect(ch, workerMetrics, w, n)
}

func collectCounters(ch chan<- prometheus.Metric, worker int, c *lcore.Counters) {
	n := strconv.Itoa(worker)
	collect(ch, counterMetrics, c, n)
	for _, v := range lcore.Verdicts() {
		desc := verdicts
		if v.Drop() {
			desc = drops
		}
		ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(c.Verdicts[v]), n, v.String())
	}
	all, below := gaps(c)
	ch <- prometheus.MustNewConstHistogram(pollGaps, all, float64(c.GapSum)/1e9, below, n)
}

// gaps returns how many poll gaps there were, and how many below each bound, as Prometheus' classic histograms want it.
func gaps(c *lcore.Counters) (all uint64, below map[float64]uint64) {
	below = make(map[float64]uint64, lcore.GapBuckets)
	for i, n := range c.Gaps {
		all += n
		if bound := GapBound(i); !math.IsInf(bound, 1) {
			below[bound] = all
		}
	}
	return all, below
}
