package wire

import "encoding/binary"

// TCP offsets and length (RFC 9293), bytes.
const (
	tcpSrcPort  = 0
	tcpDstPort  = 2
	tcpSeq      = 4
	tcpAck      = 8
	tcpOffset   = 12 // header length in words (4 bits), reserved
	tcpFlags    = 13
	tcpWindow   = 14
	tcpChecksum = 16
	tcpUrgent   = 18

	// TCPLen is the length of a TCP header without options.
	TCPLen = 20
)

// TCP flags.
const (
	FIN uint8 = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// TCP options (IANA).
const (
	OptionEnd       = 0
	OptionNop       = 1
	OptionMSS       = 2
	OptionSACK      = 5
	OptionTimestamp = 8
	OptionFastOpen  = 34
)

// TCP is a segment from its header on, as far as it lies in hand.
type TCP []byte

// ParseTCP returns b, the payload of an IP packet, as a segment. It promises HeaderLen bytes, at least
// TCPLen, in hand. A first fragment too short for that is refused, as RFC 1858 wants it.
func ParseTCP(b []byte) (TCP, bool) {
	if len(b) < TCPLen {
		return nil, false
	}
	n := TCP(b).HeaderLen()
	return b, n >= TCPLen && n <= len(b)
}

// SrcPort returns the source port.
func (t TCP) SrcPort() uint16 { return binary.BigEndian.Uint16(t[tcpSrcPort:]) }

// DstPort returns the destination port.
func (t TCP) DstPort() uint16 { return binary.BigEndian.Uint16(t[tcpDstPort:]) }

// Seq returns the sequence number.
func (t TCP) Seq() uint32 { return binary.BigEndian.Uint32(t[tcpSeq:]) }

// Ack returns the acknowledgment number, of meaning where ACK is set.
func (t TCP) Ack() uint32 { return binary.BigEndian.Uint32(t[tcpAck:]) }

// HeaderLen returns the length of the header with its options, bytes.
func (t TCP) HeaderLen() int { return int(t[tcpOffset]>>4) * 4 }

// Options returns the options, as bytes.
func (t TCP) Options() []byte { return t[TCPLen:t.HeaderLen()] }

// Option returns kind and size of the option at that offset, TCPLen for the first one; size 0 behind the last one, and for a malformed one.
func (t TCP) Option(at int) (kind uint8, size int) {
	left := t.HeaderLen() - at
	switch {
	case left <= 0 || t[at] == OptionEnd:
		return 0, 0
	case t[at] == OptionNop:
		return OptionNop, 1
	case left < 2 || t[at+1] < 2 || int(t[at+1]) > left:
		return 0, 0
	}
	return t[at], int(t[at+1])
}

// Flags returns the flags.
func (t TCP) Flags() uint8 { return t[tcpFlags] }

// Window returns the window, not scaled.
func (t TCP) Window() uint16 { return binary.BigEndian.Uint16(t[tcpWindow:]) }

// Checksum returns the checksum.
func (t TCP) Checksum() uint16 { return binary.BigEndian.Uint16(t[tcpChecksum:]) }

// SetSrcPort sets the source port; the checksum is the caller's.
func (t TCP) SetSrcPort(p uint16) { binary.BigEndian.PutUint16(t[tcpSrcPort:], p) }

// SetDstPort sets the destination port; the checksum is the caller's.
func (t TCP) SetDstPort(p uint16) { binary.BigEndian.PutUint16(t[tcpDstPort:], p) }

// SetSeq sets the sequence number; the checksum is the caller's.
func (t TCP) SetSeq(n uint32) { binary.BigEndian.PutUint32(t[tcpSeq:], n) }

// SetAck sets the acknowledgment number; the checksum is the caller's.
func (t TCP) SetAck(n uint32) { binary.BigEndian.PutUint32(t[tcpAck:], n) }

// SetFlags sets the flags.
func (t TCP) SetFlags(flags uint8) Diff {
	old := binary.BigEndian.Uint16(t[tcpOffset:])
	t[tcpFlags] = flags
	return Diff16(old, binary.BigEndian.Uint16(t[tcpOffset:]))
}

// SetHeaderLen sets the length of the header with its options, a multiple of 4 bytes.
func (t TCP) SetHeaderLen(n int) Diff {
	old := binary.BigEndian.Uint16(t[tcpOffset:])
	t[tcpOffset] = t[tcpOffset]&0xf | uint8(n/4)<<4
	return Diff16(old, binary.BigEndian.Uint16(t[tcpOffset:]))
}

// SetChecksum sets the checksum.
func (t TCP) SetChecksum(c uint16) { binary.BigEndian.PutUint16(t[tcpChecksum:], c) }

// UpdateChecksum changes the checksum by d.
func (t TCP) UpdateChecksum(d Diff) { t.SetChecksum(Update(t.Checksum(), d)) }

// Set writes a header of TCPLen bytes without options and with checksum 0. t must hold TCPLen bytes; what they
// were does not matter.
func (t TCP) Set(src, dst uint16, seq, ack uint32, flags uint8, window uint16) {
	t.SetSrcPort(src)
	t.SetDstPort(dst)
	binary.BigEndian.PutUint32(t[tcpSeq:], seq)
	binary.BigEndian.PutUint32(t[tcpAck:], ack)
	t[tcpOffset] = TCPLen / 4 << 4
	t[tcpFlags] = flags
	binary.BigEndian.PutUint16(t[tcpWindow:], window)
	t.SetChecksum(0)
	binary.BigEndian.PutUint16(t[tcpUrgent:], 0)
}
