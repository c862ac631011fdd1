package conf

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// restartKeys are the keys, and the tables of keys, that are read once, when cleatd starts.
var restartKeys = []string{
	"dpdk", "workers", "tables", "control", "metrics", "log.format", "network.steering_prefix4", "network.steering_prefix6", "scheduling",
	"port.name", "port.device", "port.vdev", "port.mtu", "port.rx_descriptors", "port.tx_descriptors",
}

// needsRestart reports whether a reload cannot change key.
func needsRestart(key string) bool {
	return slices.ContainsFunc(restartKeys, func(k string) bool {
		return key == k || strings.HasPrefix(key, k+".")
	})
}

// Compare tells what is different in new, one line each: changes are what a reload brings about ("service tcp
// 10.0.0.1:80: server 10.9.0.12:80 weight 1 -> 2"), restart is what only a new start of cleatd brings about
// ("workers.lcores 1 -> 1, 2"). The order of services, servers, ports and routes means nothing to a reload.
func Compare(old, new *Config) (changes, restart []string) {
	var c comparison
	c.fields("", "", reflect.ValueOf(*old), reflect.ValueOf(*new))
	named(&c, "port.name", "port ", old.Ports, new.Ports, func(p *Port) string { return p.Name },
		func(label string, a, b *Port) { c.fields("port", label, reflect.ValueOf(*a), reflect.ValueOf(*b)) })
	named(&c, "network.route", "route ", old.Network.Routes, new.Network.Routes, (*Route).String, nil)
	c.marks(old.Marks, new.Marks)
	named(&c, "service", "service ", old.Services, new.Services, (*Service).Name, c.service)
	return c.changes, c.restart
}

type comparison struct{ changes, restart []string }

// note keeps one line about key.
func (c *comparison) note(key, format string, args ...any) {
	to := &c.changes
	if needsRestart(key) {
		to = &c.restart
	}
	*to = append(*to, fmt.Sprintf(format, args...))
}

// fields compares two structs of one type but for their arrays of tables; label stands before every line.
func (c *comparison) fields(table, label string, old, new reflect.Value) {
	for i, k := range keysOf(old.Type()) {
		key, a, b := join(table, k), old.Field(i), new.Field(i)
		switch {
		case isTable(key, a.Type()) && a.Kind() == reflect.Slice: // compared by name
		case isTable(key, a.Type()):
			c.fields(key, key+".", a, b)
		case literal(key, a) != literal(key, b):
			c.note(key, "%s%s %s -> %s", label, k, show(key, a), show(key, b))
		}
	}
}

// show returns a value, or an array of them, in plain words.
func show(key string, v reflect.Value) string {
	if k, ok := kindOf(key, v.Type()); ok {
		if v.IsZero() && k.quoted {
			return "none"
		}
		return k.text(v.Interface())
	}
	if v.Len() == 0 {
		return "none"
	}
	k, _ := kindOf(key, v.Type().Elem())
	parts := make([]string, v.Len())
	for i := range parts {
		parts[i] = k.text(v.Index(i).Interface())
	}
	return strings.Join(parts, ", ")
}

// named compares two lists of things that have names: what went, what came, and with both what is in each.
func named[T any](c *comparison, key, label string, old, new []T, name func(*T) string, both func(label string, a, b *T)) {
	before := map[string]*T{}
	for i := range old {
		before[name(&old[i])] = &old[i]
	}
	after := map[string]bool{}
	for i := range new {
		after[name(&new[i])] = true
	}
	for i := range old {
		if n := name(&old[i]); !after[n] {
			c.note(key, "%s%s removed", label, n)
		}
	}
	for i := range new {
		n := name(&new[i])
		if a := before[n]; a == nil {
			c.note(key, "%s%s added", label, n)
		} else if both != nil {
			both(label+n+": ", a, &new[i])
		}
	}
}

func (c *comparison) service(label string, old, new *Service) {
	c.fields("service", label, reflect.ValueOf(*old), reflect.ValueOf(*new))
	named(c, "service.server", label+"server ", old.Servers, new.Servers,
		func(rs *Server) string { return formatServer(rs.Address) },
		func(label string, a, b *Server) {
			label = strings.TrimSuffix(label, ": ") + " "
			c.fields("service.server", label, reflect.ValueOf(*a), reflect.ValueOf(*b))
		})
}

// marks compares the rules; among those that stay, the order counts, since the first that fits decides.
func (c *comparison) marks(old, new []Mark) {
	named(c, "mark", "rule ", old, new, (*Mark).String, nil)
	stay := func(rules, others []Mark) (kept []string) {
		for _, m := range rules {
			if slices.ContainsFunc(others, func(o Mark) bool { return o.String() == m.String() }) {
				kept = append(kept, m.String())
			}
		}
		return kept
	}
	if !slices.Equal(stay(old, new), stay(new, old)) {
		c.note("mark", "rules in another order")
	}
}

// String returns "172.16.0.0/12 via 10.8.0.2".
func (r *Route) String() string { return fmt.Sprintf("%s via %s", r.To, r.Via) }
