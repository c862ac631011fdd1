package conf

import (
	"net/netip"
	"slices"
	"time"
)

// checker holds a configuration that was read, to be judged.
type checker struct {
	*report
	*Config
	subnets []subnet // that the ports are in
}

// checks are all that is asked of a configuration whose values have the right types. Each looks at one thing
// and knows nothing of the others; a value that could not be read is its type's zero or default here.
var checks = []func(checker){
	checkWords, checkNumbers, checkDurations, checkSysctls, checkFTP,
	checkLcores, checkMbufs, checkControl, checkMetrics,
	checkPortsThere, checkPortNames, checkPortDevices, checkPortAddresses, checkPortSubnets, checkGateways,
	checkVIPs, checkRoutes,
	checkMarks, checkMarkUsed,
	checkServiceNames, checkServiceAddress, checkServiceMark, checkServiceIPv6, checkOnePacket, checkEngine, checkScheduler, checkMaglev, checkPersistence, checkNetmask, checkSpread, checkServiceCount,
	checkServers, checkServerAddress, checkForward, checkTunnel, checkServerReachable, checkServerPort, checkServerLimits, checkServerCount, checkLocalAddresses,
}

func check(c *Config, r *report) {
	for _, f := range checks {
		f(checker{r, c, subnets(c.Ports)})
	}
}

// given reports whether path is in the file.
func (c checker) given(path string) bool { return c.lines[path] != 0 }

// oddf notes that the value at path is what IPVS takes but is hardly meant.
func (c checker) oddf(path, format string, args ...any) *Error {
	if c.Strict {
		return c.errorf(path, format, args...)
	}
	return c.warnf(path, format, args...)
}

// oneOf demands one of the known words.
func (c checker) oneOf(path, what, word string, known ...string) {
	if !slices.Contains(known, word) {
		c.errorf(path, "unknown %s %q", what, word).hint("%s", didYouMean(word, known))
	}
}

func checkWords(c checker) {
	c.oneOf("dpdk.hugepages", "mode", c.DPDK.Hugepages, "auto", "require", "off")
	c.oneOf("workers.idle", "mode", c.Workers.Idle, "poll", "sleep")
	c.oneOf("scheduling.scope", "scope", c.Scheduling.Scope, "worker", "service")
	c.oneOf("log.level", "level", c.Log.Level, "debug", "info", "warn", "error")
	c.oneOf("log.format", "format", c.Log.Format, "text", "json")
}

// within demands low ≤ n ≤ high.
func (c checker) within(path string, n, low, high int) {
	if n < low || n > high {
		c.errorf(path, "%d is out of range", n).hint("%d…%d", low, high)
	}
}

func checkNumbers(c checker) {
	for _, n := range []struct {
		path         string
		n, low, high int
	}{
		{"dpdk.memory", c.DPDK.Memory, 0, 1 << 20}, // MiB: 1 TiB
		{"workers.count", c.Workers.Count, 0, 127}, // DPDK has 128 lcores, and one is not a worker's
		{"workers.idle_after", c.Workers.IdleAfter, 1, 1 << 30},
		{"network.answer_rate", c.Network.AnswerRate, 0, 1 << 30},
		{"network.steering_prefix4", c.Network.SteeringPrefix4, 1, 32},
		{"network.steering_prefix6", c.Network.SteeringPrefix6, 1, 128},
		{"persistence.spread", c.Persistence.Spread, 1, maxSpread},
		{"persistence.spread_above", c.Persistence.SpreadAbove, 1, 100}, // %
		{"tables.connections", c.Tables.Connections, 1, 1 << 28},
		{"tables.templates", c.Tables.Templates, 1, 1 << 28},
		{"tables.connections6", c.Tables.Connections6, 0, 1 << 28},
		{"tables.templates6", c.Tables.Templates6, 0, 1 << 28},
		{"tables.fullnat", c.Tables.FullNAT, 0, 1 << 28},
		{"tables.services", c.Tables.Services, 1, 1 << 16},
		{"tables.real_servers", c.Tables.RealServers, 1, 1 << 20},
		{"tables.neighbors", c.Tables.Neighbors, 1, 1 << 16},
	} {
		c.within(n.path, n.n, n.low, n.high)
	}
	if c.DPDK.Mbufs != 0 {
		c.within("dpdk.mbufs", c.DPDK.Mbufs, 1024, 1<<24)
	}
	for i, p := range c.Ports {
		path := at("port", i)
		if p.MTU != 0 {
			c.within(path+".mtu", p.MTU, 576, 9600)
		}
		c.within(path+".rx_descriptors", p.RxDescriptors, 64, 32768)
		c.within(path+".tx_descriptors", p.TxDescriptors, 64, 32768)
	}
}

// month is the longest timeout that IPVS has (persistence.md P0.2, connections.md C4.2).
const month = 31 * 24 * time.Hour

// seconds demands whole seconds, as IPVS counts timeouts, from 1 s to 31 days.
func (c checker) seconds(path string, d Duration) {
	if d < time.Second || d > month {
		c.errorf(path, "%s is out of range", formatDuration(d)).hint("1…2678400 s, which is 31 days")
	} else if d%time.Second != 0 {
		c.errorf(path, "%s is not a whole number of seconds", formatDuration(d)).hint("did you mean %q?", formatDuration(d.Round(time.Second)))
	}
}

func checkDurations(c checker) {
	c.seconds("timeouts.tcp", c.Timeouts.TCP)
	c.seconds("timeouts.tcp_fin", c.Timeouts.TCPFin)
	c.seconds("timeouts.udp", c.Timeouts.UDP)
	c.seconds("persistence.timeout", c.Persistence.Timeout)
	c.seconds("persistence.extend", c.Persistence.Extend)
	c.seconds("network.neighbor_reachable", c.Network.NeighborReachable)
	if d := c.Workers.IdleSleep; d < time.Microsecond || d > 100*time.Millisecond {
		c.errorf("workers.idle_sleep", "%s is out of range", formatDuration(d)).hint("1us…100ms")
	}
}

// host demands an address that one host can have.
func (c checker) host(path string, a netip.Addr) {
	if a.IsValid() && !unicast(a) {
		c.errorf(path, "%s is not an address that a host can have", a)
	}
}

// firsts remembers where a thing was seen first.
type firsts[T comparable] map[T]string

// again tells whether thing was there before, and at which path; else it notes path.
func (f firsts[T]) again(thing T, path string) (first string, found bool) {
	if first, found = f[thing]; !found {
		f[thing] = path
	}
	return first, found
}
