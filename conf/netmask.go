package conf

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
)

// Netmask is the part of a client's address that a template looks at: of an IPv4 address any mask (persistence.md P1.5), of an IPv6 address a
// prefix. Written as a length (24) or as an IPv4 mask ("255.255.255.0"). The zero Netmask, which stands in no file, is the whole address.
type Netmask struct {
	length uint8  // of a prefix, plus 1; 0: no prefix
	mask   uint32 // if length is 0: the bits of the IPv4 address that do not count; 0: all count
}

// PrefixMask returns the mask of the first n bits, 0…128.
func PrefixMask(n int) Netmask { return Netmask{length: uint8(n + 1)} }

// IPv4Mask returns the mask that a stands for, an IPv4 address.
func IPv4Mask(a netip.Addr) Netmask {
	b := a.As4()
	return Netmask{mask: ^binary.BigEndian.Uint32(b[:])}
}

// Mask returns the mask as an address of the clients' family.
func (m Netmask) Mask(ipv6 bool) netip.Addr {
	if m.length == 0 && !ipv6 {
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, ^m.mask)))
	}
	all := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	if ipv6 {
		all = allOnes6
	}
	p, _ := all.Prefix(m.Bits(ipv6)) // the length is in range
	return p.Addr()
}

var allOnes6 = netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")

// Bits returns how many bits come before the first one that does not count.
func (m Netmask) Bits(ipv6 bool) int {
	switch {
	case m.length != 0:
		return min(int(m.length)-1, wholeLength(ipv6))
	case ipv6:
		return 128
	}
	return bits.LeadingZeros32(m.mask)
}

func wholeLength(ipv6 bool) int {
	if ipv6 {
		return 128
	}
	return 32
}

// String returns the mask as it is written in the file: "24", "255.0.255.0"; "" is the whole address.
func (m Netmask) String() string {
	switch {
	case m.length != 0:
		return strconv.Itoa(int(m.length) - 1)
	case m.mask != 0:
		return m.Mask(false).String()
	}
	return ""
}

// isPrefix reports whether all bits that count come first.
func (m Netmask) isPrefix() bool { return m.length != 0 || m.mask == 0 }

// Canonical returns the one Netmask of all that mean the same for clients of a family: masks without holes are prefixes, and one of the whole
// address is zero.
func (m Netmask) Canonical(ipv6 bool) Netmask {
	if n := bits.LeadingZeros32(m.mask); m.length == 0 && !ipv6 && ^m.mask<<n == 0 {
		m = PrefixMask(n)
	}
	if m == PrefixMask(wholeLength(ipv6)) {
		return Netmask{}
	}
	return m
}

func readNetmask(v any) (Netmask, error) {
	switch v := v.(type) {
	case int64:
		if v < 0 || v > 128 {
			return Netmask{}, fault{fmt.Sprintf("%d is out of range", v), "0…32, for IPv6 1…128"}
		}
		return PrefixMask(int(v)), nil
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return readNetmask(n)
		}
		a, err := netip.ParseAddr(v)
		if err != nil || !a.Is4() {
			return Netmask{}, fault{fmt.Sprintf("%q is not an IPv4 mask", v), "want " + wantMask}
		}
		return IPv4Mask(a), nil
	}
	return Netmask{}, errType
}
