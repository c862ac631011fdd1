package ipvsadm

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// patience is how long the name service may take over one name. One that is slow once is not asked again.
const patience = 3 * time.Second

// portEntry is a name of a port in a protocol.
type portEntry struct {
	name, protocol string
	port           uint16
}

// Where names come from: the machine's, but for tests.
var (
	servicesFile = "/etc/services"
	resolver     = net.DefaultResolver
)

// ports are the services file, in its order: aliases follow the name they belong to.
var ports = readPortsOnce()

func readPortsOnce() func() []portEntry {
	return sync.OnceValue(func() []portEntry {
		text, _ := os.ReadFile(servicesFile) // without it there are no names
		return parsePorts(string(text))
	})
}

// parsePorts reads lines of "name port/protocol aliases… # comment".
func parsePorts(text string) (entries []portEntry) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		digits, protocol, _ := strings.Cut(fields[1], "/")
		port, err := strconv.ParseUint(digits, 10, 16)
		if err != nil {
			continue
		}
		for _, name := range append(fields[:1], fields[2:]...) {
			entries = append(entries, portEntry{name, protocol, uint16(port)})
		}
	}
	return entries
}

// portByName finds a port of a service's protocol; a mark counts as TCP (services.md S1.1).
func portByName(name, protocol string) (uint16, bool) {
	if protocol == "mark" {
		protocol = "tcp"
	}
	for _, e := range ports() {
		if e.name == name && e.protocol == protocol {
			return e.port, true
		}
	}
	return 0, false
}

// portName is a port's first name in the protocol, else its number.
func portName(port uint16, protocol string) string {
	for _, e := range ports() {
		if e.port == port && e.protocol == protocol {
			return e.name
		}
	}
	return strconv.Itoa(int(port))
}

// lookUpHost finds a host's first IPv4 address.
func lookUpHost(name string) (netip.Addr, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	found, err := resolver.LookupNetIP(ctx, "ip4", name)
	if err != nil || len(found) == 0 {
		return netip.Addr{}, false
	}
	return found[0].Unmap(), true
}

// hosts finds names of addresses and keeps what it has found.
type hosts struct {
	names map[netip.Addr]string
	slow  bool // the name service did not answer in time
}

// name is a host's name, else its address.
func (h *hosts) name(ip netip.Addr) string {
	if name, ok := h.names[ip]; ok {
		return name
	}
	name := ip.String()
	if !h.slow {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if found, err := resolver.LookupAddr(ctx, name); err == nil && len(found) > 0 {
			name = strings.TrimSuffix(found[0], ".")
		}
		h.slow = ctx.Err() != nil
	}
	if h.names == nil {
		h.names = map[netip.Addr]string{}
	}
	h.names[ip] = name
	return name
}
