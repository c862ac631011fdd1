package schedule

import "math/bits"

// The keys of mh's two hashes (M.2), each for both halves.
const (
	key1 = 2654435761
	key2 = 2654446892
)

// siphash is SipHash-1-3 of the 4 bytes of x, little endian, with both halves of the key equal; its low 32 bits (M.2).
func siphash(x uint32, key uint64) uint32 {
	s := sip{key ^ 0x736f6d6570736575, key ^ 0x646f72616e646f6d, key ^ 0x6c7967656e657261, key ^ 0x7465646279746573}
	m := 4<<56 | uint64(x) // the only block: the length and the message
	s[3] ^= m
	s.round()
	s[0] ^= m
	s[2] ^= 0xff
	s.round()
	s.round()
	s.round()
	return uint32(s[0] ^ s[1] ^ s[2] ^ s[3])
}

type sip [4]uint64

func (s *sip) round() {
	s[0] += s[1]
	s[2] += s[3]
	s[1] = bits.RotateLeft64(s[1], 13) ^ s[0]
	s[3] = bits.RotateLeft64(s[3], 16) ^ s[2]
	s[0] = bits.RotateLeft64(s[0], 32)
	s[2] += s[1]
	s[0] += s[3]
	s[1] = bits.RotateLeft64(s[1], 17) ^ s[2]
	s[3] = bits.RotateLeft64(s[3], 21) ^ s[0]
	s[2] = bits.RotateLeft64(s[2], 32)
}
