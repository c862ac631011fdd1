package lcore

import (
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// portISAKMP is where keys for AH and ESP are negotiated, at both ends.
const portISAKMP = 500

// parseIPsec judges AH or ESP packet i, or a fragment of one. It has no ports: as if it were a datagram of the negotiation between the same addresses, it
// is steered and finds its connection, and follows that (connections.md C3, C5.3).
func (w *Worker) parseIPsec(i int, k *flow.Key) Verdict {
	w.in.ipsec[i] = true
	k.Proto, k.SrcPort, k.DstPort = flow.UDP, portISAKMP, portISAKMP
	return pending
}

// quoted returns the flow that a packet is of which an ICMP error quotes: its protocol is proto, and b what follows its IP headers.
func (w *Worker) quoted(i int, src, dst flow.Addr, proto uint8, b []byte) (k flow.Key, ok bool) {
	k = flow.Key{Src: src, Dst: dst, Proto: proto}
	if flow.IsIPsec(proto) {
		w.parseIPsec(i, &k)
		return k, true
	}
	ports, ok := wire.ParsePorts(b)
	if ok = ok && flow.HasPorts(proto); ok {
		k.SrcPort, k.DstPort = ports.Src(), ports.Dst()
	}
	return k, ok
}
