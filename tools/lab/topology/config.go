package topology

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Config is a configuration of cleatd as the file has it, by key: what the file does not say stays unsaid.
type Config map[string]any

// ReadConfig reads a file, such as one of conf/examples.
func ReadConfig(file string) (Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	config := Config{}
	if _, err := toml.Decode(string(text), &config); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return config, nil
}

// table is a copy of the table key of the file, empty if there is none.
func (c Config) table(key string) map[string]any {
	t, _ := c[key].(map[string]any)
	if t == nil {
		return map[string]any{}
	}
	return maps.Clone(t)
}

// tables are copies of the tables of the array key.
func tables(of map[string]any, key string) []map[string]any {
	var list []map[string]any
	ts, _ := of[key].([]map[string]any)
	for _, t := range ts {
		list = append(list, maps.Clone(t))
	}
	return list
}

// With is a copy in which table.key is value.
func (c Config) With(table, key string, value any) Config {
	c = maps.Clone(c)
	t := c.table(table)
	t[key] = value
	c[table] = t
	return c
}

// WithWeights is a copy in which the real servers of every service have these weights, in the file's order.
func (c Config) WithWeights(weights ...int) Config {
	c = maps.Clone(c)
	services := tables(c, "service")
	for _, s := range services {
		servers := tables(s, "server")
		for i, rs := range servers {
			rs["weight"] = weights[i%len(weights)]
		}
		s["server"] = servers
	}
	c["service"] = services
	return c
}

// fit is a copy with what must be this lab's own: socket, file prefix, metrics in the director's namespace, ports.
func (c Config) fit(l *Lab, socket string) Config {
	c = c.With("control", "socket", socket).
		With("dpdk", "file_prefix", fmt.Sprintf("cleat-lab-%d", l.ID)).
		With("metrics", "listen", MetricsAddress)
	if lcores, ok := c.table("workers")["lcores"].([]any); ok && slices.ContainsFunc(lcores, missing) {
		c = c.With("workers", "lcores", []any{0})
	}
	if l.options.AFXDP {
		ports := tables(c, "port")
		for _, p := range ports {
			useAFXDP(p)
		}
		c["port"] = ports
	}
	return c
}

// MetricsAddress is where cleatd serves Prometheus, in the namespace dir.
const MetricsAddress = "127.0.0.1:9100"

// missing says whether this machine has no such CPU.
func missing(lcore any) bool {
	n, ok := lcore.(int64)
	return ok && n >= int64(runtime.NumCPU())
}

// useAFXDP turns a port's net_af_packet device into one of net_af_xdp on the same interface.
func useAFXDP(port map[string]any) {
	device, _ := port["device"].(string)
	vdev, _ := port["vdev"].(string)
	port["device"] = strings.Replace(device, "net_af_packet", "net_af_xdp", 1)
	for _, argument := range strings.Split(vdev, ",") {
		if strings.HasPrefix(argument, "iface=") {
			port["vdev"] = argument
		}
	}
}

func (c Config) write(file string) error {
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(map[string]any(c)); err != nil {
		return err
	}
	return os.WriteFile(file, text.Bytes(), 0o644)
}
