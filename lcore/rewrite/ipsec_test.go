package rewrite

import (
	"bytes"
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

// TestIPsecIsNotTouched: C5.3: NAT changes addresses of AH and ESP only, whatever their first bytes look like.
func TestIPsecIsNotTouched(t *testing.T) {
	for _, proto := range []uint8{flow.ESP, flow.AH} {
		for _, size := range []int{0, 1, 4, 40} {
			payload := bytes.Repeat([]byte{0xa5}, size)
			for _, nat := range []func(wire.IPv4){in, out} {
				ip := packet(lcoretest.Other(proto, client.Addr(), vip.Addr(), lcoretest.Payload(payload)))
				if nat(ip); !bytes.Equal(ip.Payload(), payload) || !ip.ChecksumOK() {
					t.Errorf("protocol %d of %d bytes became %x", proto, size, ip)
				}
			}
			for _, nat := range []func(wire.IPv6, wire.Upper){in6, out6} {
				ip, u := packet6(lcoretest.Other(proto, client6.Addr(), vip6.Addr(), lcoretest.Payload(payload)))
				if nat(ip, u); !bytes.Equal(u.Payload(ip), payload) {
					t.Errorf("protocol %d of %d bytes became %x", proto, size, ip)
				}
			}
		}
	}
}
