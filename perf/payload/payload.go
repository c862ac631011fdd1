// Package payload is what questions and answers of a trial carry: which question it is, who asked, when, and who answered.
//
// Where there is room for ShortLen bytes only, as in a TCP segment of a 64-byte frame, the number and the server are all; behind them
// everything is zero.
package payload

import "encoding/binary"

// Offsets, bytes; numbers are in network byte order.
const (
	number = 0  // 4: of the question in its flow
	server = 4  // 2: who answered
	magic  = 6  // 1
	run    = 7  // 2
	stamp  = 9  // 5: ns
	client = 14 // 4

	// ShortLen is the least that data must hold, Len what they hold where there is room.
	ShortLen = 6
	Len      = 18

	mark      = 0xce
	stampMask = 1<<40 - 1 // 18 minutes
)

// Nobody is the server in a question.
const Nobody = 0xffff

// Question is what the one who asks writes.
type Question struct {
	Number uint32 // of the question in its flow, from 0
	Client uint32 // the client's number
	Run    uint16 // of the trial
	Sent   int64  // ns since some moment
}

// Put writes q into data: Len bytes if there is room, else ShortLen, which there must be.
func Put(data []byte, q *Question) {
	binary.BigEndian.PutUint32(data[number:], q.Number)
	binary.BigEndian.PutUint16(data[server:], Nobody)
	if len(data) < Len {
		return
	}
	binary.BigEndian.PutUint64(data[magic:], mark<<56|uint64(q.Run)<<40|uint64(q.Sent)&stampMask)
	binary.BigEndian.PutUint32(data[client:], q.Client)
}

// Answer writes who answers into a question and returns what was there before; data of less than ShortLen bytes stay as they are, and
// are said to have been answered by n already.
func Answer(data []byte, n uint16) (before uint16) {
	if len(data) < ShortLen {
		return n
	}
	before = binary.BigEndian.Uint16(data[server:])
	binary.BigEndian.PutUint16(data[server:], n)
	return before
}

// Number returns which question of its flow data of at least ShortLen bytes belong to.
func Number(data []byte) uint32 { return binary.BigEndian.Uint32(data[number:]) }

// Server returns who answered.
func Server(data []byte) uint16 { return binary.BigEndian.Uint16(data[server:]) }

// Stamped reports whether data hold more than ShortLen, and a stamp with it.
func Stamped(data []byte) bool { return len(data) >= Len }

// Of reports whether stamped data are of that trial and client.
func Of(data []byte, trial uint16, c uint32) bool {
	return data[magic] == mark && binary.BigEndian.Uint16(data[run:]) == trial && binary.BigEndian.Uint32(data[client:]) == c
}

// Age returns how long before now, ns, stamped data were sent, if it was less than 18 minutes.
func Age(data []byte, now int64) int64 {
	return (now - int64(binary.BigEndian.Uint64(data[magic:]))) & stampMask
}
