package ethdev

/*
#include "queue.h"

#cgo noescape cleat_receive
#cgo nocallback cleat_receive
#cgo noescape cleat_transmit
#cgo nocallback cleat_transmit
#cgo noescape cleat_nothing
#cgo nocallback cleat_nothing
*/
import "C"

import (
	"fmt"
	"unsafe"

	"cleat/cgo/pktmbuf"
	"cleat/lcore/burst"
)

var _ = [1]int{}[burst.Size^C.CLEAT_BURST]

// Queue is one receive queue and the transmit queue of the same number. One thread uses it.
type Queue struct {
	port, queue C.uint16_t
	index       uint16
	// descs is all that C reads and writes of Go's memory; it holds no pointers.
	descs [burst.Size]pktmbuf.Desc
}

var _ burst.Queue = (*Queue)(nil)

// Queue returns queue number n of a started port for the worker that knows the port as index: what
// Receive writes into burst.Packet.Port.
func (p Port) Queue(n int, index uint16) *Queue {
	return &Queue{port: C.uint16_t(p), queue: C.uint16_t(n), index: index}
}

// Receive implements burst.Queue; of a longer p it fills the first burst.Size.
func (q *Queue) Receive(p []burst.Packet) int {
	n := C.cleat_receive(q.port, q.queue, q.c(), C.uint(min(len(p), burst.Size)))
	for i := range p[:n] {
		q.descs[i].Packet(&p[i], q.index)
	}
	return int(n)
}

// Transmit implements burst.Queue; of a longer p it takes no more than the first burst.Size. It panics
// if Data of a packet does not lie in the packet's own buffer: the port would send foreign memory.
func (q *Queue) Transmit(p []burst.Packet) int {
	p = p[:min(len(p), burst.Size)]
	for i := range p {
		q.descs[i].Describe(&p[i])
	}
	sent := int(C.cleat_transmit(q.port, q.queue, q.c(), C.uint(len(p))))
	if sent < 0 {
		i := -1 - sent
		panic(fmt.Sprintf("ethdev: port %d: Data of packet %d (%d bytes) lies outside its mbuf", q.port, i, len(p[i].Data)))
	}
	return sent
}

func (q *Queue) c() *C.struct_cleat_desc {
	return (*C.struct_cleat_desc)(unsafe.Pointer(&q.descs[0]))
}

// crossing calls a C function that does nothing: what one Receive or Transmit costs at least.
func crossing() { C.cleat_nothing() }
