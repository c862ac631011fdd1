package spin

import (
	"time"
	"unsafe"
)

// pointer is the address of the first of durations, which C sees as so many uint64s: no gap is negative.
func pointer(dst []time.Duration) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(dst)) }
