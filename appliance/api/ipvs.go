package api

// Command is one change of what cleat does, as ipvsadm words it (docs/spec/ipvsadm.md I1, services.md S5). POST /v1/ipvs takes one and answers
// with an empty object, or with a Problem whose Errno says why nothing was changed.
type Command struct {
	Do       string      `json:"do"`                 // one of Commands
	Service  *ServiceID  `json:"service,omitempty"`  // which one; with "zero" none means all
	Options  *Options    `json:"options,omitempty"`  // of add-service and edit-service, which replace them all
	Server   *ServerSpec `json:"server,omitempty"`   // of add-server, edit-server; of delete-server its address alone
	Timeouts *Timeouts   `json:"timeouts,omitempty"` // of set-timeouts
}

// Commands are the words for Command.Do.
var Commands = []string{
	"add-service", "edit-service", "delete-service", "clear", "add-server", "edit-server", "delete-server", "zero", "set-timeouts",
}

// ServiceID is what makes a virtual service the one it is (services.md S1.1).
type ServiceID struct {
	Protocol string `json:"protocol"`          // "tcp", "udp", "sctp", "mark"
	Address  string `json:"address,omitempty"` // "10.0.0.1:80", "[fd00::1]:0"; empty for a mark
	Mark     uint32 `json:"mark,omitempty"`
	IPv6     bool   `json:"ipv6,omitempty"` // of a mark: the IPv6 one of that number
}

// Options are a service's attributes (services.md S1.2).
type Options struct {
	Scheduler  string   `json:"scheduler"`
	Flags      []string `json:"flags,omitempty"`              // "sh-fallback", "sh-port", "mh-fallback", "mh-port", "flag-1" to "flag-3"
	Persistent int      `json:"persistent_seconds,omitempty"` // 0: not persistent
	Netmask    string   `json:"netmask,omitempty"`            // "255.255.255.0", any IPv4 mask; of IPv6 the prefix length, "64"; "": the whole address
	Engine     string   `json:"engine,omitempty"`             // persistence engine: "sip"
	OnePacket  bool     `json:"one_packet,omitempty"`
}

// ServerSpec is a real server's attributes.
type ServerSpec struct {
	Address        string `json:"address"`                   // "10.9.0.11:80"; port 0: the packet's
	Forward        string `json:"forward,omitempty"`         // "nat", "dr", "tun", "fullnat"
	Weight         int    `json:"weight"`                    // 0…2^31−1
	Upper          uint32 `json:"upper,omitempty"`           // thresholds (connections.md C9), 0: none
	Lower          uint32 `json:"lower,omitempty"`           //
	TunnelType     string `json:"tunnel_type,omitempty"`     // of tun: "ipip", "gue", "gre"
	TunnelPort     uint16 `json:"tunnel_port,omitempty"`     // of gue
	TunnelChecksum string `json:"tunnel_checksum,omitempty"` // "none", "csum", "remcsum"
}

// Timeouts are the three of ipvsadm --set, in seconds; 0 in a command leaves one as it is (connections.md C4.2).
type Timeouts struct {
	TCP    int `json:"tcp"`
	TCPFin int `json:"tcp_fin"`
	UDP    int `json:"udp"`
}

// IPVS is what concerns all services: GET /v1/ipvs.
type IPVS struct {
	TableSize int      `json:"table_size"` // capacity of the connection tables of all workers
	Timeouts  Timeouts `json:"timeouts"`
	Counters  Counters `json:"counters"` // of all services, removed ones included
	Stats     Counters `json:"stats"`    // the same as ipvsadm and /proc/net/ip_vs_stats show them: since they were last zeroed, at most 2 s old
	Rates     Rates    `json:"rates"`
}

// Rates are a second's, averaged by the estimator (connections.md C13.2); "bytes" are bytes, as in IPVS.
type Rates struct {
	Connections uint64 `json:"connections"`
	InPackets   uint64 `json:"in_packets"`
	OutPackets  uint64 `json:"out_packets"`
	InBytes     uint64 `json:"in_bytes"`
	OutBytes    uint64 `json:"out_bytes"`
}

// Sysctl is one of net.ipv4.vs.* (services.md S6): GET /v1/sysctl lists all, sorted by name, PUT /v1/sysctl/NAME sets one.
type Sysctl struct {
	Name  string `json:"name"`           // without net.ipv4.vs.
	Value string `json:"value"`          // as sysctl prints it; sync_threshold has two numbers with a tab between
	Kept  bool   `json:"kept,omitempty"` // it means nothing here: kept and listed only (docs/ipvs.md says why)
}

// SysctlValue is what a Sysctl is set to, as sysctl takes it. Beside net.ipv4.vs.* there is "ftp", 0 or 1, which stands for loading the kernel's
// module ip_vs_ftp and is not listed.
type SysctlValue struct {
	Value string `json:"value"`
}
