// Package flow names flows: addresses, the pointer-free key of a flow, its hash, and the choice of a
// client's worker.
package flow

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// Addr is an IPv6 address, or an IPv4 address mapped into IPv6 (::ffff:a.b.c.d), as two 64-bit
// numbers in host byte order. It is comparable and has no pointers; the zero Addr is "none" (::).
type Addr struct{ Hi, Lo uint64 }

const mapped = 0xffff << 32 // the low half of ::ffff:0.0.0.0

// V4 returns the IPv4 address a, given as a host-order number (10.0.0.1 = 0x0a000001).
func V4(a uint32) Addr { return Addr{0, mapped | uint64(a)} }

// FromNetip returns a as an Addr; the zero netip.Addr gives the zero Addr.
func FromNetip(a netip.Addr) Addr {
	if !a.IsValid() {
		return Addr{}
	}
	b := a.As16()
	return Addr{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

// Netip returns a as a netip.Addr, IPv4 where it is.
func (a Addr) Netip() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.Hi)
	binary.BigEndian.PutUint64(b[8:], a.Lo)
	return netip.AddrFrom16(b).Unmap()
}

// Is4 reports whether a is an IPv4 address.
func (a Addr) Is4() bool { return a.Hi == 0 && a.Lo>>32 == 0xffff }

// IsMulticast reports whether a is a group of IPv6.
func (a Addr) IsMulticast() bool { return a.Hi>>56 == 0xff }

// IsLoopback reports whether a is in 127.0.0.0/8, or is ::1.
func (a Addr) IsLoopback() bool { return a.Is4() && uint32(a.Lo)>>24 == 127 || a == Addr{Lo: 1} }

// IsLinkLocal reports whether a is an IPv6 address that means something on one link only (fe80::/10).
func (a Addr) IsLinkLocal() bool { return a.Hi>>54 == 0xfe80>>6 }

// IsHost6 reports whether an IPv6 packet may carry a as the address of one host: no group, not ::, not ::1, no IPv4 address in IPv6 form
// (RFC 4291 2.5.2, 2.5.3, 2.5.5.2), which is how this package writes IPv4 itself.
func (a Addr) IsHost6() bool { return !a.IsMulticast() && !a.Is4() && (a.Hi != 0 || a.Lo > 1) }

// IsZero reports whether a is no address.
func (a Addr) IsZero() bool { return a == Addr{} }

// Uint32 returns the last 32 bits as a host-order number: for IPv4 the address.
func (a Addr) Uint32() uint32 { return uint32(a.Lo) }

// Fold returns the 32-bit number that IPVS hashes for an address (scheduling.md X.1): an IPv4
// address in host order, or the XOR of the four 32-bit words of an IPv6 address.
func (a Addr) Fold() uint32 {
	if a.Is4() {
		return uint32(a.Lo)
	}
	return uint32(a.Hi>>32) ^ uint32(a.Hi) ^ uint32(a.Lo>>32) ^ uint32(a.Lo)
}

// And returns a with the bits that are not in mask cleared. An IPv4 mask comes from MaskOf with
// v4 set, so that the mapping prefix stays.
func (a Addr) And(mask Addr) Addr { return Addr{a.Hi & mask.Hi, a.Lo & mask.Lo} }

// Or returns a with the bits that are in b set.
func (a Addr) Or(b Addr) Addr { return Addr{a.Hi | b.Hi, a.Lo | b.Lo} }

// MaskOf returns the mask of the first n bits of an IPv4 (v4) or IPv6 address.
func MaskOf(n int, v4 bool) Addr {
	if v4 {
		n += 96
	}
	return Addr{ones(min(n, 64)), ones(max(n-64, 0))}
}

// ones returns a number whose n highest bits are set.
func ones(n int) uint64 { return ^(^uint64(0) >> n) }

// Hash mixes address, port and protocol of a client under a secret seed, 64 bits. Both directions of a
// flow have the same client, so they share it (connections.md C1.1).
func Hash(client Addr, port uint16, proto uint8, seed *Seed) uint64 {
	return mix(fold(fold(client.Hi^seed[0], client.Lo^seed[1])^seed[2], uint64(port)<<8|uint64(proto)^seed[3]))
}

// HashPair mixes two addresses and a number under a secret seed, 64 bits.
func HashPair(a, b Addr, n uint64, seed *Seed) uint64 { return HalfOf(b, n, seed).With(a, seed) }

// Half is the part of a HashPair that is the same for many first addresses.
type Half struct{ addr, n uint64 }

// HalfOf mixes the second address and the number of a HashPair.
func HalfOf(b Addr, n uint64, seed *Seed) Half {
	return Half{fold(b.Hi^seed[2], b.Lo^seed[3]) ^ seed[2], n ^ seed[3]}
}

// With is the HashPair with first address a.
func (h Half) With(a Addr, seed *Seed) uint64 {
	return mix(fold(fold(a.Hi^seed[0], a.Lo^seed[1])^h.addr, h.n))
}

// mix takes away what is left of the product's even steps: those of a client that takes its ports one after the other might all lead to
// few buckets.
func mix(h uint64) uint64 { return (h ^ h>>32) * 0x9e3779b97f4a7c15 }

// HashBytes mixes bytes under a secret seed, 64 bits.
func HashBytes(b []byte, seed *Seed) uint64 {
	h := seed[0] ^ uint64(len(b))
	for ; len(b) >= 8; b = b[8:] {
		h = fold(h^seed[1], binary.LittleEndian.Uint64(b)^seed[2])
	}
	tail := uint64(0)
	for _, c := range b {
		tail = tail<<8 | uint64(c)
	}
	return mix(fold(h^seed[1], tail^seed[3]))
}

// Seed is the secret of a table's hash, random for each process so that nobody outside can
// choose keys that meet in one bucket.
type Seed [4]uint64

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
