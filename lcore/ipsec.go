package lcore

import "cleat/lcore/flow"

// portISAKMP is where keys for AH and ESP are negotiated, at both ends.
const portISAKMP = 500

// parseIPsec judges AH or ESP packet i, or a fragment of one. It has no ports: as if it were a datagram of the negotiation between the same addresses, it
// is steered and finds its connection, and follows that (connections.md C3, C5.3).
func (w *Worker) parseIPsec(i int, k *flow.Key) Verdict {
	w.in.ipsec[i] = true
	k.Proto, k.SrcPort, k.DstPort = flow.UDP, portISAKMP, portISAKMP
	return pending
}
