package flow

import (
	"net/netip"
	"testing"
)

func TestIsLoopback(t *testing.T) {
	for _, tt := range []struct {
		addr string
		want bool
	}{
		{"127.0.0.1", true}, {"127.255.255.255", true}, {"::1", true},
		{"126.255.255.255", false}, {"128.0.0.0", false}, {"::", false}, {"::2", false}, {"::7f00:1", false}, {"fd00::1", false},
	} {
		if got := FromNetip(netip.MustParseAddr(tt.addr)).IsLoopback(); got != tt.want {
			t.Errorf("IsLoopback(%s) = %v, want %v", tt.addr, got, tt.want)
		}
	}
}

// TestHashPair: each part of what is hashed tells, the seed included, and which address is which.
func TestHashPair(t *testing.T) {
	seed, other := Seed{3, 5, 7, 11}, Seed{3, 5, 7, 13}
	a, b := V4(0x0a000001), V4(0xc0000201)
	hashes := map[uint64]string{}
	for name, h := range map[string]uint64{
		"a b":          HashPair(a, b, 1, &seed),
		"b a":          HashPair(b, a, 1, &seed),
		"a a":          HashPair(a, a, 1, &seed),
		"a and IPv6":   HashPair(a, Addr{Hi: 1, Lo: b.Lo}, 1, &seed),
		"IPv6 and b":   HashPair(Addr{Hi: 1, Lo: a.Lo}, b, 1, &seed),
		"other number": HashPair(a, b, 2, &seed),
		"other seed":   HashPair(a, b, 1, &other),
	} {
		if twin, ok := hashes[h]; ok {
			t.Errorf("%s has the hash of %s", name, twin)
		}
		hashes[h] = name
	}
}
