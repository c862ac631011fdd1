package wire

import (
	"encoding/binary"
	"hash/crc32"
)

// SCTP offsets and lengths (RFC 9260 section 3), bytes.
const (
	sctpChecksum = 8

	// SCTPLen is the length of the common header.
	SCTPLen      = 12
	sctpChunkLen = 4
)

// SCTP chunk types (RFC 9260 section 3.2, RFC 4960's ECNE and CWR).
const (
	ChunkData             = 0
	ChunkInit             = 1
	ChunkInitAck          = 2
	ChunkAbort            = 6
	ChunkShutdown         = 7
	ChunkShutdownAck      = 8
	ChunkError            = 9
	ChunkCookieEcho       = 10
	ChunkCookieAck        = 11
	ChunkShutdownComplete = 14
	noChunk               = 0xff
)

// SCTP is a packet from its common header on, as far as it lies in hand. Its ports are where those of TCP are (Ports).
type SCTP []byte

// ParseSCTP returns b, the payload of an IP packet, if the common header and the head of a chunk lie in it.
func ParseSCTP(b []byte) (SCTP, bool) { return b, len(b) >= SCTPLen+sctpChunkLen }

// Chunks returns the types of the first two chunks; the second is 0xff if there is none in hand.
func (s SCTP) Chunks() (first, second uint8) {
	first, second = s[SCTPLen], noChunk
	length := int(binary.BigEndian.Uint16(s[SCTPLen+2:]))
	if next := SCTPLen + (length+3)&^3; length >= sctpChunkLen && next+sctpChunkLen <= len(s) {
		second = s[next]
	}
	return first, second
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum returns the CRC32c of the packet, which must lie in hand whole, as its own field has it, that field taken as 0 (RFC 9260 section 6.8).
func (s SCTP) Checksum() uint32 {
	var zero [4]byte
	sum := crc32.Update(0, castagnoli, s[:sctpChecksum])
	sum = crc32.Update(sum, castagnoli, zero[:])
	return crc32.Update(sum, castagnoli, s[SCTPLen:])
}

// SetChecksum computes the checksum anew.
func (s SCTP) SetChecksum() { binary.LittleEndian.PutUint32(s[sctpChecksum:], s.Checksum()) }

// ChecksumOK reports whether the packet, which must lie in hand whole, has the right checksum.
func (s SCTP) ChecksumOK() bool {
	return binary.LittleEndian.Uint32(s[sctpChecksum:]) == s.Checksum()
}
