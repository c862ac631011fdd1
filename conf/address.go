package conf

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// parseAddr returns the address that s names, or what is wrong; want says what is right there.
func parseAddr(s, want string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return a, fault{strconv.Quote(s) + " is not an IP address", "want " + want}
	case a.Zone() != "":
		return netip.Addr{}, fault{strconv.Quote(s) + " names an interface of the kernel", fmt.Sprintf("%q", a.WithZone(""))}
	case a.Is4In6():
		return netip.Addr{}, fault{s + " is an IPv4 address in IPv6 clothes", fmt.Sprintf("did you mean %q?", a.Unmap())}
	}
	return a, nil
}

func readAddr(v any) (netip.Addr, error) {
	s, err := readAs[string](v)
	if err != nil {
		return netip.Addr{}, err
	}
	return parseAddr(s, `"10.0.0.1" or "fd00::1"`)
}

// readPrefix reads an address with or without a prefix length; whole is true where it had none.
func readPrefix(v any, want string) (p netip.Prefix, whole bool, err error) {
	s, err := readAs[string](v)
	if err != nil {
		return p, false, err
	}
	text, length, found := strings.Cut(s, "/")
	a, err := parseAddr(text, want)
	if err != nil {
		return p, false, err
	}
	if !found {
		return netip.PrefixFrom(a, a.BitLen()), true, nil
	}
	n, err := strconv.ParseUint(length, 10, 8)
	if err != nil || n > uint64(a.BitLen()) {
		return p, false, fault{fmt.Sprintf("/%s is not a prefix length", length), fmt.Sprintf("0…%d", a.BitLen())}
	}
	return netip.PrefixFrom(a, int(n)), false, nil
}

func readNetwork(v any) (netip.Prefix, error) {
	p, _, err := readPrefix(v, wantNetwork)
	if err == nil && p != p.Masked() {
		err = fault{fmt.Sprintf("%s is not a network: bits behind the prefix length are set", p), fmt.Sprintf("did you mean %q or %q?", p.Masked(), p.Addr())}
	}
	return p, err
}

func readSubnet(v any) (netip.Prefix, error) {
	p, whole, err := readPrefix(v, wantSubnet)
	if err == nil && whole {
		err = fault{fmt.Sprintf("%s lacks the length of its subnet", p.Addr()), fmt.Sprintf("did you mean \"%s/%d\"?", p.Addr(), usualLength[p.Addr().Is4()])}
	}
	return p, err
}

func readVirtual(v any) (netip.AddrPort, error) {
	ap, whole, err := readAddrPort(v, wantVirtual)
	if err == nil && whole {
		err = fault{fmt.Sprintf("%s lacks the port", ap.Addr()), fmt.Sprintf("%q, or %q for all ports", withPort(ap, 80), withPort(ap, 0))}
	}
	return ap, err
}

func readServer(v any) (netip.AddrPort, error) {
	ap, _, err := readAddrPort(v, wantServer)
	return ap, err
}

// readAddrPort reads an address with or without a port; whole is true where it had none.
func readAddrPort(v any, want string) (ap netip.AddrPort, whole bool, err error) {
	s, err := readAs[string](v)
	if err != nil {
		return ap, false, err
	}
	host, digits, found := s, "", false
	if strings.HasPrefix(s, "[") {
		host, digits, found = strings.Cut(s[1:], "]:")
		if !found {
			host = strings.TrimSuffix(host, "]")
		}
	} else if strings.Count(s, ":") == 1 { // more of them stand in an IPv6 address
		host, digits, found = strings.Cut(s, ":")
	}
	a, err := parseAddr(host, want)
	if err != nil || !found {
		return netip.AddrPortFrom(a, 0), err == nil, err
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return ap, false, fault{strconv.Quote(digits) + " is not a port", "0…65535"}
	}
	return netip.AddrPortFrom(a, uint16(port)), false, nil
}

// formatServer leaves port 0 out: it stands for the service's or the packet's.
func formatServer(ap netip.AddrPort) string {
	if ap.Port() == 0 {
		return ap.Addr().String()
	}
	return ap.String()
}

func withPort(ap netip.AddrPort, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(ap.Addr(), port)
}

// formatNetwork leaves the length out where it stands for one address alone.
func formatNetwork(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// usualLength is the prefix length of most subnets, of IPv4 ones or not.
var usualLength = map[bool]int{true: 24, false: 64}

// broadcast returns the last address of p, which is of IPv4.
func broadcast(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}

// notHost reports whether a is the first or the last address of the IPv4 subnet p, which no host has. Subnets
// of two or one addresses have no such (RFC 3021).
func notHost(p netip.Prefix, a netip.Addr) bool {
	return a.Is4() && p.Bits() < 31 && (a == p.Masked().Addr() || a == broadcast(p))
}

// unicast reports whether a can be one host's on any network: not 0.0.0.0/8, 127.0.0.0/8, nor 224.0.0.0 and above; not ::, ::1, fe80::/10,
// nor ff00::/8.
func unicast(a netip.Addr) bool {
	if a.Is4() {
		first := a.As4()[0]
		return first != 0 && first != 127 && first < 224
	}
	return !a.IsUnspecified() && !a.IsLoopback() && !a.IsLinkLocalUnicast() && !a.IsMulticast()
}
