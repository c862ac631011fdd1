package rewrite

import "cleat/lcore/wire"

// Forward makes a packet one hop older. It is all that direct routing (F3.1) and plain routing
// change above the link.
func Forward(ip wire.IPv4) { ip.UpdateChecksum(ip.Decrement()) }
