package conf

import (
	"net/netip"
	"testing"
)

func TestNetmask(t *testing.T) {
	mask := func(s string) Netmask { return IPv4Mask(netip.MustParseAddr(s)) }
	for _, tt := range []struct {
		mask Netmask
		ipv6 bool
		text string // of the canonical one
		want string // what is ANDed
		bits int
	}{
		{Netmask{}, false, "", "255.255.255.255", 32},
		{Netmask{}, true, "", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128},
		{PrefixMask(32), false, "", "255.255.255.255", 32},
		{PrefixMask(32), true, "32", "ffff:ffff::", 32},
		{PrefixMask(128), true, "", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128},
		{PrefixMask(0), false, "0", "0.0.0.0", 0},
		{PrefixMask(24), false, "24", "255.255.255.0", 24},
		{PrefixMask(65), true, "65", "ffff:ffff:ffff:ffff:8000::", 65},
		{mask("255.255.255.255"), false, "", "255.255.255.255", 32},
		{mask("255.255.255.0"), false, "24", "255.255.255.0", 24},
		{mask("128.0.0.0"), false, "1", "128.0.0.0", 1},
		{mask("0.0.0.0"), false, "0", "0.0.0.0", 0},
		{mask("0.0.0.24"), false, "0.0.0.24", "0.0.0.24", 0}, // ipvsadm -M 24
		{mask("255.0.255.0"), false, "255.0.255.0", "255.0.255.0", 8},
	} {
		m := tt.mask.Canonical(tt.ipv6)
		if m.String() != tt.text || m.Mask(tt.ipv6).String() != tt.want || m.Bits(tt.ipv6) != tt.bits {
			t.Errorf("%v: %q, %v, %d; want %q, %s, %d", tt.mask, m, m.Mask(tt.ipv6), m.Bits(tt.ipv6), tt.text, tt.want, tt.bits)
		}
	}
}
