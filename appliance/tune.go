package main

import (
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// garbage is how much may pile up before it is collected, in bytes, on a machine with eight times as much memory or more. A list of 100,000
// connections, a reload and a scrape every two seconds make 3 MB a second: that is a collection every three minutes.
const garbage = 512 << 20

// collectSeldom has memory collected when there is so much garbage, and at no other time: neither in proportion to the heap, which is small, nor
// every two minutes. What the program needs is there by then; the workers' tables are not Go's. A collection stops every worker for a moment.
func collectSeldom() {
	debug.FreeOSMemory() // a collection, so that only what is needed is counted
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + room())
	debug.SetGCPercent(-1)
}

func room() int64 {
	var s unix.Sysinfo_t
	if err := unix.Sysinfo(&s); err != nil {
		return garbage
	}
	return min(garbage, int64(s.Totalram)*int64(s.Unit)/8)
}
