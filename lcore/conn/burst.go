package conn

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/prefetch"
	"cleat/lcore/service"
)

// Look looks a burst of keys of IPv4 up at once: their buckets, then their entries, each asked for before it is needed. The ith key is
// that of an answer if output[i]. It writes hashes, and into found the connection of those whose bit is set in the hits that it returns, which are connections of IPv4
// alone and, of answers, of NAT servers; FindInput and FindOutput find the others. All slices have one length, a burst's at most.
func (s *Shard) Look(keys []flow.Key, output []bool, hashes []uint64, found []uint32) (hits uint32) {
	output, hashes, found = output[:len(keys)], hashes[:len(keys)], found[:len(keys)]
	seed := s.seed
	for i := range keys {
		k := &keys[i]
		client, port := k.Src.Lo, k.SrcPort
		if output[i] {
			client, port = k.Dst.Lo, k.DstPort
		}
		hashes[i] = flow.Hash(flow.Addr{Lo: client}, port, k.Proto, seed)
	}
	var buckets [burst.Size]uint32
	s.Index.Near(hashes, buckets[:len(keys)])
	s.Index.Candidates(hashes, buckets[:len(keys)], found)
	entries := s.Entries
	prefetch.Entries(entries, found)
	for i := range keys {
		e, k := &entries[found[i]], &keys[i]
		src, dst := uint32(k.Src.Lo), uint32(k.Dst.Lo)
		hit := false
		if output[i] {
			hit = e.client == dst && e.server == src && e.clientPort == k.DstPort && e.serverPort == k.SrcPort && e.Forward == service.NAT
		} else {
			hit = e.client == src && e.virtual == dst && e.clientPort == k.SrcPort && e.virtualPort == k.DstPort
		}
		if hit && e.Proto == k.Proto && e.wide == 0 {
			hits |= 1 << (i % burst.Size)
		}
	}
	return hits
}
