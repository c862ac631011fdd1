package eal

/*
#include <stdlib.h>
#include <rte_memzone.h>

// addr is the second member of a union in a packed struct, which cgo does not show.
static void *cleat_zone_addr(const struct rte_memzone *z) { return z->addr; }
*/
import "C"

import "unsafe"

// zoneBytes is the zone's memory; size ≤ its length.
func zoneBytes(z *C.struct_rte_memzone, size int) []byte {
	return unsafe.Slice((*byte)(C.cleat_zone_addr(z)), size)
}

func freeString(s *C.char) { C.free(unsafe.Pointer(s)) }
