package ethdev

// #include <stdint.h>
// #include <stdlib.h>
// #include <rte_mempool.h>
import "C"

import (
	"unsafe"

	"cleat/cgo/pktmbuf"
)

func freeString(s *C.char) { C.free(unsafe.Pointer(s)) }

// mempool is the pool as this package's C knows it.
func mempool(p *pktmbuf.Pool) *C.struct_rte_mempool { return (*C.struct_rte_mempool)(p.C()) }

// bytes are b, of at least one, as C takes them.
func bytes(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }
