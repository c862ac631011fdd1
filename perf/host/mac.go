package host

import (
	"fmt"
	"net"

	"cleat/lcore/wire"
)

// ParseMAC reads the link address of one host; key is what the user calls it.
func ParseMAC(key, text string) (wire.MAC, error) {
	m, err := net.ParseMAC(text)
	if err != nil || len(m) != len(wire.MAC{}) || wire.MAC(m).IsMulticast() || wire.MAC(m) == (wire.MAC{}) {
		return wire.MAC{}, fmt.Errorf("%s: %q: must be the MAC address of one host, like 02:00:00:00:08:02", key, text)
	}
	return wire.MAC(m), nil
}
