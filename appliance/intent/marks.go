package intent

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"cleat/appliance/api"
	"cleat/conf"
)

// marks are the rules as the operator has left them. In conf's order the first rule that fits decides, in iptables' chains the last one
// does: a chain is what conf has of its family, in reverse.
type marks struct {
	rules []markRule
	gone  []string // rules of the file that were deleted, as Mark.String has them
}

// markRule is a rule; own ones the operator has made, the others are the file's.
type markRule struct {
	own bool
	conf.Mark
}

// merge returns the rules that there are to be. What the file has in addition to what the operator saw of it stands behind all others.
func (m *marks) merge(file []conf.Mark) []conf.Mark {
	if m == nil {
		return file
	}
	var all []conf.Mark
	left := chained(file)
	for _, r := range m.rules {
		at := slices.IndexFunc(left, func(f conf.Mark) bool { return f.String() == r.String() })
		if !r.own && at < 0 {
			continue
		}
		all = append(all, r.Mark)
		if !r.own {
			left = slices.Delete(left, at, at+1)
		}
	}
	return append(all, slices.DeleteFunc(left, func(f conf.Mark) bool { return slices.Contains(m.gone, f.String()) })...)
}

// chained is the file's rules as iptables has them: of one family each, and with one protocol where there are ports.
func chained(file []conf.Mark) (rules []conf.Mark) {
	for _, m := range file {
		for _, ipv6 := range m.Families() {
			of := m
			if !of.Destination.IsValid() {
				of.Destination = anywhere(ipv6)
			}
			if of.Protocol != "" || len(of.Ports)+len(of.SourcePorts)+len(of.AnyPorts) == 0 {
				rules = append(rules, of)
				continue
			}
			for _, protocol := range []string{"tcp", "udp", "sctp"} {
				of.Protocol = protocol
				rules = append(rules, of)
			}
		}
	}
	return rules
}

func anywhere(ipv6 bool) netip.Prefix {
	if ipv6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// edited is what the operator starts from: all rules as they are.
func (i *Intent) edited() *marks {
	m := &marks{}
	if i.operator.marks != nil {
		m.gone = slices.Clone(i.operator.marks.gone)
	}
	file := chained(i.file.Marks)
	for _, rule := range chained(i.wanted.Marks) {
		own := !slices.ContainsFunc(file, func(f conf.Mark) bool { return f.String() == rule.String() })
		m.rules = append(m.rules, markRule{own, rule})
	}
	return m
}

// Marks returns the chains of both families.
func (i *Intent) Marks() api.Marks {
	all := api.Marks{IPv4: []api.MarkRule{}, IPv6: []api.MarkRule{}}
	rules := chained(i.wanted.Marks)
	slices.Reverse(rules)
	for _, m := range rules {
		list := &all.IPv4
		if m.Families()[0] {
			list = &all.IPv6
		}
		*list = append(*list, told(&m))
	}
	return all
}

// told is a rule as the API has it.
func told(m *conf.Mark) api.MarkRule {
	prefix := func(p netip.Prefix) string {
		if p.Bits() <= 0 {
			return ""
		}
		return p.String()
	}
	ports := func(list []conf.PortRange) (words []string) {
		for _, p := range list {
			words = append(words, p.String())
		}
		return words
	}
	return api.MarkRule{
		Protocol: m.Protocol, Source: prefix(m.Source), Destination: prefix(m.Destination),
		SourcePorts: ports(m.SourcePorts), Ports: ports(m.Ports), AnyPorts: ports(m.AnyPorts), Mark: m.Mark, Mask: ^m.Keep,
	}
}

// Mark returns the intent after a command to a chain; an *api.Problem says why it changes nothing.
func (i *Intent) Mark(c *api.MarkCommand) (*Intent, error) {
	var rule conf.Mark
	if c.Rule != nil {
		var err error
		if rule, err = marking(c.Rule, c.IPv6); err != nil {
			return nil, err
		}
	}
	m := i.edited()
	chain := m.chain(c.IPv6)
	switch c.Do {
	case "flush":
		for _, at := range chain { // from behind
			m.drop(at)
		}
		return i.marked(m), nil
	case "append", "insert":
		return i.insertMark(m, chain, c, rule)
	case "check", "delete":
		return i.deleteMark(m, chain, c, rule)
	}
	return nil, bad("do: %q is none of append, insert, delete, check, flush", c.Do)
}

// chain returns where the rules of a family stand in m, in the order of iptables.
func (m *marks) chain(ipv6 bool) (places []int) {
	for at := range slices.Backward(m.rules) {
		if m.rules[at].Families()[0] == ipv6 {
			places = append(places, at)
		}
	}
	return places
}

func (i *Intent) insertMark(m *marks, chain []int, c *api.MarkCommand, rule conf.Mark) (*Intent, error) {
	if c.Rule == nil {
		return nil, bad("rule: none is given")
	}
	at := 0 // the end of the chain
	switch {
	case c.Do == "append":
	case c.Number < 1 || c.Number > len(chain)+1:
		return nil, refuse("E2BIG", "number %d: there are %d rules", c.Number, len(chain))
	case c.Number <= len(chain):
		at = chain[c.Number-1] + 1
	}
	m.rules = slices.Insert(m.rules, at, markRule{true, rule})
	return i.marked(m), nil
}

func (i *Intent) deleteMark(m *marks, chain []int, c *api.MarkCommand, rule conf.Mark) (*Intent, error) {
	n := c.Number - 1
	switch {
	case c.Rule != nil:
		n = slices.IndexFunc(chain, func(at int) bool { return m.rules[at].String() == rule.String() })
		if n < 0 {
			return nil, refuse("ENOENT", "there is no rule %s", rule.String())
		}
	case n < 0 || n >= len(chain):
		return nil, refuse("E2BIG", "number %d: there are %d rules", c.Number, len(chain))
	}
	if c.Do == "check" {
		return i, nil
	}
	m.drop(chain[n])
	return i.marked(m), nil
}

// drop takes a rule out, and keeps in mind that one of the file's is gone.
func (m *marks) drop(at int) {
	if r := &m.rules[at]; !r.own {
		m.gone = append(m.gone, r.String())
	}
	m.rules = slices.Delete(m.rules, at, at+1)
}

func (i *Intent) marked(m *marks) *Intent {
	operator := i.operator
	operator.marks = m
	return i.with(i.file, operator)
}

// marking reads a rule of the API's.
func marking(r *api.MarkRule, ipv6 bool) (m conf.Mark, err error) {
	m = conf.Mark{Mark: r.Mark, Keep: ^r.Mask, Protocol: r.Protocol, Destination: anywhere(ipv6)}
	if !slices.Contains([]string{"", "tcp", "udp", "sctp"}, r.Protocol) {
		return m, bad("protocol: %q is none of tcp, udp, sctp", r.Protocol)
	}
	for _, p := range []struct {
		name, text string
		to         *netip.Prefix
	}{{"source", r.Source, &m.Source}, {"destination", r.Destination, &m.Destination}} {
		if p.text == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(p.text)
		if err != nil || prefix.Addr().Is4() == ipv6 {
			return m, bad("%s: %q is no prefix of the family", p.name, p.text)
		}
		*p.to = prefix.Masked()
	}
	for _, p := range []struct {
		name  string
		words []string
		to    *[]conf.PortRange
	}{{"source_ports", r.SourcePorts, &m.SourcePorts}, {"ports", r.Ports, &m.Ports}, {"any_ports", r.AnyPorts, &m.AnyPorts}} {
		for _, word := range p.words {
			ports, ok := portRange(word)
			if !ok {
				return m, bad("%s: %q is no port and no range (8000-8099)", p.name, word)
			}
			*p.to = append(*p.to, ports)
		}
	}
	if r.Protocol == "" && len(m.Ports)+len(m.SourcePorts)+len(m.AnyPorts) > 0 {
		return m, bad("protocol: ports need one of tcp, udp, sctp")
	}
	return m, nil
}

func portRange(word string) (p conf.PortRange, ok bool) {
	first, last, ranged := strings.Cut(word, "-")
	a, err := strconv.ParseUint(first, 10, 16)
	b := a
	if ranged && err == nil {
		b, err = strconv.ParseUint(last, 10, 16)
	}
	return conf.PortRange{First: uint16(a), Last: uint16(b)}, err == nil && a <= b
}
