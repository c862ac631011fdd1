package lcore

import (
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// parseSCTP finds the ports and the event of an SCTP packet, which has to lie in one segment: its checksum covers all of it.
func (w *Worker) parseSCTP(i int, b []byte, whole bool, k *flow.Key) Verdict {
	sctp, ok := wire.ParseSCTP(b)
	if !ok || !whole {
		return DropTransportHeader
	}
	ports := wire.Ports(sctp)
	k.SrcPort, k.DstPort = ports.Src(), ports.Dst()
	w.in.flags[i] = uint8(conn.SCTPEventOf(sctp.Chunks()))
	return pending
}

// opens reports whether packet i is the first of a handshake: a SYN, with or without ACK, or an INIT (connections.md C2 3).
func (w *Worker) opens(i int) bool {
	switch w.in.key[i].Proto {
	case flow.TCP:
		return conn.EventOf(w.in.flags[i]) == conn.SYN
	case flow.SCTP:
		return conn.SCTPEvent(w.in.flags[i]) == conn.Init
	}
	return false
}

// ends reports whether packet i can be no more than the end of a connection: an RST or an ABORT.
func (w *Worker) ends(i int) bool {
	switch w.in.key[i].Proto {
	case flow.TCP:
		return conn.EventOf(w.in.flags[i]) == conn.RST
	case flow.SCTP:
		return conn.SCTPEvent(w.in.flags[i]) == conn.Abort
	}
	return false
}
