// Package conf is what the operator writes: one TOML file, read strictly into plain data.
//
// Read parses and checks a file and gives a Config with every default filled in, or all errors at
// once, each with file, line, key and what would be right. Compare tells what a reload changes.
// Nothing here touches a port or a packet.
package conf

import "net/netip"

// Config is the whole configuration, as plain data, defaults filled in.
type Config struct {
	// Strict: what IPVS takes but is hardly meant is an error (default true), else a warning. Commands are judged as IPVS judges them, so a
	// file that holds what commands made may need false.
	Strict bool `toml:"strict"`

	DPDK        DPDK        `toml:"dpdk"`
	Workers     Workers     `toml:"workers"`
	Ports       []Port      `toml:"port"`
	Network     Network     `toml:"network"`
	Tables      Tables      `toml:"tables"`
	Timeouts    Timeouts    `toml:"timeouts"`
	Persistence Persistence `toml:"persistence"`
	Scheduling  Scheduling  `toml:"scheduling"`
	IPVS        IPVS        `toml:"ipvs"`
	Control     Control     `toml:"control"`
	Metrics     Metrics     `toml:"metrics"`
	Log         Log         `toml:"log"`
	Marks       []Mark      `toml:"mark"`
	Services    []Service   `toml:"service"`

	// Warnings are what Read found odd but allowed; not a part of what the operator wants.
	Warnings Errors `toml:"-"`
}

// DPDK says how the environment abstraction layer is started. A change needs a restart.
type DPDK struct {
	// EAL holds further EAL arguments, passed through as they stand.
	EAL []string `toml:"eal"`
	// Hugepages: "auto" uses them where there are enough, "require" fails without, "off" never does.
	Hugepages string `toml:"hugepages"`
	// Memory is what DPDK takes, in MiB, for packet buffers and tables; 0: computed from the tables.
	Memory int `toml:"memory"`
	// Mbufs is the number of packet buffers per NUMA socket; 0: computed from the ports' rings and the workers.
	Mbufs int `toml:"mbufs"`
	// FilePrefix keeps several DPDK programs on one machine apart.
	FilePrefix string `toml:"file_prefix"`
}

// Workers says which lcores forward packets. A change needs a restart.
type Workers struct {
	// Lcores are CPU numbers, one worker each; none: chosen from the machine's topology.
	Lcores []int `toml:"lcores"`
	// Count is how many workers to choose CPUs for where Lcores names none; 0: one a physical core on the ports' NUMA sockets, but one core.
	Count int `toml:"count"`
	// Idle: "poll" never sleeps (a dedicated core), "sleep" sleeps after empty polls.
	Idle string `toml:"idle"`
	// IdleAfter is the number of empty polls in a row before the first sleep.
	IdleAfter int `toml:"idle_after"`
	// IdleSleep is how long each sleep lasts at most.
	IdleSleep Duration `toml:"idle_sleep"`
}

// Port is one DPDK port. A change of Name, Device, Vdev, descriptors or MTU, or of the set of ports,
// needs a restart; addresses and gateway are reloaded.
type Port struct {
	// Name is the operator's own ("outside").
	Name string `toml:"name"`
	// Device is DPDK's name: a PCI address ("0000:03:00.0") or that of a virtual device ("net_af_packet0").
	Device string `toml:"device"`
	// Vdev, if not empty, creates the device: the arguments after its name ("iface=veth0"). Device is then the vdev's name.
	Vdev string `toml:"vdev"`
	// Addresses are this director's own on the port, with the prefix length of the subnet.
	Addresses []netip.Prefix `toml:"addresses"`
	// Gateway and Gateway6 are the default gateways behind this port, if it is the way to the rest of the world.
	Gateway  netip.Addr `toml:"gateway"`
	Gateway6 netip.Addr `toml:"gateway6"`
	// MTU in bytes; 0: the device's.
	MTU int `toml:"mtu"`
	// RxDescriptors and TxDescriptors are ring sizes per queue.
	RxDescriptors int `toml:"rx_descriptors"`
	TxDescriptors int `toml:"tx_descriptors"`
}

// Network is what cleat is in the network it sits in.
type Network struct {
	// VIPs are virtual addresses, or whole prefixes of them, to answer for (ARP, NDP, ping) besides those of services and marks.
	VIPs []netip.Prefix `toml:"vips"`
	// Routes are further static routes.
	Routes []Route `toml:"route"`
	// Forward: route packets that belong to no service between ports (default true).
	Forward bool `toml:"forward"`
	// AnswerRate limits RST, ICMP errors and echo answers, per worker and second; 0: unlimited.
	AnswerRate int `toml:"answer_rate"`
	// NeighborReachable is how long a neighbour's answer is believed.
	NeighborReachable Duration `toml:"neighbor_reachable"`
	// SteeringPrefix4 and SteeringPrefix6 are the parts of a client address that pick its worker (32 and 64).
	SteeringPrefix4 int `toml:"steering_prefix4"`
	SteeringPrefix6 int `toml:"steering_prefix6"`
}

// Route is a static route.
type Route struct {
	To  netip.Prefix `toml:"to"`
	Via netip.Addr   `toml:"via"`
}

// Tables are capacities, in entries; per worker where a worker owns the table. A change needs a restart.
type Tables struct {
	Connections int `toml:"connections"` // per worker
	Templates   int `toml:"templates"`   // per worker
	// Connections6, Templates6: how many of those may be of IPv6; 0: none.
	Connections6 int `toml:"connections6"`
	Templates6   int `toml:"templates6"`
	// FullNAT: how many of the connections may be of forward = "fullnat"; 0: none.
	FullNAT     int `toml:"fullnat"`
	Services    int `toml:"services"`     // virtual services, all
	RealServers int `toml:"real_servers"` // real servers of all services, removed ones still in use included
	Neighbors   int `toml:"neighbors"`    // next hops, all ports
}

// Timeouts are the three that ipvsadm --set changes (connections.md C4.2).
type Timeouts struct {
	TCP    Duration `toml:"tcp"`     // ESTABLISHED, 900 s
	TCPFin Duration `toml:"tcp_fin"` // FIN_WAIT, 120 s
	UDP    Duration `toml:"udp"`     // 300 s
}

// Persistence holds what is the same for every template.
type Persistence struct {
	// Timeout of a persistent service that names none (P0.2: 360 s).
	Timeout Duration `toml:"timeout"`
	// Extend is a template's new timeout when it runs out under live connections (P4.8: 120 s; the kernel: 60 s).
	Extend Duration `toml:"extend"`
	// RestoreTimeout: a new connection gives an extended template its full timeout back (P4.8: true; the kernel: false).
	RestoreTimeout bool `toml:"restore_timeout"`
	// Spread is over how many servers a heavy client of a persistent service that says nothing else is spread; 1: it has one like everybody.
	Spread int `toml:"spread"`
	// SpreadAbove is from which share of its worker's new connections on a client is heavy, in percent.
	SpreadAbove int `toml:"spread_above"`
}

// Scheduling says who schedules.
type Scheduling struct {
	// Scope: "worker" (each worker schedules its own clients, default) or "service" (one worker for all of a service's clients, exactly as the
	// kernel does). A change needs a restart.
	Scope string `toml:"scope"`
}

// IPVS holds the switches that the kernel has as net.ipv4.vs.* (services.md S6), under their names, and the FTP helper. Sysctls tells their
// ranges and which of them are kept only.
type IPVS struct {
	// FTP switches the FTP helper on (connections.md C12), as loading ip_vs_ftp does; FTPPorts are the ports of control connections.
	FTP      bool  `toml:"ftp"`
	FTPPorts []int `toml:"ftp_ports"`

	AmDropRate              int      `toml:"am_droprate"`
	Amemthresh              int      `toml:"amemthresh"`
	BackupOnly              bool     `toml:"backup_only"`
	CacheBypass             bool     `toml:"cache_bypass"`
	ConnReuseMode           int      `toml:"conn_reuse_mode"`
	Conntrack               bool     `toml:"conntrack"`
	DropEntry               int      `toml:"drop_entry"`
	DropPacket              int      `toml:"drop_packet"`
	ExpireNodestConn        bool     `toml:"expire_nodest_conn"`
	ExpireQuiescentTemplate bool     `toml:"expire_quiescent_template"`
	IgnoreTunneled          bool     `toml:"ignore_tunneled"`
	LblcExpiration          Duration `toml:"lblc_expiration"`
	LblcrExpiration         Duration `toml:"lblcr_expiration"`
	NATICMPSend             bool     `toml:"nat_icmp_send"`
	PMTUDisc                bool     `toml:"pmtu_disc"`
	RunEstimation           bool     `toml:"run_estimation"`
	ScheduleICMP            bool     `toml:"schedule_icmp"`
	SecureTCP               int      `toml:"secure_tcp"`
	SloppySCTP              bool     `toml:"sloppy_sctp"`
	SloppyTCP               bool     `toml:"sloppy_tcp"`
	SNATReroute             bool     `toml:"snat_reroute"`
	SyncPersistMode         bool     `toml:"sync_persist_mode"`
	SyncPorts               int      `toml:"sync_ports"`
	SyncQlenMax             int      `toml:"sync_qlen_max"`
	SyncRefreshPeriod       Duration `toml:"sync_refresh_period"`
	SyncRetries             int      `toml:"sync_retries"`
	SyncSockSize            int      `toml:"sync_sock_size"`
	SyncThreshold           []int    `toml:"sync_threshold"`
	SyncVersion             int      `toml:"sync_version"`
}

// Control is the API's Unix socket. A change needs a restart.
type Control struct {
	Socket string `toml:"socket"` // path; default /run/cleat/cleatd.sock
	Group  string `toml:"group"`  // group that may use it; "": root only
}

// Metrics is the Prometheus endpoint. A change needs a restart.
type Metrics struct {
	Listen        string `toml:"listen"`          // address:port; "": none (it is on the control socket all the same)
	WebConfigFile string `toml:"web_config_file"` // exporter-toolkit's: TLS, basic auth
}

// Log says how cleatd logs.
type Log struct {
	Level  string `toml:"level"`  // debug, info, warn, error
	Format string `toml:"format"` // text, json
}

// Mark is one rule: a packet that fits all its conditions gets the mark. The first rule that fits
// decides. Rules are evaluated before the look-up by address (services.md S2, S3).
type Mark struct {
	Mark        uint32       `toml:"mark"`         // 0: none, an exception to the rules behind it
	Keep        uint32       `toml:"keep"`         // bits of the mark that the rules behind it still decide; 0: none
	Protocol    string       `toml:"protocol"`     // "tcp", "udp", "sctp", "" for all
	Destination netip.Prefix `toml:"destination"`  // an address stands for itself alone
	Ports       []PortRange  `toml:"ports"`        // destination ports; none: all
	Source      netip.Prefix `toml:"source"`       // none: all
	SourcePorts []PortRange  `toml:"source_ports"` // none: all
	AnyPorts    []PortRange  `toml:"any_ports"`    // of source or destination; none: all
}

// PortRange is first to last, both included. Written 80, "80" or "8000-8099".
type PortRange struct{ First, Last uint16 }

// Service is a virtual service. Exactly one of TCP, UDP, SCTP and Mark names it.
type Service struct {
	TCP  netip.AddrPort `toml:"tcp"`
	UDP  netip.AddrPort `toml:"udp"`
	SCTP netip.AddrPort `toml:"sctp"`
	Mark uint32         `toml:"mark"`
	// Scheduler: rr, wrr, lc, wlc (default), sed, nq, lblc, lblcr, dh, sh, mh, fo, ovf, twos.
	Scheduler string `toml:"scheduler"`
	// Flags are the scheduler's: "sh-fallback", "sh-port", "mh-fallback", "mh-port", and "flag-1" to "flag-3" of any.
	Flags []string `toml:"flags"`
	// Persistent is the persistence timeout, 0 for none. Written true (Persistence.Timeout), a
	// number of seconds or a duration ("300s", "10m").
	Persistent Duration `toml:"persistent"`
	// Netmask is the part of the client address that a template looks at; 0 puts all IPv4 clients into one.
	Netmask Netmask `toml:"netmask"`
	// Spread is over how many servers a heavy client is spread; 0: Persistence.Spread.
	Spread int `toml:"spread"`
	// Engine is the persistence engine: "sip" or none (persistence.md P9).
	Engine string `toml:"engine"`
	// OnePacket schedules every datagram alone (services.md S4).
	OnePacket bool `toml:"one_packet"`
	// IPv6 makes a firewall mark's service one of IPv6.
	IPv6 bool `toml:"ipv6"`
	// LocalAddresses are what servers of forward = "fullnat" see as the client (forwarding.md F8).
	LocalAddresses []netip.Addr `toml:"local_addresses"`
	// ClientAddress is how fullnat servers learn of the client: "toa" (default), "proxy-v1", "proxy-v2", "none".
	ClientAddress string `toml:"client_address"`
	// Servers in the order of the file: as with ipvsadm -a, the last one is the first in every scheduler's list (scheduling.md G.1).
	Servers []Server `toml:"server"`
}

// Server is a real server of a service.
type Server struct {
	// Address of the server. Written without a port it has the service's; port 0, where the service has none either, is the packet's.
	Address netip.AddrPort `toml:"address"`
	Weight  int            `toml:"weight"`  // 0…2^31−1, default 1; 0 quiesces
	Forward string         `toml:"forward"` // "nat", "dr", "tun", "fullnat"
	// TunnelType is that of forward = "tun": "ipip" (default), "gue", "gre"; TunnelPort gue's UDP port; TunnelChecksum "none" (default),
	// "csum" (gue, gre) or "remcsum" (gue) (forwarding.md F4).
	TunnelType     string `toml:"tunnel_type"`
	TunnelPort     int    `toml:"tunnel_port"`
	TunnelChecksum string `toml:"tunnel_checksum"`
	// Upper and Lower are connection thresholds (connections.md C9), 0: none.
	Upper uint32 `toml:"upper"`
	Lower uint32 `toml:"lower"`
}
