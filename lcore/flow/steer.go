package flow

import (
	"math/bits"
	"math/rand/v2"
)

// Entries is the length of the indirection table, which is what most NICs have at least.
const Entries = 128

// Steering says which worker a client belongs to. A pure function of one address, the same on every worker, and one that a NIC
// can compute: Toeplitz over the address, through an indirection table.
//
// The Toeplitz key is one 32-bit word, repeated, so that every bit of the input meets the same 32 bits of the key whichever
// 32-bit field it lies in: a NIC that hashes the source only and one that hashes the destination only get what Hash gets. For
// the same reason the hash of an IPv6 address is that of its four words' XOR.
//
// Immutable. 4 KiB of tables.
type Steering struct {
	word         uint32
	mask4, mask6 Addr
	bytes        [4][256]uint32 // the hash of each byte of a 32-bit address, the first byte first
	workers      [Entries]uint16
}

// NewSteering spreads clients evenly over workers 0…workers-1, by the first prefix4 or prefix6 bits of their address, with
// a random key.
func NewSteering(workers, prefix4, prefix6 int) *Steering {
	s := newSteering(rand.Uint32(), workers, prefix4, prefix6)
	for !s.spreads() {
		s = newSteering(rand.Uint32(), workers, prefix4, prefix6)
	}
	return s
}

func newSteering(word uint32, workers, prefix4, prefix6 int) *Steering {
	s := &Steering{word: word, mask4: MaskOf(prefix4, true), mask6: MaskOf(prefix6, false)}
	for b := range 256 {
		for bit := range 8 { // from the byte's highest bit on
			if b<<bit&0x80 == 0 {
				continue
			}
			for i := range s.bytes {
				s.bytes[i][b] ^= bits.RotateLeft32(word, 8*i+bit)
			}
		}
	}
	for i := range s.workers {
		s.workers[i] = uint16(i % workers)
	}
	return s
}

// spreads reports whether 128 neighbouring values of any byte of the address reach all entries of the indirection table: clients
// come from neighbouring addresses, or networks. One word in sixteen is so, and only those are used.
func (s *Steering) spreads() bool {
	for i := range s.bytes {
		var seen [Entries]bool
		for _, h := range s.bytes[i][:Entries] {
			if seen[h%Entries] {
				return false
			}
			seen[h%Entries] = true
		}
	}
	return true
}

// Hash returns the Toeplitz hash of a client's address, cut to the steering prefix.
func (s *Steering) Hash(client Addr) uint32 {
	a := client.And(s.Mask(client.Is4())).Fold()
	return s.bytes[0][a>>24] ^ s.bytes[1][a>>16&0xff] ^ s.bytes[2][a>>8&0xff] ^ s.bytes[3][a&0xff]
}

// Worker returns the number of the worker that a client belongs to.
func (s *Steering) Worker(client Addr) int { return int(s.workers[s.Hash(client)%Entries]) }

// Mask is that of the steering prefix of IPv4 clients (v4) or IPv6 ones.
func (s *Steering) Mask(v4 bool) Addr {
	if v4 {
		return s.mask4
	}
	return s.mask6
}

// Covers reports whether all addresses that agree under mask, that of an IPv4 client (v4) or an IPv6 one, belong to one worker.
func (s *Steering) Covers(mask Addr, v4 bool) bool {
	return mask.And(s.Mask(v4)) == s.Mask(v4)
}

// Key returns the RSS key that makes a NIC compute Hash over one address field (with prefixes of 32 and 128 bits).
func (s *Steering) Key() (key [40]byte) {
	for i := range key {
		key[i] = byte(s.word >> (24 - 8*(i%4)))
	}
	return key
}

// Indirection returns the worker of each value of Hash modulo Entries, for a NIC's table.
func (s *Steering) Indirection() [Entries]uint16 { return s.workers }
