// Package sequence shifts TCP sequence numbers: of what one side sends on its way to the other, of the other side's acknowledgments on their way back. It knows
// numbers and segments, no connections.
package sequence

import (
	"encoding/binary"

	"cleat/lcore/wire"
)

// Shift is by how much the sequence numbers of one direction differ since what is sent began at another number (forwarding.md F8.5) or changed its
// length on the way (connections.md C12.4). The zero Shift shifts nothing.
type Shift struct {
	at            uint32 // sequence number, as sent, of the packet that changed last
	before, after int32  // what is added up to that one, and behind it
}

// Begin makes s the shift by n of a stream whose byte with sequence number first has grows bytes put in front of it.
func (s *Shift) Begin(first, n uint32, grows int) {
	*s = Shift{at: first, before: int32(n), after: int32(n) + int32(grows)}
}

// Settled reports whether all numbers are shifted by the same.
func (s *Shift) Settled() bool { return s.before == s.after }

// Changed notes that the packet with this sequence number, as sent, has grown by n bytes. One that comes again counts once.
func (s *Shift) Changed(seq uint32, n int) {
	if n == 0 || s.before != s.after && !behind(seq, s.at) {
		return
	}
	s.before, s.at = s.after, seq
	s.after += int32(n)
}

// Seq returns what a sequence number becomes on its way.
func (s *Shift) Seq(seq uint32) uint32 {
	if behind(seq, s.at) {
		return seq + uint32(s.after)
	}
	return seq + uint32(s.before)
}

// Ack returns what an acknowledgment from the other side becomes on its way: it is for the numbers that Seq made.
func (s *Shift) Ack(ack uint32) uint32 {
	if behind(ack, s.at+uint32(s.before)) {
		return ack - uint32(s.after)
	}
	return ack - uint32(s.before)
}

// Settle notes an acknowledgment as it came from the other side, where the packet that changed has grown at its front. Once that side has what it has grown
// by, the packet need not be told any more from what follows it, which it could not be for more than 2^31 bytes.
func (s *Shift) Settle(ack uint32) {
	if !s.Settled() && !behind(s.at+uint32(s.after), ack) {
		s.before = s.after
	}
}

// Advance shifts the sequence number of a segment from the side whose lines change.
func (s *Shift) Advance(t wire.TCP) {
	if s.before != 0 || s.after != 0 {
		old := t.Seq()
		t.SetSeq(s.Seq(old))
		t.UpdateChecksum(wire.Diff32(old, t.Seq()))
	}
}

// Acknowledge shifts the acknowledgments of a segment from the other side, selective ones (RFC 2018) too.
func (s *Shift) Acknowledge(t wire.TCP) {
	if s.before == 0 && s.after == 0 || t.Flags()&wire.ACK == 0 {
		return
	}
	old := t.Ack()
	t.SetAck(s.Ack(old))
	t.UpdateChecksum(wire.Diff32(old, t.Ack()))
	for at := wire.TCPLen; ; {
		kind, size := t.Option(at)
		if size == 0 {
			return
		}
		for edge := at + 2; kind == wire.OptionSACK && edge+4 <= at+size; edge += 4 {
			s.acknowledge(t, edge)
		}
		at += size
	}
}

// acknowledge shifts the edge of a selective acknowledgment at that offset.
func (s *Shift) acknowledge(t wire.TCP, at int) {
	old := binary.BigEndian.Uint32(t[at:])
	edge := s.Ack(old)
	binary.BigEndian.PutUint32(t[at:], edge)
	if at%2 != 0 { // in the checksum its bytes stand the other way round
		old, edge = swap(old), swap(edge)
	}
	t.UpdateChecksum(wire.Diff32(old, edge))
}

func swap(n uint32) uint32 { return n<<8&0xff00ff00 | n>>8&0x00ff00ff }

// behind reports whether sequence number a comes after b.
func behind(a, b uint32) bool { return int32(a-b) > 0 }
