package conn

import (
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/prefetch"
	"cleat/lcore/service"
)

// Look looks a burst of keys of IPv4 up at once: their buckets, then their entries, each asked for before it is needed. The ith key is
// that of an answer if output[i]. It writes hashes, and into found the connection of those whose bit is set in the hits that it returns, which are connections of IPv4
// alone and, of answers, of NAT servers; Find finds the others. All slices have one length, a burst's at most.
//
// It takes no branch that depends on a key: which direction packets have, and where a bucket has them, is anybody's guess.
func (s *Shard) Look(keys []flow.Key, output []bool, hashes []uint64, found []uint32) (hits uint32) {
	output, hashes, found = output[:len(keys)], hashes[:len(keys)], found[:len(keys)]
	for i := range keys {
		k := &keys[i]
		client, port := k.Src.Lo, k.SrcPort
		if output[i] {
			client = k.Dst.Lo
		}
		if output[i] {
			port = k.DstPort
		}
		hashes[i] = flow.Hash(flow.Addr{Lo: client}, port, k.Proto, s.seed)
	}
	var buckets [burst.Size]uint32
	s.Index.Near(hashes, buckets[:len(keys)])
	s.Index.Candidates(hashes, buckets[:len(keys)], found)
	prefetch.Entries(s.Entries, found)
	for i := range keys {
		e, k := &s.Entries[found[i]], &keys[i]
		src, dst := uint32(k.Src.Lo), uint32(k.Dst.Lo)
		differs := (e.client ^ src) | (e.virtual ^ dst) | uint32(e.clientPort^k.SrcPort) | uint32(e.virtualPort^k.DstPort)
		answer := (e.client ^ dst) | (e.server ^ src) | uint32(e.clientPort^k.DstPort) | uint32(e.serverPort^k.SrcPort) | uint32(e.Forward^service.NAT)
		if output[i] {
			differs = answer
		}
		differs |= uint32(e.Proto^k.Proto) | e.wide
		hits |= uint32((uint64(differs)-1)>>63) << (i % burst.Size)
	}
	return hits
}
