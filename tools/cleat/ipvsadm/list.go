package ipvsadm

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"cleat/appliance/api"
)

// list prints what -L asks for (I4).
func (t *Tool) list(r *request) error {
	names := &naming{numeric: r.has(numeric)}
	switch {
	case r.has(connection):
		return t.entries(names, r.has(persistentConn))
	case r.has(daemon): // there is none
		_, err := t.Cleatd.IPVS()
		return err
	}
	state, err := t.Cleatd.IPVS()
	if err != nil {
		return err
	}
	if r.has(timeout) {
		_, err := fmt.Fprintf(t.Stdout, "Timeout (tcp tcpfin udp): %d %d %d\n", state.Timeouts.TCP, state.Timeouts.TCPFin, state.Timeouts.UDP)
		return err
	}
	services, err := t.services(!r.has(nosort))
	if err != nil {
		return err
	}
	if r.has(serviceAddress) {
		services = slices.DeleteFunc(services, func(l listed) bool { return l.ServiceID != *r.service.id() })
		if len(services) == 0 {
			return &failure{code: exitListing, text: "No such service"}
		}
	}
	w := bufio.NewWriter(t.Stdout)
	if !r.has(serviceAddress) {
		fmt.Fprintf(w, "IP Virtual Server version 1.2.1 (size=%d)\n", state.TableSize)
	}
	printServices(w, services, formatOf(r), names)
	return w.Flush()
}

// services are all services, sorted or in the kernel's order, in which the last server added comes first.
func (t *Tool) services(sorted bool) ([]listed, error) {
	all, err := t.Cleatd.Services()
	if err != nil {
		return nil, err
	}
	services := make([]listed, len(all))
	for i, s := range all {
		if services[i], err = read(s); err != nil {
			return nil, err
		}
		slices.Reverse(services[i].servers)
	}
	if sorted {
		slices.SortStableFunc(services, compareServices)
		for _, l := range services {
			slices.SortStableFunc(l.servers, compareServers)
		}
	}
	return services, nil
}

// protocolNumbers are the wire's; marks count as TCP (services.md S1.1).
var protocolNumbers = map[string]int{"tcp": 6, "udp": 17, "sctp": 132, "mark": 6}

// compareServices orders by mark, family, protocol, address and port (I4.5). Numbers of 32 bits are compared by the sign of
// their difference, as C's int has it: that is why 224.0.0.1 comes before 10.0.0.1.
func compareServices(a, b listed) int {
	if order := int32(a.Mark - b.Mark); order != 0 {
		return int(order)
	}
	family := func(l listed) int {
		if l.v6() {
			return 6
		}
		return 4
	}
	return cmp.Or(family(a)-family(b), protocolNumbers[a.Protocol]-protocolNumbers[b.Protocol], compareEndpoints(a.address, b.address))
}

func compareServers(a, b listedServer) int {
	return cmp.Or(a.address.Addr().BitLen()-b.address.Addr().BitLen(), compareEndpoints(a.address, b.address))
}

func compareEndpoints(a, b netip.AddrPort) int {
	x, y := a.Addr().AsSlice(), b.Addr().AsSlice()
	for i := 0; i+4 <= min(len(x), len(y)); i += 4 {
		if order := int32(binary.BigEndian.Uint32(x[i:]) - binary.BigEndian.Uint32(y[i:])); order != 0 {
			return int(order)
		}
	}
	return int(a.Port()) - int(b.Port())
}

// format is one of the tables (I4.2): its titles, and what follows the name on a service's and on a server's line.
type format struct {
	width         int // of a service's name
	title, second string
	service       func(*listed) string
	server        func(*listedServer) string
}

const serverTitle = "  -> RemoteAddress:Port"

// formatOf picks the table: of several wanted the first in this order.
func formatOf(r *request) format {
	plain := !r.has(exact)
	switch {
	case r.has(stats):
		return format{
			33, counterTitle("Conns", "InPkts", "OutPkts", "InBytes", "OutBytes"), serverTitle,
			func(l *listed) string { return counterCells(l.Stats, plain) },
			func(s *listedServer) string { return counterCells(s.Stats, plain) },
		}
	case r.has(rate):
		return format{
			33, counterTitle("CPS", "InPPS", "OutPPS", "InBPS", "OutBPS"), serverTitle,
			func(l *listed) string {
				return numbers(plain, l.Rates.Connections, l.Rates.InPackets, l.Rates.OutPackets, l.Rates.InBytes, l.Rates.OutBytes)
			},
			func(s *listedServer) string {
				return fmt.Sprintf(" %8d %8d %8d", s.Rates.Connections, s.Rates.InPackets, s.Rates.OutPackets) +
					numbers(plain, s.Rates.InBytes, s.Rates.OutBytes)
			},
		}
	case r.has(thresholds):
		return format{
			0, fmt.Sprintf("%-33s %-10s %-10s %-10s %-10s", serviceTitle, "Uthreshold", "Lthreshold", "ActiveConn", "InActConn"), serverTitle,
			(*listed).attributes,
			func(s *listedServer) string {
				return fmt.Sprintf(" %-10d %-10d %-10d %-10d", s.Upper, s.Lower, s.Active, s.Inactive)
			},
		}
	case r.has(persistentConn):
		return format{
			0, fmt.Sprintf("%-33s %-9s %-11s %-10s %-10s", serviceTitle, "Weight", "PersistConn", "ActiveConn", "InActConn"), serverTitle,
			(*listed).attributes,
			func(s *listedServer) string {
				return fmt.Sprintf(" %-9d %-11d %-10d %-10d", s.Weight, s.Persistent, s.Active, s.Inactive)
			},
		}
	case r.has(tunInfo):
		return format{
			0, serviceTitle + " Scheduler Flags", serverTitle + "           Forward TunnelInfo    Weight ActiveConn InActConn",
			(*listed).attributes,
			func(s *listedServer) string {
				return fmt.Sprintf(" %-7s %-13s %-6d %-10d %-10d", forwardWord(s.Forward), s.tunnel(), s.Weight, s.Active, s.Inactive)
			},
		}
	}
	return format{
		0, serviceTitle + " Scheduler Flags", serverTitle + "           Forward Weight ActiveConn InActConn",
		(*listed).attributes,
		func(s *listedServer) string {
			return fmt.Sprintf(" %-7s %-6d %-10d %-10d", forwardWord(s.Forward), s.Weight, s.Active, s.Inactive)
		},
	}
}

const serviceTitle = "Prot LocalAddress:Port"

func counterTitle(titles ...string) string {
	line := fmt.Sprintf("%-33s", serviceTitle)
	for _, title := range titles {
		line += fmt.Sprintf(" %8s", title)
	}
	return line
}

func printServices(w io.Writer, services []listed, f format, names *naming) {
	fmt.Fprintf(w, "%s\n%s\n", f.title, f.second)
	for i := range services {
		l := &services[i]
		fmt.Fprintf(w, "%-*s%s\n", f.width, l.name(names), f.service(l))
		for j := range l.servers {
			s := &l.servers[j]
			fmt.Fprintf(w, "  -> %-28s%s\n", s.name(names, l), f.server(s))
		}
	}
}

// attributes is " rr (flags) persistent 300 mask 255.255.255.0 pe sip ops".
func (l *listed) attributes() string {
	line := " " + l.Scheduler
	if flags, set := l.schedFlags(); set {
		line += " (" + flags + ")"
	}
	if l.Persistent > 0 {
		line += fmt.Sprintf(" persistent %d", l.Persistent)
		if l.isMask() {
			line += " mask " + l.Netmask
		}
		if l.Engine != "" {
			line += " pe " + l.Engine
		}
	}
	if l.OnePacket {
		line += " ops"
	}
	return line
}

var forwardWords = map[string]string{"nat": "Masq", "dr": "Route", "tun": "Tunnel", "local": "Local", "fullnat": "FullNat"}

func forwardWord(method string) string { return cmp.Or(forwardWords[method], method) }

// tunnel is "gue:6080:-c", "gre:+c" or "ipip".
func (s *listedServer) tunnel() string {
	if s.Forward != "tun" {
		return "n/a"
	}
	checksum := map[string]string{"csum": "+c", "remcsum": "r+c"}[s.TunnelChecksum]
	switch checksum = cmp.Or(checksum, "-c"); s.TunnelType {
	case "gue":
		return fmt.Sprintf("gue:%d:%s", s.TunnelPort, checksum)
	case "gre":
		return "gre:" + checksum
	}
	return "ipip"
}

func counterCells(c api.Counters, plain bool) string {
	return numbers(plain, c.Connections, c.InPackets, c.OutPackets, c.InBytes, c.OutBytes)
}

// numbers writes a blank and eight digits each; longer ones in thousands and so on, or (exact) as they are (I4.3).
func numbers(short bool, values ...uint64) (cells string) {
	for _, n := range values {
		switch {
		case !short || n < 1e8:
			cells += fmt.Sprintf(" %8d", n)
		case n < 1e9:
			cells += fmt.Sprintf(" %7dK", n/1e3)
		case n < 1e11:
			cells += fmt.Sprintf(" %7dM", n/1e6)
		case n < 1e14:
			cells += fmt.Sprintf(" %7dG", n/1e9)
		default:
			cells += fmt.Sprintf(" %7dT", n/1e12)
		}
	}
	return cells
}
