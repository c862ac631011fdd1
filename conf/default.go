package conf

import (
	"reflect"
	"time"
)

// Default returns the configuration that an empty file stands for. It lacks what has no default: ports.
func Default() *Config {
	return &Config{
		Strict:      true,
		DPDK:        DPDK{Hugepages: "auto", FilePrefix: "cleat"},
		Workers:     Workers{Idle: "poll", IdleAfter: 1000, IdleSleep: 250 * time.Microsecond},
		Network:     Network{Forward: true, AnswerRate: 1000, NeighborReachable: 30 * time.Second, SteeringPrefix4: 32, SteeringPrefix6: 64},
		Tables:      Tables{Connections: 1_000_000, Templates: 1_000_000, Connections6: 250_000, Templates6: 250_000, FullNAT: 100_000, Services: 4096, RealServers: 16384, Neighbors: 4096},
		Timeouts:    Timeouts{TCP: 900 * time.Second, TCPFin: 120 * time.Second, UDP: 300 * time.Second},
		Persistence: Persistence{Timeout: 360 * time.Second, Extend: 120 * time.Second, RestoreTimeout: true, Spread: 1, SpreadAbove: 10},
		Scheduling:  Scheduling{Scope: "worker"},
		IPVS: IPVS{
			FTPPorts: []int{21}, AmDropRate: 10, Amemthresh: 1024, ConnReuseMode: 1, LblcExpiration: 24 * time.Hour, LblcrExpiration: 24 * time.Hour,
			PMTUDisc: true, RunEstimation: true, SNATReroute: true, SyncPorts: 1, SyncQlenMax: 5244, SyncThreshold: []int{3, 50}, SyncVersion: 1,
		},
		Control: Control{Socket: "/run/cleat/cleatd.sock"},
		Metrics: Metrics{Listen: "127.0.0.1:9469"},
		Log:     Log{Level: "info", Format: "text"},
	}
}

// elements are the defaults of what a file may hold many of.
var elements = map[reflect.Type]any{
	reflect.TypeFor[Port]():    Port{RxDescriptors: 1024, TxDescriptors: 1024},
	reflect.TypeFor[Route]():   Route{},
	reflect.TypeFor[Mark]():    Mark{},
	reflect.TypeFor[Service](): Service{Scheduler: "wlc"},
	reflect.TypeFor[Server]():  Server{Weight: 1, Forward: "nat"},
}

// defaultTimeout is what `persistent = true` is read as until complete puts persistence.timeout in its place.
const defaultTimeout Duration = -1

// complete fills in the defaults that depend on other keys.
func (c *Config) complete() {
	for i := range c.Services {
		s := &c.Services[i]
		if s.Persistent == defaultTimeout {
			s.Persistent = c.Persistence.Timeout
		}
		s.Netmask = s.Netmask.Canonical(s.Is6())
		if len(s.LocalAddresses) > 0 && s.ClientAddress == "" {
			s.ClientAddress = "toa"
			if s.Protocol() == "udp" {
				s.ClientAddress = "none"
			}
		}
		port := s.Address().Port()
		for j := range s.Servers {
			rs := &s.Servers[j]
			if rs.Address.Port() == 0 {
				rs.Address = withPort(rs.Address, port)
			}
			rs.Complete()
		}
	}
}

// Complete fills in how a tunnel is made where that is not said.
func (rs *Server) Complete() {
	if rs.Forward != "tun" {
		return
	}
	if rs.TunnelType == "" {
		rs.TunnelType = "ipip"
	}
	if rs.TunnelChecksum == "" && rs.TunnelType != "ipip" {
		rs.TunnelChecksum = "none"
	}
}
