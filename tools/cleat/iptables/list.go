package iptables

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"

	"cleat/appliance/api"
)

// chains of the mangle table: the others are empty here.
var chains = []string{chain, "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}

func (c *command) shown() []string {
	if c.chained {
		return chains[:1]
	}
	return chains
}

// save prints the rules as commands.
func (c *command) save(w io.Writer, rules []api.MarkRule) error {
	for _, name := range c.shown() {
		if _, err := fmt.Fprintf(w, "-P %s ACCEPT\n", name); err != nil {
			return err
		}
	}
	for i := range rules {
		if _, err := fmt.Fprintf(w, "-A %s %s\n", chain, words(&rules[i])); err != nil {
			return err
		}
	}
	return nil
}

// words writes a rule as iptables -S does.
func words(r *api.MarkRule) string {
	var out []string
	add := func(option, value string) {
		if value != "" {
			out = append(out, option, value)
		}
	}
	add("-s", r.Source)
	add("-d", r.Destination)
	add("-p", r.Protocol)
	own, several := portMatches(r)
	if len(own) > 0 {
		add("-m", r.Protocol)
	}
	for _, m := range own {
		add("--"+m.end+"port", m.text)
	}
	for _, m := range several {
		add("-m multiport --"+m.end+"ports", m.text)
	}
	add("-j MARK --set-xmark", fmt.Sprintf("0x%x/0x%x", r.Mark, r.Mask))
	return strings.Join(out, " ")
}

// portMatch is a condition on ports: end is "s", "d", or nothing for either.
type portMatch struct{ end, text string }

// portMatches splits the conditions on ports into those of the protocol's own match, which takes one port or range an end, and those of multiport.
func portMatches(r *api.MarkRule) (own, several []portMatch) {
	for _, m := range []struct {
		end  string
		list []string
	}{{"s", r.SourcePorts}, {"d", r.Ports}, {"", r.AnyPorts}} {
		match := portMatch{m.end, strings.ReplaceAll(strings.Join(m.list, ","), "-", ":")}
		switch {
		case len(m.list) == 1 && m.end != "":
			own = append(own, match)
		case len(m.list) > 0:
			several = append(several, match)
		}
	}
	return own, several
}

// list prints the rules as a table. Packets are not counted by rule.
func (c *command) list(w io.Writer, rules []api.MarkRule) error {
	for i, name := range c.shown() {
		if i > 0 {
			fmt.Fprintln(w)
		}
		counts, columns := "", "target     prot opt source               destination         "
		if c.verbose {
			counts, columns = " 0 packets, 0 bytes", " pkts bytes target     prot opt in     out     source               destination         "
		}
		if c.lineNumbers {
			columns = "num  " + columns
		}
		if _, err := fmt.Fprintf(w, "Chain %s (policy ACCEPT%s)\n%s\n", name, counts, columns); err != nil {
			return err
		}
		if name != chain {
			continue
		}
		for n := range rules {
			if _, err := fmt.Fprintln(w, c.row(n+1, &rules[n])); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *command) row(n int, r *api.MarkRule) string {
	prefix := ""
	if c.lineNumbers {
		prefix = fmt.Sprintf("%-4d ", n)
	}
	interfaces := ""
	if c.verbose {
		prefix += "    0     0 "
		interfaces = "any    any     "
		if c.numeric {
			interfaces = "*      *       "
		}
	}
	return prefix + fmt.Sprintf("%-10s %-4s --  %s%-20s %-20s %s", "MARK", c.protocol(r.Protocol), interfaces, c.address(r.Source), c.address(r.Destination), c.details(r))
}

var protocolOf = map[string]string{"tcp": "6", "udp": "17", "sctp": "132", "": "0"}

func (c *command) protocol(name string) string {
	switch {
	case c.numeric:
		return protocolOf[name]
	case name == "":
		return "all"
	}
	return name
}

// address is a prefix as a column of the table.
func (c *command) address(prefix string) string {
	p, err := netip.ParsePrefix(prefix)
	switch {
	case err != nil && !c.numeric:
		return "anywhere"
	case err != nil && c.ipv6:
		return "::/0"
	case err != nil:
		return "0.0.0.0/0"
	case !p.IsSingleIP():
		return p.String()
	case !c.numeric:
		if names, err := net.LookupAddr(p.Addr().String()); err == nil && len(names) > 0 {
			return strings.TrimSuffix(names[0], ".")
		}
	}
	return p.Addr().String()
}

// details are the ports and the mark.
func (c *command) details(r *api.MarkRule) string {
	var out []string
	own, several := portMatches(r)
	if len(own) > 0 {
		out = append(out, r.Protocol)
	}
	for _, m := range own {
		name := m.end + "pt:"
		if strings.Contains(m.text, ":") {
			name = m.end + "pts:"
		}
		out = append(out, name+m.text)
	}
	for _, m := range several {
		out = append(out, "multiport", m.end+"ports", m.text)
	}
	return strings.Join(append(out, markText(r)), " ")
}

// markText says what a rule does to the mark, in the first of iptables' forms that fits.
func markText(r *api.MarkRule) string {
	switch {
	case r.Mark == 0:
		return fmt.Sprintf("MARK and 0x%x", ^r.Mask)
	case r.Mark == r.Mask:
		return fmt.Sprintf("MARK or 0x%x", r.Mark)
	case r.Mask == 0:
		return fmt.Sprintf("MARK xor 0x%x", r.Mark)
	case r.Mask == ^uint32(0):
		return fmt.Sprintf("MARK set 0x%x", r.Mark)
	}
	return fmt.Sprintf("MARK xset 0x%x/0x%x", r.Mark, r.Mask)
}
