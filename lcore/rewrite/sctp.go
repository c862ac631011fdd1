package rewrite

import "cleat/lcore/wire"

// setSCTPPorts sets the ports of an SCTP packet that lies in hand whole. Its checksum covers ports and no addresses, so it is computed anew only
// when a port changes (F1.8); one that was wrong stays wrong, and is for the receiver to see.
func setSCTPPorts(b []byte, src, dst uint16) {
	ports := wire.Ports(b)
	if ports.Src() == src && ports.Dst() == dst {
		return
	}
	sctp := wire.SCTP(b)
	right := sctp.ChecksumOK()
	ports.SetSrc(src)
	ports.SetDst(dst)
	if right {
		sctp.SetChecksum()
	}
}
