package ethdev

/*
#include "queue.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"cleat/cgo/pktmbuf"
	"cleat/cgo/steady"
	"cleat/lcore/burst"
)

var _ = [1]int{}[burst.Size^C.CLEAT_BURST]

// Queue is one receive queue and the transmit queue of the same number. One thread uses it.
type Queue struct {
	request
	index uint16
}

// request is all that C reads and writes of Go's memory; it holds no pointers.
type request struct {
	port, queue uint16
	n           int32
	descs       [burst.Size]pktmbuf.Desc
}

var _ burst.Queue = (*Queue)(nil)

// Queue returns queue number n of a started port for the worker that knows the port as index: what
// Receive writes into burst.Packet.Port.
func (p Port) Queue(n int, index uint16) *Queue {
	return &Queue{request{port: uint16(p), queue: uint16(n)}, index}
}

// Receive implements burst.Queue; of a longer p it fills the first burst.Size.
func (q *Queue) Receive(p []burst.Packet) int {
	n := q.call(C.cleat_receive, min(len(p), burst.Size))
	for i := range p[:n] {
		q.descs[i].Packet(&p[i], q.index)
	}
	return n
}

// Transmit implements burst.Queue; of a longer p it takes no more than the first burst.Size. It panics
// if Data of a packet does not lie in the packet's own buffer: the port would send foreign memory.
func (q *Queue) Transmit(p []burst.Packet) int {
	p = p[:min(len(p), burst.Size)]
	for i := range p {
		q.descs[i].Describe(&p[i])
	}
	sent := q.call(C.cleat_transmit, len(p))
	if sent < 0 {
		i := -1 - sent
		panic(fmt.Sprintf("ethdev: port %d: Data of packet %d (%d bytes) lies outside its mbuf", q.port, i, len(p[i].Data)))
	}
	return sent
}

func (q *Queue) call(f unsafe.Pointer, n int) int {
	q.n = int32(n)
	steady.Call(f, unsafe.Pointer(&q.request))
	return int(q.n)
}

// crossing calls a C function that does nothing: what one Receive or Transmit costs at least.
func crossing() { steady.Call(C.cleat_nothing, nil) }
