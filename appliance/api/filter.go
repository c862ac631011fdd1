package api

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Filter picks rows of a stream. The zero Filter picks all of them.
type Filter struct {
	Client   netip.Prefix // of the client address; an address stands for itself alone
	Virtual  Endpoint     // where the client connects to
	Server   Endpoint     // the real server
	Mark     uint32       // 0: any
	Protocol string       // "tcp", "udp", "ip"; "": any
	State    string       // one of States; "": any
	Limit    uint64       // rows at most; 0: all
}

// Endpoint is an address with a port, or with every port. The zero Endpoint is anywhere.
type Endpoint struct {
	Address netip.Addr
	Port    uint16
	AnyPort bool // every port; port 0 is one of its own (a template of all ports has it, persistence.md P1)
}

// Entry is what a Filter looks at in a template or a connection.
type Entry struct {
	Protocol string
	Client   netip.Addr
	Virtual  netip.AddrPort // the zero AddrPort for a template of a mark
	Server   netip.AddrPort
	Mark     uint32 // 0: none
	State    string
}

// Protocols are the values of the key "protocol"; templates of a mark have "ip" (persistence.md P11.1).
var Protocols = []string{"tcp", "udp", "sctp", "ip"}

// States are the values of the key "state" (connections.md C4, C5; persistence.md P8.4).
var States = []string{
	"NONE", "ASSURED", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT",
	"CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "SYNACK", "UDP",
	"INIT1", "INIT", "C-SENT", "C-REPLIED", "C-WAIT", "COOKIE", "C-ECHOED", "S-SENT", "S-RECEIVED", "S-ACK-SENT", "REJECTED", "CLOSED",
}

// FilterKeys are the keys of a query, in the order of Filter's fields.
var FilterKeys = []string{"client", "virtual", "server", "mark", "protocol", "state", "limit"}

// ParseFilter reads a query. The error is a *Problem with one line for every key that is wrong.
func ParseFilter(query url.Values) (Filter, error) {
	var f Filter
	wrong := UnknownKeys(query, FilterKeys)
	for _, key := range FilterKeys {
		values := query[key]
		if len(values) == 0 {
			continue
		}
		err := fmt.Errorf("given %d times, once is right", len(values))
		if len(values) == 1 {
			err = f.set(key, values[0])
		}
		if err != nil {
			wrong = append(wrong, key+": "+err.Error())
		}
	}
	if len(wrong) > 0 {
		return Filter{}, &Problem{Title: "bad filter", Detail: wrong}
	}
	return f, nil
}

// UnknownKeys returns one line for every key of the query that is not among the known ones, sorted.
func UnknownKeys(query url.Values, known []string) []string {
	var lines []string
	for key := range query {
		if !slices.Contains(known, key) {
			line := fmt.Sprintf("%q: no such key, there is none here", key)
			if len(known) > 0 {
				line = fmt.Sprintf("%q: no such key, there are %s", key, strings.Join(known, ", "))
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

func (f *Filter) set(key, value string) (err error) {
	switch key {
	case "client":
		f.Client, err = parsePrefix(value)
	case "virtual":
		f.Virtual, err = parseEndpoint(value)
	case "server":
		f.Server, err = parseEndpoint(value)
	case "mark":
		var mark uint64
		mark, err = parseNumber(value, 32)
		f.Mark = uint32(mark)
	case "protocol":
		f.Protocol, err = oneOf(Protocols, value)
	case "state":
		f.State, err = oneOf(States, value)
	case "limit":
		f.Limit, err = parseNumber(value, 64)
	}
	return err
}

// Query is the inverse of ParseFilter.
func (f *Filter) Query() url.Values {
	query := url.Values{}
	set := func(key, value string, given bool) {
		if given {
			query.Set(key, value)
		}
	}
	set("client", f.Client.String(), f.Client.IsValid())
	set("virtual", f.Virtual.String(), f.Virtual.Address.IsValid())
	set("server", f.Server.String(), f.Server.Address.IsValid())
	set("mark", strconv.FormatUint(uint64(f.Mark), 10), f.Mark != 0)
	set("protocol", f.Protocol, f.Protocol != "")
	set("state", f.State, f.State != "")
	set("limit", strconv.FormatUint(f.Limit, 10), f.Limit != 0)
	return query
}

// Match reports whether the filter picks e. Limit is not looked at.
func (f *Filter) Match(e Entry) bool {
	return (!f.Client.IsValid() || f.Client.Contains(e.Client)) &&
		f.Virtual.match(e.Virtual) &&
		f.Server.match(e.Server) &&
		(f.Mark == 0 || f.Mark == e.Mark) &&
		(f.Protocol == "" || f.Protocol == e.Protocol) &&
		(f.State == "" || f.State == e.State)
}

func (p Endpoint) match(a netip.AddrPort) bool {
	if !p.Address.IsValid() {
		return true
	}
	return p.Address == a.Addr() && (p.AnyPort || p.Port == a.Port())
}

// String returns "10.0.0.1", "10.0.0.1:80" or "[2001:db8::1]:80".
func (p Endpoint) String() string {
	if p.AnyPort {
		return p.Address.String()
	}
	return netip.AddrPortFrom(p.Address, p.Port).String()
}

func parsePrefix(s string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		address, err := parseAddr(s)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("%q is neither an address (172.16.0.1) nor a prefix (172.16.0.0/16)", s)
		}
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	if prefix.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q is an IPv4 prefix in IPv6 clothes, write it as IPv4 (172.16.0.0/16)", s)
	}
	return prefix.Masked(), nil
}

func parseEndpoint(s string) (Endpoint, error) {
	if address, err := parseAddr(s); err == nil {
		return Endpoint{Address: address, AnyPort: true}, nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil || ap.Addr().Zone() != "" {
		return Endpoint{}, fmt.Errorf("%q is neither an address (10.0.0.1) nor address:port (10.0.0.1:80, [2001:db8::1]:80)", s)
	}
	return Endpoint{Address: ap.Addr().Unmap(), Port: ap.Port()}, nil
}

func parseAddr(s string) (netip.Addr, error) {
	address, err := netip.ParseAddr(s)
	if err == nil && address.Zone() != "" {
		err = fmt.Errorf("%q has a zone", s)
	}
	return address.Unmap(), err
}

// parseNumber reads a decimal number of at most so many bits that is not 0: 0 is "not given" in a Filter.
func parseNumber(s string, bits int) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is not a number from 1 to %d", s, ^uint64(0)>>(64-bits))
	}
	return n, nil
}

// oneOf returns the value as it is written in names; upper and lower case are the same.
func oneOf(names []string, value string) (string, error) {
	for _, name := range names {
		if strings.EqualFold(name, value) {
			return name, nil
		}
	}
	return "", fmt.Errorf("%q is none of %s", value, strings.Join(names, ", "))
}
