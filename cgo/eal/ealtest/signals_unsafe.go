package ealtest

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sigaction is the kernel's struct of that name (asm/signal.h), on amd64 and arm64.
type sigaction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

// signalHandlers reads the handlers of all signals, 0 for none.
func signalHandlers() []uintptr {
	var handlers []uintptr
	for signo := uintptr(1); signo <= 64; signo++ {
		var sa sigaction
		unix.RawSyscall6(unix.SYS_RT_SIGACTION, signo, 0, uintptr(unsafe.Pointer(&sa)), unsafe.Sizeof(sa.mask), 0, 0)
		handlers = append(handlers, sa.handler)
	}
	return handlers
}
