package rewrite

import "cleat/lcore/wire"

// Link addresses a frame: from the port that sends it to the next hop.
func Link(eth wire.Ethernet, src, dst *wire.MAC) {
	eth.SetSrc(*src)
	eth.SetDst(*dst)
}
