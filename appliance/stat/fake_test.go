package stat

import (
	"context"

	"cleat/appliance/api"
	"cleat/lcore"
)

// fake is a source of a director with two services, a mark, two workers and two ports; every figure is another one.
type fake struct {
	status                             api.Status
	statusErr, servicesErr, workersErr error

	asked chan bool // if there is one: Status tells whether its context has a deadline
}

func (f fake) Status(ctx context.Context) (api.Status, error) {
	if f.asked != nil {
		_, ends := ctx.Deadline()
		f.asked <- ends
	}
	return f.status, f.statusErr
}

func newFake() fake {
	return fake{status: api.Status{
		Version: "1.2.3", DPDK: "DPDK 22.11.11", UptimeSeconds: 86400.5, Hugepages: true, Generation: 7,
		ConfigLoaded: "2026-11-22T10:00:00Z",
		Ports: []api.Port{
			{Name: "outside", Link: "up 10000 Mb/s", MTU: 1500, Rungs: map[string]string{"IPv4": "rss-fields", "IPv6": "ring"}, HandedOver: 1009, Stats: map[string]uint64{
				"ipackets": 1001, "ibytes": 1002, "opackets": 1003, "obytes": 1004,
				"imissed": 1005, "ierrors": 1006, "oerrors": 1007, "rx_nombuf": 1008,
			}},
			{Name: "inside", Link: "down", MTU: 9000}, // a device without statistics
		},
	}}
}

func (f fake) Services(context.Context) ([]api.Service, error) {
	return []api.Service{
		{ServiceID: api.ServiceID{Protocol: "tcp", Address: "10.0.0.1:80"}, Counters: traffics(100), Servers: []api.Server{
			{ServerSpec: api.ServerSpec{Address: "10.9.0.11:80", Weight: 3}, Active: 31, Inactive: 32, Persistent: 33, Counters: traffics(200)},
			{ServerSpec: api.ServerSpec{Address: "10.9.0.12:80"}, Overloaded: true, Counters: traffics(300)},
		}},
		{ServiceID: api.ServiceID{Protocol: "udp", Address: "10.0.0.1:80"}, Counters: traffics(400)},
		{ServiceID: api.ServiceID{Protocol: "mark", Mark: 3}, Counters: traffics(500), Servers: []api.Server{
			{ServerSpec: api.ServerSpec{Address: "10.9.0.11:0", Weight: 1}, Counters: traffics(600)},
		}},
	}, f.servicesErr
}

func traffics(n uint64) api.Counters {
	return api.Counters{Connections: n + 1, InPackets: n + 2, OutPackets: n + 3, InBytes: n + 4, OutBytes: n + 5}
}

func (f fake) Workers(context.Context) ([]api.Worker, error) {
	return []api.Worker{
		{Worker: 0, Lcore: 2, Templates: api.Usage{Capacity: 4096}, Connections: api.Usage{Capacity: 8192}},
		{Worker: 1, Lcore: 4, Templates: api.Usage{Capacity: 1024}, Connections: api.Usage{Capacity: 2048}},
	}, f.workersErr
}

func (f fake) Counters() []lcore.Counters {
	c := lcore.Counters{
		Received: 2_001, Taken: 2_002, Injected: 2_003, Made: 2_019, Transmitted: 2_004, Held: 2_005,
		Turns: 2_006, EmptyTurns: 2_007, Sleeps: 2_008,
		TemplateHits: 2_009, TemplateMisses: 2_010, TemplateInserts: 2_011, TemplateExtensions: 2_012,
		TemplateExpiries: 2_013, TemplateInvalidations: 2_014, ConnectionInserts: 2_015, ConnectionExpiries: 2_016,
		Templates: 2_017, Connections: 2_018, DropEntryEnds: 2_019, HeaviestShare: 731_500, HeavyClients: 2_020,
		MostTemplates: 2_020, MostConnections: 2_021, UnprovenTemplates: 2_022, UnprovenConnections: 2_023,
		TemplateEvictions: 2_024, ConnectionEvictions: 2_025, PersistenceFallbacks: 2_026,
		GapSum: 9_500_000_000, GapMax: 8_500_000_000,
	}
	for _, v := range lcore.Verdicts() {
		c.Verdicts[v] = 3_000 + uint64(v)
	}
	c.Gaps[0], c.Gaps[3], c.Gaps[lcore.GapBuckets-1] = 500, 40, 1
	return []lcore.Counters{c, {}} // the second worker has just started
}
