package pktmbuf

/*
#cgo pkg-config: libdpdk
#include <stdlib.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include "pool.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"cleat/cgo/eal"
	"cleat/cgo/steady"
	"cleat/lcore/burst"
)

var _ = [1]int{}[burst.Size^C.CLEAT_BURST]

// MaxDataRoom is the greatest data room of a buffer behind its headroom, in bytes.
const MaxDataRoom = 65535 - burst.Headroom

// Pool is a mempool of mbufs. Any thread may use it; those started by eal.Thread have a cache in it.
type Pool struct {
	c *C.struct_rte_mempool
}

var _ burst.Pool = (*Pool)(nil)

// NewPool makes a pool of n mbufs (best one less than a power of two) on a NUMA socket
// (eal.SocketAny: wherever). cache is how many free ones each lcore may keep for itself, at most 512 and
// n/1.5; 0: none. dataRoom is the room for a frame behind the headroom, in bytes: 2048 suits an MTU
// of 1500.
func NewPool(name string, n, cache, dataRoom, socket int) (*Pool, error) {
	if dataRoom < 1 || dataRoom > MaxDataRoom {
		return nil, fmt.Errorf("pktmbuf: pool %s: data room %d: must be 1 to %d bytes", name, dataRoom, MaxDataRoom)
	}
	if n < 1 || cache < 0 {
		return nil, fmt.Errorf("pktmbuf: pool %s: %d mbufs, cache of %d: must be at least 1 and 0", name, n, cache)
	}
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	p := &Pool{}
	err := eal.Try("rte_pktmbuf_pool_create", func() int {
		p.c = C.rte_pktmbuf_pool_create(cname, C.uint(n), C.uint(cache), 0, C.uint16_t(burst.Headroom+dataRoom), C.int(socket))
		if p.c == nil {
			return -1
		}
		return 0
	})
	if err != nil {
		return nil, fmt.Errorf("pktmbuf: pool %s of %d mbufs on socket %d: %w", name, n, socket, err)
	}
	return p, nil
}

// Close gives the pool's memory back. All its mbufs are in it, and no port uses it, by then.
func (p *Pool) Close() {
	C.rte_mempool_free(p.c)
	p.c = nil
}

// C is the struct rte_mempool, for the packages of this binding.
func (p *Pool) C() unsafe.Pointer { return unsafe.Pointer(p.c) }

// Avail is the number of free mbufs, those in the lcores' caches included. It is exact while nobody
// uses the pool, and costs a look at every lcore: not for the data path.
func (p *Pool) Avail() int { return int(C.rte_mempool_avail_count(p.c)) }

// InUse is the number of mbufs somebody holds: a worker, a ring, or a port's receive and transmit
// queues.
func (p *Pool) InUse() int { return int(C.rte_mempool_in_use_count(p.c)) }

// Size is the number of mbufs in all.
func (p *Pool) Size() int { return int(p.c.size) }

// Socket is the NUMA socket of the pool's memory.
func (p *Pool) Socket() int { return int(p.c.socket_id) }

// allocation and release are what C reads and writes of Go's memory; both lie on the caller's stack.
type (
	allocation struct {
		pool  *C.struct_rte_mempool
		n     uint64
		descs [burst.Size]Desc
	}
	release struct {
		n     uint64
		mbufs [burst.Size]uintptr
	}
)

// Alloc implements burst.Pool, for up to burst.Size packets.
func (p *Pool) Alloc(packets []burst.Packet) bool {
	if len(packets) == 0 {
		return true
	}
	a := allocation{pool: p.c, n: uint64(len(packets))}
	steady.Call(C.cleat_alloc, unsafe.Pointer(&a))
	if a.n == 0 {
		return false
	}
	for i := range packets {
		a.descs[i].Packet(&packets[i], 0)
	}
	return true
}

// Free implements burst.Pool. Packets may be of any pool.
func (p *Pool) Free(packets []burst.Packet) { Free(packets) }

// Free gives packets back, each with all its segments to the pool it came from.
func Free(packets []burst.Packet) {
	for len(packets) > 0 {
		r := release{n: uint64(min(len(packets), burst.Size))}
		for i := range packets[:r.n] {
			r.mbufs[i] = uintptr(packets[i].Handle)
		}
		steady.Call(C.cleat_free, unsafe.Pointer(&r))
		packets = packets[r.n:]
	}
}
