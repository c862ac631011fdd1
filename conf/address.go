package conf

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// ipv4 returns the address that s names, or what is wrong; want says what is right there.
func ipv4(s, want string) (netip.Addr, error) {
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return a, fault{strconv.Quote(s) + " is not an IP address", "want " + want}
	}
	if !a.Is4() {
		return a, fault{s + " is an IPv6 address", "this version forwards IPv4 only"}
	}
	return a, nil
}

func readAddr(v any) (netip.Addr, error) {
	s, err := readAs[string](v)
	if err != nil {
		return netip.Addr{}, err
	}
	return ipv4(s, `"10.0.0.1"`)
}

// readPrefix reads an address with or without a prefix length; whole is true where it had none.
func readPrefix(v any, want string) (p netip.Prefix, whole bool, err error) {
	s, err := readAs[string](v)
	if err != nil {
		return p, false, err
	}
	text, length, found := strings.Cut(s, "/")
	a, err := ipv4(text, want)
	if err != nil {
		return p, false, err
	}
	if !found {
		return netip.PrefixFrom(a, 32), true, nil
	}
	n, err := strconv.ParseUint(length, 10, 8)
	if err != nil || n > 32 {
		return p, false, fault{fmt.Sprintf("/%s is not a prefix length", length), "0…32"}
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
		err = fault{fmt.Sprintf("%s lacks the length of its subnet", p.Addr()), fmt.Sprintf("did you mean \"%s/24\"?", p.Addr())}
	}
	return p, err
}

func readVirtual(v any) (netip.AddrPort, error) {
	ap, whole, err := readAddrPort(v, wantVirtual)
	if err == nil && whole {
		err = fault{fmt.Sprintf("%s lacks the port", ap.Addr()), fmt.Sprintf("\"%s:80\", or \"%[1]s:0\" for all ports", ap.Addr())}
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
	if a, err := netip.ParseAddr(s); err == nil && a.Is6() { // bare: its colons would look like a port's
		_, err = ipv4(s, want)
		return ap, false, err
	}
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		a, err := ipv4(s, want)
		return netip.AddrPortFrom(a, 0), true, err
	}
	a, err := ipv4(s[:i], want)
	if err != nil {
		return ap, false, err
	}
	port, err := strconv.ParseUint(s[i+1:], 10, 16)
	if err != nil {
		return ap, false, fault{strconv.Quote(s[i+1:]) + " is not a port", "0…65535"}
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

// broadcast returns the last address of p.
func broadcast(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}

// notHost reports whether a is the first or the last address of the subnet p, which no host has. Subnets
// of two or one addresses have no such (RFC 3021).
func notHost(p netip.Prefix, a netip.Addr) bool {
	return p.Bits() < 31 && (a == p.Masked().Addr() || a == broadcast(p))
}

// unicast reports whether a can be one host's: not 0.0.0.0/8, 127.0.0.0/8, nor 224.0.0.0 and above.
func unicast(a netip.Addr) bool {
	first := a.As4()[0]
	return first != 0 && first != 127 && first < 224
}
