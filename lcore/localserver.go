package lcore

import "cleat/lcore/flow"

// isLocal reports whether a real server's address is this director's own, so that nobody is behind it: the data path ends no connections (forwarding.md
// F1.2, F6). The host is a real server under its own address on a port of its own.
func (w *Worker) isLocal(a flow.Addr) bool {
	return a.IsLoopback() || w.tables.Addresses.IsOurs(a)
}
