package ipvsadm

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// hertz is the rate of the ticks in which /proc/net/ip_vs gives persistence timeouts: that of distributions' kernels.
const hertz = 250

var procTexts = map[string]func(*Tool, io.Writer) error{
	"ip_vs":           (*Tool).procServices,
	"ip_vs_conn":      func(t *Tool, w io.Writer) error { return t.procEntries(w, false) },
	"ip_vs_conn_sync": func(t *Tool, w io.Writer) error { return t.procEntries(w, true) },
	"ip_vs_stats":     (*Tool).procStats,
}

// ProcNames are the files of /proc/net that Proc knows, sorted.
func ProcNames() []string { return slices.Sorted(maps.Keys(procTexts)) }

// Proc prints the text that the kernel has in /proc/net under that name, which is one of ProcNames.
func (t *Tool) Proc(name string) error {
	w := bufio.NewWriter(t.Stdout)
	if err := procTexts[name](t, w); err != nil {
		return err
	}
	return w.Flush()
}

// procServices is the kernel's table: addresses and marks in hexadecimal, the server added last first.
func (t *Tool) procServices(w io.Writer) error {
	state, err := t.Cleatd.IPVS()
	if err != nil {
		return err
	}
	services, err := t.services(false)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "IP Virtual Server version 1.2.1 (size=%d)\n", state.TableSize)
	fmt.Fprint(w, "Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n")
	for i := range services {
		l := &services[i]
		fmt.Fprintln(w, l.hexLine())
		for _, s := range l.servers {
			fmt.Fprintf(w, "  -> %s      %-7s %-6d %-10d %-10d\n", hexEndpoint(s.address), forwardWord(s.Forward), s.Weight, s.Active, s.Inactive)
		}
	}
	return nil
}

// hexLine is a service's line: the kernel leaves the word ops out of those of IPv6 addresses.
func (l *listed) hexLine() string {
	once := ""
	if l.OnePacket {
		once = "ops "
	}
	var line string
	switch {
	case l.Protocol == "mark":
		line = fmt.Sprintf("FWM  %08X %s %s", l.Mark, l.Scheduler, once)
	case l.v6():
		line = fmt.Sprintf("%s  %s %s ", strings.ToUpper(l.Protocol), hexEndpoint(l.address), l.Scheduler)
	default:
		line = fmt.Sprintf("%s  %s %s %s ", strings.ToUpper(l.Protocol), hexEndpoint(l.address), l.Scheduler, once)
	}
	if l.Persistent > 0 {
		line += fmt.Sprintf("persistent %d %08X", l.Persistent*hertz, l.hexMask())
	}
	return line
}

// hexMask is the netmask as one number; of IPv6 the prefix length, which the kernel prints with its bytes reversed.
func (l *listed) hexMask() uint32 {
	if l.v6() {
		length := uint32(128)
		if l.isMask() {
			fmt.Sscan(l.Netmask, &length)
		}
		return length << 24
	}
	if mask, err := netip.ParseAddr(l.Netmask); err == nil && mask.Is4() {
		b := mask.As4()
		return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	}
	return 1<<32 - 1
}

func hexEndpoint(a netip.AddrPort) string {
	if a.Addr().Is6() {
		return fmt.Sprintf("[%s]:%04X", a.Addr().StringExpanded(), a.Port())
	}
	return fmt.Sprintf("%s:%04X", hexAddress(a.Addr()), a.Port())
}

// hexAddress is AC100001, or fd00:0000:… in full.
func hexAddress(ip netip.Addr) string {
	if ip.Is6() {
		return ip.StringExpanded()
	}
	return fmt.Sprintf("%X", ip.AsSlice())
}

// procEntries are connections and templates; synced adds where each comes from, and leaves out the engines' data.
func (t *Tool) procEntries(w io.Writer, synced bool) error {
	title := "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n"
	if synced {
		title = "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires\n"
	}
	fmt.Fprint(w, title)
	return t.eachEntry(func(e *entry) error {
		_, err := fmt.Fprintf(w, "%-3s %s %04X %s %04X %s %04X %-11s ", strings.ToUpper(e.protocol), hexAddress(e.client.Addr()), e.client.Port(),
			hexAddress(e.virtual.Addr()), e.virtual.Port(), hexAddress(e.server.Addr()), e.server.Port(), e.state)
		if err != nil {
			return err
		}
		switch {
		case synced:
			fmt.Fprintf(w, "%-6s %7d\n", "LOCAL", e.seconds)
		case e.engine != "":
			fmt.Fprintf(w, "%7d %s %s\n", e.seconds, e.engine, e.data)
		default:
			fmt.Fprintf(w, "%7d\n", e.seconds)
		}
		return nil
	})
}

// procStats are the counters and rates of all services together, in hexadecimal.
func (t *Tool) procStats(w io.Writer) error {
	state, err := t.Cleatd.IPVS()
	if err != nil {
		return err
	}
	const line = "%8X %8X %8X %16X %16X\n"
	c, r := state.Stats, state.Rates
	fmt.Fprint(w, "   Total Incoming Outgoing         Incoming         Outgoing\n")
	fmt.Fprint(w, "   Conns  Packets  Packets            Bytes            Bytes\n")
	fmt.Fprintf(w, line, c.Connections, c.InPackets, c.OutPackets, c.InBytes, c.OutBytes)
	fmt.Fprint(w, "\n Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n")
	fmt.Fprintf(w, line, r.Connections, r.InPackets, r.OutPackets, r.InBytes, r.OutBytes)
	return nil
}
