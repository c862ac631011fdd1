package rewrite

import (
	"bytes"
	"testing"

	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

// FuzzNATError: an ICMP error quotes whatever its sender likes. Nothing may panic, a refused packet stays as it is, and
// checksums that were right are right afterwards.
func FuzzNATError(f *testing.F) {
	f.Add(lcoretest.ICMPError(router, vip.Addr(), 3, 4, 1400, lcoretest.UDP(vip, client))[wire.EthernetLen:], false)
	f.Add(lcoretest.ICMPError(rs.Addr(), client.Addr(), 3, 3, 0, lcoretest.TCP(client, rs, "S"))[wire.EthernetLen:], true)
	f.Add(lcoretest.ICMPError(router, vip.Addr(), 11, 0, 0, lcoretest.TCP(vip, client, "S", lcoretest.RouterAlert()))[wire.EthernetLen:], false)
	f.Fuzz(func(t *testing.T, b []byte, out bool) {
		ip, ok := wire.ParseIPv4(b, len(b))
		if !ok || ip.TTL() <= 1 {
			return
		}
		before := bytes.Clone(b)
		headerOK, messageOK := ip.ChecksumOK(), wire.Checksum(ip.Payload(), 0) == 0
		if out {
			ok = NATErrorOut(ip, v4(vip.Addr()), vip.Port())
		} else {
			ok = NATErrorIn(ip, v4(rs.Addr()), rs.Port())
		}
		if !ok && !bytes.Equal(b, before) {
			t.Errorf("refused but changed: %x", before)
		}
		if ip.ChecksumOK() != headerOK || (wire.Checksum(ip.Payload(), 0) == 0) != messageOK {
			t.Errorf("checksums of %x spoilt: %x", before, b)
		}
	})
}
