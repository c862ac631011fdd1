package conf

import (
	"reflect"
	"time"
)

// Default returns the configuration that an empty file stands for. It lacks what has no default: lcores and ports.
func Default() *Config {
	return &Config{
		DPDK:        DPDK{Hugepages: "auto", Mbufs: 16384, FilePrefix: "cleat"},
		Workers:     Workers{Idle: "poll", IdleAfter: 1000, IdleSleep: 100 * time.Microsecond},
		Network:     Network{Forward: true, AnswerRate: 1000, NeighborReachable: 30 * time.Second, SteeringPrefix4: 32},
		Tables:      Tables{Connections: 1_000_000, Templates: 1_000_000, Connections6: 250_000, Templates6: 250_000, Services: 4096, RealServers: 16384, Neighbors: 4096},
		Timeouts:    Timeouts{TCP: 900 * time.Second, TCPFin: 120 * time.Second, UDP: 300 * time.Second},
		Persistence: Persistence{Timeout: 360 * time.Second, Extend: 120 * time.Second, RestoreTimeout: true},
		IPVS:        IPVS{ConnReuseMode: 1, LblcExpiration: 24 * time.Hour, LblcrExpiration: 24 * time.Hour},
		Control:     Control{Socket: "/run/cleat/cleatd.sock"},
		Metrics:     Metrics{Listen: "127.0.0.1:9469"},
		Log:         Log{Level: "info", Format: "text"},
	}
}

// elements are the defaults of what a file may hold many of.
var elements = map[reflect.Type]any{
	reflect.TypeFor[Port]():    Port{RxDescriptors: 1024, TxDescriptors: 1024},
	reflect.TypeFor[Route]():   Route{},
	reflect.TypeFor[Mark]():    Mark{},
	reflect.TypeFor[Service](): Service{Scheduler: "wlc", Netmask: 32},
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
		port := max(s.TCP.Port(), s.UDP.Port()) // one of them is 0
		for j := range s.Servers {
			if rs := &s.Servers[j]; rs.Address.Port() == 0 {
				rs.Address = withPort(rs.Address, port)
			}
		}
	}
}
