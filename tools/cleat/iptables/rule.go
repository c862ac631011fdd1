package iptables

import (
	"fmt"
	"math/bits"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"cleat/appliance/api"
)

// rule is what the options of a rule have said so far.
type rule struct {
	ipv6                         bool
	protocol                     string
	source, destination          netip.Prefix
	sourcePorts, ports, anyPorts []string
	portOption                   string // the last one, for the error
	marked                       bool
	mark, mask                   uint32
}

// settings are the options with a value that describe a rule, and -t.
var settings = map[string]func(p *parser, option, value string) error{}

func init() { // set here, since option refers to it
	add := func(set func(p *parser, option, value string) error, names ...string) {
		for _, name := range names {
			settings[name] = func(p *parser, option, value string) error {
				p.ruled = true
				return set(p, option, value)
			}
		}
	}
	add((*parser).protocol, "-p", "--protocol", "--proto")
	add(func(p *parser, _, v string) (err error) { p.rule.source, err = prefix(v, p.ipv6); return }, "-s", "--source", "--src")
	add(func(p *parser, _, v string) (err error) { p.rule.destination, err = prefix(v, p.ipv6); return }, "-d", "--destination", "--dst")
	add((*parser).match, "-m", "--match")
	add(func(p *parser, o, v string) error { return p.rule.setPorts(&p.rule.sourcePorts, o, v, 1) }, "--sport", "--source-port")
	add(func(p *parser, o, v string) error { return p.rule.setPorts(&p.rule.ports, o, v, 1) }, "--dport", "--destination-port")
	add(func(p *parser, o, v string) error { return p.rule.setPorts(&p.rule.sourcePorts, o, v, 15) }, "--sports", "--source-ports")
	add(func(p *parser, o, v string) error { return p.rule.setPorts(&p.rule.ports, o, v, 15) }, "--dports", "--destination-ports")
	add(func(p *parser, o, v string) error { return p.rule.setPorts(&p.rule.anyPorts, o, v, 15) }, "--ports")
	add((*parser).jump, "-j", "--jump")
	add((*parser).setMark, "--set-mark", "--set-xmark", "--and-mark", "--or-mark", "--xor-mark")
	settings["-t"] = func(p *parser, _, value string) error { p.table = value; return nil }
	settings["--table"] = settings["-t"]
}

func (p *parser) match(_, name string) error {
	switch name {
	case "tcp", "udp", "sctp", "multiport":
		return nil
	}
	return fmt.Errorf("match %s: cleat knows -m multiport, and tcp, udp and sctp, which -p implies", name)
}

func (p *parser) jump(_, target string) error {
	if target != "MARK" {
		return fmt.Errorf("target %s: cleat knows -j MARK, and nothing else is needed for a firewall mark service", target)
	}
	p.target = target
	return nil
}

// setMark reads VALUE[/MASK] into the form of --set-xmark.
func (p *parser) setMark(option, value string) error {
	v, m, masked := strings.Cut(value, "/")
	mark, err := strconv.ParseUint(v, 0, 32)
	mask := uint64(1<<32 - 1)
	if masked && err == nil {
		mask, err = strconv.ParseUint(m, 0, 32)
	}
	if err != nil || masked && option != "--set-mark" && option != "--set-xmark" {
		return fmt.Errorf("MARK: bad value for option \"%s\": %q is not a number up to 0xffffffff, or two with a / between for --set-mark and --set-xmark", option, value)
	}
	if p.rule.marked {
		return fmt.Errorf("MARK: one mark a rule")
	}
	r := &p.rule
	r.marked, r.mark, r.mask = true, uint32(mark), uint32(mask)
	switch option {
	case "--set-mark":
		r.mask |= r.mark
	case "--and-mark":
		r.mark, r.mask = 0, ^r.mark
	case "--or-mark":
		r.mask = r.mark
	case "--xor-mark":
		r.mask = 0
	}
	return nil
}

// prefix reads ADDRESS[/LENGTH] or ADDRESS/MASK, or the name of a host with one address.
func prefix(s string, ipv6 bool) (netip.Prefix, error) {
	host, length, masked := strings.Cut(s, "/")
	addr, err := netip.ParseAddr(host)
	if err != nil {
		addr, err = lookup(host, ipv6)
	}
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("host/network `%s' not found", s)
	}
	if addr.Is4() == ipv6 {
		return netip.Prefix{}, fmt.Errorf("%s: iptables is for IPv4, ip6tables for IPv6", s)
	}
	n := addr.BitLen()
	if masked {
		if n, err = prefixLen(length, addr.BitLen()); err != nil {
			return netip.Prefix{}, fmt.Errorf("%s: %w", s, err)
		}
	}
	return netip.PrefixFrom(addr, n).Masked(), nil
}

func lookup(host string, ipv6 bool) (netip.Addr, error) {
	ips, err := net.LookupIP(host)
	for _, ip := range ips {
		if addr, _ := netip.AddrFromSlice(ip); addr.Unmap().Is4() != ipv6 {
			return addr.Unmap(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no address of this family: %w", err)
}

func prefixLen(s string, size int) (int, error) {
	if mask, err := netip.ParseAddr(s); err == nil && mask.Is4() && size == 32 {
		b := mask.As4()
		m := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
		n := bits.LeadingZeros32(^m)
		if m != ^uint32(0)<<(32-n) && n != 32 {
			return 0, fmt.Errorf("mask %s is no prefix, cleat takes prefixes", s)
		}
		return n, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > size {
		return 0, fmt.Errorf("invalid mask `%s' specified", s)
	}
	return n, nil
}

// setPorts reads up to most ports or ranges: names or numbers, with a colon between first and last.
func (r *rule) setPorts(list *[]string, option, value string, most int) error {
	if *list != nil {
		return fmt.Errorf("%s: ports of this kind were given already", option)
	}
	words := strings.Split(value, ",")
	if len(words) > most {
		return fmt.Errorf("%s %s: %d at most; -m multiport takes 15", option, value, most)
	}
	for _, word := range words {
		first, last, ranged := strings.Cut(word, ":")
		a, err := port(first, 0)
		b := a
		if ranged && err == nil {
			b, err = port(last, 65535)
		}
		if err != nil {
			return err
		}
		if a > b {
			return fmt.Errorf("invalid portrange (min > max): %s", word)
		}
		text := strconv.Itoa(a)
		if a != b {
			text += "-" + strconv.Itoa(b)
		}
		*list = append(*list, text)
	}
	r.portOption = option
	return nil
}

// port reads a number or a service's name; nothing, beside a colon, is the end of the range.
func port(s string, empty int) (int, error) {
	if s == "" {
		return empty, nil
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err == nil {
		return int(n), nil
	}
	if named, err := net.LookupPort("tcp", s); err == nil && s[0] > '9' {
		return named, nil
	}
	return 0, fmt.Errorf("invalid port/service `%s' specified", s)
}

// api is the rule as cleatd takes it.
func (r *rule) api() (*api.MarkRule, error) {
	if r.portOption != "" && r.protocol == "" {
		return nil, fmt.Errorf("%s needs -p tcp, -p udp or -p sctp", r.portOption)
	}
	if !r.marked {
		return nil, fmt.Errorf("MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required")
	}
	out := &api.MarkRule{
		Protocol: r.protocol, SourcePorts: r.sourcePorts, Ports: r.ports, AnyPorts: r.anyPorts, Mark: r.mark, Mask: r.mask,
	}
	if r.source.Bits() > 0 {
		out.Source = r.source.String()
	}
	if r.destination.Bits() > 0 {
		out.Destination = r.destination.String()
	}
	return out, nil
}
