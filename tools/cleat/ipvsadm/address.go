package ipvsadm

import (
	"net/netip"
	"strconv"
	"strings"
)

// number reads a decimal number as C's strtol does, with blanks and a sign before it, but nothing after it.
func number(text string, low, high int) (int, bool) {
	digits := strings.TrimLeft(text, " \t\n\v\f\r")
	n, err := strconv.ParseInt(digits, 10, 64)
	return int(n), err == nil && n >= int64(low) && n <= int64(high)
}

// address reads host[:port] (I1.2). The protocol gives names of ports their meaning; port is what none stands for.
func address(text, protocol string, port uint16) (netip.AddrPort, bool) {
	if text == "" || strings.Trim(text, "0123456789") == "" { // a number alone is a forgotten address
		return netip.AddrPort{}, false
	}
	if inside, after, ok := strings.Cut(text, "]:"); ok && text[0] == '[' {
		if ip, ok := ipv6(inside[1:]); ok {
			port, ok := portNumber(after, protocol)
			return netip.AddrPortFrom(ip, port), ok
		}
		text = inside[1:] // what is no IPv6 address is read without what follows the brackets
	} else if ip, ok := ipv6(text); ok {
		return netip.AddrPortFrom(ip, port), true
	}
	host, after, withPort := strings.Cut(text, ":")
	ip, ok := ipv4(host)
	if ok && withPort {
		port, ok = portNumber(after, protocol)
	}
	return netip.AddrPortFrom(ip, port), ok
}

func ipv6(text string) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(text)
	return ip, err == nil && ip.Is6() && ip.Zone() == ""
}

// ipv4 reads an address in C's notation (inet_aton), or finds a host by its name.
func ipv4(text string) (netip.Addr, bool) {
	if ip, ok := inetAton(text); ok {
		return ip, true
	}
	return lookUpHost(text)
}

// inetAton reads one to four numbers between dots, decimal, octal (0) or hexadecimal (0x); the last fills the bytes that are
// left. It ends at a blank.
func inetAton(text string) (netip.Addr, bool) {
	if i := strings.IndexAny(text, " \t\n\v\f\r"); i >= 0 {
		text = text[:i]
	}
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var all uint64
	for i, part := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		n, ok := cNumber(part, bits)
		if !ok {
			return netip.Addr{}, false
		}
		all = all<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(all >> 24), byte(all >> 16), byte(all >> 8), byte(all)}), true
}

// cNumber reads 10, 012 and 0xa.
func cNumber(text string, bits int) (uint64, bool) {
	base := 10
	switch {
	case strings.HasPrefix(text, "0x"), strings.HasPrefix(text, "0X"):
		base, text = 16, text[2:]
	case len(text) > 1 && text[0] == '0':
		base, text = 8, text[1:]
	}
	n, err := strconv.ParseUint(text, base, bits)
	return n, err == nil
}

// portNumber reads a number or the name of a port of the protocol.
func portNumber(text, protocol string) (uint16, bool) {
	if n, ok := number(text, 0, 65535); ok {
		return uint16(n), true
	}
	return portByName(text, protocol)
}

// parseMask reads the value of -M as api.Options.Netmask has it. Of IPv4 it may be whatever reads as an address (I1.3), of
// IPv6 what follows the digits is not looked at.
func parseMask(text string, v6 bool) (string, bool) {
	if !v6 {
		mask, ok := ipv4(text)
		if mask == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
			return "", ok
		}
		return mask.String(), ok
	}
	text = strings.TrimLeft(text, " \t\n\v\f\r")
	if text != "" && text[0] == '+' {
		text = text[1:]
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	length, err := strconv.Atoi(text[:digits])
	if err != nil || length < 1 || length > 128 {
		return "", false
	}
	if length == 128 {
		return "", true
	}
	return strconv.Itoa(length), true
}
