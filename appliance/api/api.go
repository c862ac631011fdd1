// Package api is the vocabulary of the control API: what cleatd's Unix socket speaks, as plain data.
// Both ends import it, cleatd and the tools. Fields are only ever added.
//
//	GET  /v1/status                 Status
//	GET  /v1/services               []Service
//	GET  /v1/workers                []Worker
//	GET  /v1/ports                  []Port
//	GET  /v1/neighbors              []Neighbor
//	GET  /v1/templates              a stream of Template, one JSON object a line (application/x-ndjson)
//	GET  /v1/connections            a stream of Connection, likewise
//	GET  /v1/heavy                  []HeavyClient, the heaviest first; with the query limit so many at most
//	GET  /v1/ipvs                   IPVS
//	POST /v1/ipvs                   Command → an empty object, or 409 with a Problem that has an Errno
//	GET  /v1/sysctl                 []Sysctl
//	GET  /v1/marks                  Marks: the rules that mark packets
//	POST /v1/marks                  MarkCommand → an empty object, or 409
//	PUT  /v1/sysctl/NAME            SysctlValue → an empty object, or 409
//	GET  /v1/config                 Config: what the file says; with the query running=true what is in force
//	POST /v1/reload                 Reloaded, or 422 with Problem; with the query replace=true what was changed since goes
//	POST /v1/clock                  Advance → Clock; in a lab only
//	GET  /metrics                   Prometheus
//
// Streams take the filters client (address or prefix), virtual (address or address:port), server (address or
// address:port), mark, protocol, state, and limit as query parameters (Filter). A stream that breaks off ends with a
// StreamError. Errors are a Problem with a 4xx or 5xx status. Times are
// seconds, addresses are text, counters are 64-bit.
package api

// Problem is the body of every answer that is not a success (in the manner of RFC 9457).
type Problem struct {
	Title  string   `json:"title"`
	Detail []string `json:"detail,omitempty"` // one line an error, file:line first where there is one
	Errno  string   `json:"errno,omitempty"`  // the name of the error that IPVS has for it ("EEXIST"), if it has one (services.md S5)
}

// Status is cleatd at a glance.
type Status struct {
	Version       string  `json:"version"`
	PID           int     `json:"pid"`
	UptimeSeconds float64 `json:"uptime_seconds"`
	ConfigFile    string  `json:"config_file"`
	ConfigLoaded  string  `json:"config_loaded"`          // RFC 3339
	ReloadError   string  `json:"reload_error,omitempty"` // why the last reload was refused
	Generation    uint64  `json:"generation"`             // of the tables that every worker uses
	DPDK          string  `json:"dpdk"`
	Hugepages     bool    `json:"hugepages"`
	Workers       int     `json:"workers"`
	Services      int     `json:"services"`
	RealServers   int     `json:"real_servers"`
	Templates     Usage   `json:"templates"`
	Connections   Usage   `json:"connections"`
	Fallbacks     uint64  `json:"persistence_fallbacks"` // connections of clients for whose template there was no room
	Unaccounted   int64   `json:"unaccounted_packets"`
	Ports         []Port  `json:"ports"`
}

// Usage is how full a table is, of one worker or of all together.
type Usage struct {
	Used     uint64 `json:"used"`
	Capacity uint64 `json:"capacity"`
	Most     uint64 `json:"most"`     // in use at any time since the start; of several workers the sum of what each had at most
	Unproven uint64 `json:"unproven"` // of those in use, entries that make room when there is none (docs/tables.md)
	Evicted  uint64 `json:"evicted"`  // entries that have done so
}

// Add adds o to u.
func (u *Usage) Add(o Usage) {
	u.Used, u.Capacity, u.Most = u.Used+o.Used, u.Capacity+o.Capacity, u.Most+o.Most
	u.Unproven, u.Evicted = u.Unproven+o.Unproven, u.Evicted+o.Evicted
}

// Counters count whole packets from the IP header on, both directions (connections.md C2.1, C13).
type Counters struct {
	Connections uint64 `json:"connections"`
	InPackets   uint64 `json:"in_packets"`
	OutPackets  uint64 `json:"out_packets"`
	InBytes     uint64 `json:"in_bytes"`
	OutBytes    uint64 `json:"out_bytes"`
}

// Figures returns the five counts in the order of their declaration.
func (c *Counters) Figures() [5]*uint64 {
	return [5]*uint64{&c.Connections, &c.InPackets, &c.OutPackets, &c.InBytes, &c.OutBytes}
}

// Plus returns the sum.
func (c Counters) Plus(o Counters) Counters {
	other := o.Figures()
	for i, n := range c.Figures() {
		*n += *other[i]
	}
	return c
}

// Minus returns the difference.
func (c Counters) Minus(o Counters) Counters {
	other := o.Figures()
	for i, n := range c.Figures() {
		*n -= *other[i]
	}
	return c
}

// Service is a virtual service with its real servers.
type Service struct {
	ServiceID
	Options
	Spread   int      `json:"spread,omitempty"` // over how many servers a heavy client is spread, if it is (docs/heavy.md)
	Counters Counters `json:"counters"`         // since the service was added
	Stats    Counters `json:"stats"`            // as ipvsadm --stats shows them: since they were last zeroed, at most 2 s old (connections.md C13)
	Rates    Rates    `json:"rates"`
	Servers  []Server `json:"servers"` // in the order in which they were added: the schedulers' list is the reverse (scheduling.md G.1)
}

// Server is a real server of a service.
type Server struct {
	ServerSpec
	Active     int64    `json:"active"`     // ActiveConn
	Inactive   int64    `json:"inactive"`   // InActConn
	Persistent int64    `json:"persistent"` // PersistConn: templates
	Overloaded bool     `json:"overloaded,omitempty"`
	Counters   Counters `json:"counters"`
	Stats      Counters `json:"stats"`
	Rates      Rates    `json:"rates"`
}

// Template is a remembered client (persistence.md P1, P11).
type Template struct {
	Worker      int     `json:"worker"`
	Kind        string  `json:"kind"`                  // "ppc", "pcc", "pfmc"
	Protocol    string  `json:"protocol"`              // "tcp", "udp", "ip" for pfmc
	Client      string  `json:"client"`                // the masked address
	Virtual     string  `json:"virtual"`               // "10.0.0.1:80", "10.0.0.1:0", or "mark 3"
	Server      string  `json:"server"`                // "10.9.0.11:80"
	State       string  `json:"state"`                 // "NONE", "ASSURED"
	Expires     float64 `json:"expires_seconds"`       // time left
	Timeout     float64 `json:"timeout_seconds"`       // what the timer was last set to
	Connections uint32  `json:"connections"`           // n_control
	Extensions  uint32  `json:"extensions"`            // times the timer ran out under live connections
	Invalidated bool    `json:"invalidated,omitempty"` // P5.7
	Engine      string  `json:"engine,omitempty"`      // persistence engine, "sip" (P9)
	EngineData  string  `json:"engine_data,omitempty"` // what of the payload belongs to the key: the Call-ID
	Block       int     `json:"block,omitempty"`       // of the ports of a client that is spread (docs/heavy.md); block 0 has the template of clients that are not
}

// HeavyClient is a client network that is much of what a worker does of late (docs/heavy.md): what the steering prefix leaves of an address, and so
// comes to one worker whatever it is. Rates are those of the last some seconds, estimated; shares are 0 to 1.
type HeavyClient struct {
	Client          string   `json:"client"` // "172.16.0.1", "fd16::/64"
	Worker          int      `json:"worker"` // that has its packets
	Packets         float64  `json:"packets_per_second"`
	PacketShare     float64  `json:"packet_share"`           // of the worker's packets
	Connections     float64  `json:"connections_per_second"` // that it asks for
	ConnectionShare float64  `json:"connection_share"`       // of the new connections that the worker decides on which decides on its
	Heavy           []string `json:"heavy,omitempty"`        // clients of the network that are spread now where services say so
	Servers         []string `json:"servers"`                // that their templates, and those of others who are listed here, name: "10.9.0.11:80"
}

// Connection is one 5-tuple.
type Connection struct {
	Worker     int     `json:"worker"`
	Protocol   string  `json:"protocol"`
	Client     string  `json:"client"`          // "172.16.0.1:20001"
	Virtual    string  `json:"virtual"`         // "10.0.0.1:80"
	Local      string  `json:"local,omitempty"` // of forward fullnat, what the server sees as the client: "10.9.0.100:1027"
	Server     string  `json:"server"`          // "10.9.0.11:80"
	Forward    string  `json:"forward"`
	State      string  `json:"state"`
	Expires    float64 `json:"expires_seconds"`
	Persistent bool    `json:"persistent"` // controlled by a template
	Mark       uint32  `json:"mark,omitempty"`
	InPackets  uint32  `json:"in_packets"`
}

// Worker is one poll loop.
type Worker struct {
	Worker      int               `json:"worker"`
	Lcore       int               `json:"lcore"`
	Turns       uint64            `json:"turns"`
	EmptyTurns  uint64            `json:"empty_turns"`
	Sleeps      uint64            `json:"sleeps"`
	Received    uint64            `json:"received"`
	Injected    uint64            `json:"injected"`
	Made        uint64            `json:"made"`  // further fragments of packets that were too long
	Taken       uint64            `json:"taken"` // packets that other workers handed over
	Transmitted uint64            `json:"transmitted"`
	Punted      uint64            `json:"punted"`
	HandedOver  uint64            `json:"handed_over"`
	Held        uint64            `json:"held"`
	Unaccounted int64             `json:"unaccounted"`
	Drops       map[string]uint64 `json:"drops"` // by reason, those that are not 0
	Templates   Usage             `json:"templates"`
	Connections Usage             `json:"connections"`
	Fallbacks   uint64            `json:"persistence_fallbacks"`
	PollGapMax  float64           `json:"poll_gap_max_seconds"`
	PollGapP99  float64           `json:"poll_gap_p99_seconds"`
}

// Port is one DPDK port.
type Port struct {
	Name      string            `json:"name"`
	Device    string            `json:"device"`
	Driver    string            `json:"driver"`
	MAC       string            `json:"mac"`
	Addresses []string          `json:"addresses"`
	Link      string            `json:"link"` // "up 10000 Mb/s", "down"
	MTU       int               `json:"mtu"`
	Stats     map[string]uint64 `json:"stats"` // ipackets, opackets, ibytes, obytes, imissed, ierrors, oerrors, rx_nombuf

	Steering       string            `json:"steering"`                  // how packets get to the worker of their client: "rss-fields", "rte_flow", "ring", "probing", "one worker"
	Rungs          map[string]string `json:"rungs,omitempty"`           // the same, of "IPv4" and "IPv6" each
	SteeringReason string            `json:"steering_reason,omitempty"` // why it is no better rung
	SteeringCost   string            `json:"steering_cost,omitempty"`   // what it costs
	HandedOver     uint64            `json:"handed_over"`               // packets that came in by the port and changed workers
}

// Neighbor is a next hop.
type Neighbor struct {
	Port    string  `json:"port"`
	Address string  `json:"address"`
	MAC     string  `json:"mac,omitempty"`
	State   string  `json:"state"`       // "resolving", "reachable", "stale", "failed"
	Age     float64 `json:"age_seconds"` // since it last answered
}

// Advance sets the clock of a cleatd with --lab-clock ahead.
type Advance struct {
	Seconds float64 `json:"advance_seconds"`
}

// MaxAdvance is the greatest Advance.Seconds: 31 days, the longest time that anything is remembered.
const MaxAdvance = 31 * 24 * 3600

// ClockSlowness is how many times slower than real time that clock goes by itself.
const ClockSlowness = 10

// Clock is what the clock shows, and by how much it was set ahead.
type Clock struct {
	Now   float64 `json:"now_seconds"` // since cleatd started; rates are estimated whenever it is even
	Ahead float64 `json:"ahead_seconds"`
}

// Config is a configuration as a file that cleatd can read.
type Config struct {
	TOML string `json:"toml"`
}

// Reloaded tells what a reload changed.
type Reloaded struct {
	Generation uint64   `json:"generation"`
	Changes    []string `json:"changes"` // one line each, empty if nothing changed
}
