package template

import (
	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// Plain is the part of most templates' Keys that says what the client asked for: an address of IPv4 and a port, so that an entry holds the whole key. The
// rest of it is the client's address, masked.
type Plain struct {
	Virtual uint32
	Port    uint16
	Proto   uint8
}

// HalfOf is the part of the Hash that all clients' keys share.
func (s *Shard) HalfOf(k *Plain) flow.Half {
	return flow.HalfOf(flow.V4(k.Virtual), number(k.Port, k.Proto, 0), s.seed)
}

// HashPlain is the Hash of a client's key.
func (s *Shard) HashPlain(half flow.Half, client uint32) uint64 {
	return half.With(flow.V4(client), s.seed)
}

// FindPlain is FindNear for a plain key.
func (s *Shard) FindPlain(hash uint64, candidate uint32, client uint32, k *Plain) uint32 {
	if s.Entries[candidate].Is(client, k) {
		return candidate
	}
	if s.Index.Nothing(hash, candidate) {
		return 0
	}
	for c := s.Index.Search(hash); c.Next(); {
		if s.Entries[c.Entry].Is(client, k) {
			return c.Entry
		}
	}
	return 0
}

// Is reports whether e has that key and nothing more.
func (e *Entry) Is(client uint32, k *Plain) bool {
	return e.client == client && e.virtual == k.Virtual && e.port == k.Port && e.proto == k.Proto && e.block == 0 && e.wide|e.data == 0
}

// InsertPlain is Insert for a plain key and its hash.
func (s *Shard) InsertPlain(hash uint64, client uint32, k *Plain, r *service.Real, timeout uint32) uint32 {
	i := s.Shard.Insert(hash)
	if i == 0 {
		return 0
	}
	e := &s.Entries[i]
	e.client, e.virtual, e.port, e.proto = client, k.Virtual, k.Port, k.Proto
	e.dport, e.Slot, e.Timeout, e.Full = r.Port, r.Slot, timeout, timeout
	return i
}
