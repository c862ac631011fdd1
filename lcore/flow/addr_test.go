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
