package eal

/*
#include <stdlib.h>
#include <string.h>
#include <rte_memzone.h>

// A reserved zone, zeroed: DPDK does not promise it, and touching every page now spares the first packets the faults.
static const struct rte_memzone *cleat_zone(const char *name, size_t size, int socket, unsigned int align)
{
	const struct rte_memzone *z = rte_memzone_reserve_aligned(name, size, socket, 0, align);

	if (z != NULL)
		memset(z->addr, 0, size);
	return z;
}
*/
import "C"

import (
	"fmt"
	"math/bits"
)

// SocketAny lets DPDK choose the NUMA socket.
const SocketAny = -1

// zoneNameSize is the room for a zone's name and its final 0.
const zoneNameSize = C.RTE_MEMZONE_NAMESIZE

// Zone reserves size bytes of DPDK memory under a name, for a table: zeroed, from hugepages where
// there are any, on the given NUMA socket, aligned to align bytes (a power of two, at least 64). The
// garbage collector does not know of it: nothing in it may point to Go memory. It is there until
// FreeZone or Cleanup.
func Zone(name string, size, align, socket int) ([]byte, error) {
	switch {
	case name == "" || len(name) >= zoneNameSize:
		return nil, fmt.Errorf("eal: zone %q: its name must have 1 to %d bytes", name, zoneNameSize-1)
	case size <= 0:
		return nil, fmt.Errorf("eal: zone %s: size %d: must be more than 0", name, size)
	case align < 64 || bits.OnesCount(uint(align)) != 1:
		return nil, fmt.Errorf("eal: zone %s: alignment %d: must be a power of two, at least 64", name, align)
	}
	cname := C.CString(name)
	defer freeString(cname)
	var z *C.struct_rte_memzone
	err := Try("rte_memzone_reserve_aligned", func() int {
		if z = C.cleat_zone(cname, C.size_t(size), C.int(socket), C.uint(align)); z == nil {
			return -1
		}
		return 0
	})
	if err != nil {
		return nil, fmt.Errorf("eal: zone %s of %d bytes on socket %d: %w", name, size, socket, err)
	}
	return zoneBytes(z, size), nil
}

// FreeZone gives a Zone back; its bytes must not be touched any more.
func FreeZone(name string) error {
	cname := C.CString(name)
	defer freeString(cname)
	z := C.rte_memzone_lookup(cname)
	if z == nil {
		return fmt.Errorf("eal: zone %s: there is none of that name", name)
	}
	return Try("rte_memzone_free", func() int { return int(C.rte_memzone_free(z)) })
}
