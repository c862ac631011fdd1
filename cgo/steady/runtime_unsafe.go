//go:build go1.26 && !go1.27 && linux && (amd64 || arm64)

package steady

import (
	"sync/atomic"
	"unsafe"
)

// Where Go 1.26 keeps what is asked for here, in bytes (src/runtime/runtime2.go).
const (
	schedLock          = 32  // schedt.lock.key; bit 0: somebody holds it
	schedGCWaiting     = 264 // schedt.gcwaiting: the world is stopped, or is to be
	schedStopWait      = 268 // schedt.stopwait: how many Ps still have to stop
	schedSafePointWait = 304 // schedt.safePointWait: how many Ps still have to do what is done for every P
	gPreempt           = 176 // g.paniconfault, preempt, preemptStop, preemptShrink, a byte each
	preemptStop        = 0xff0000
)

// scheduler is the address of runtime.sched.
func scheduler() unsafe.Pointer

// goroutine is the address of the calling goroutine's runtime.g.
func goroutine() unsafe.Pointer

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

//go:linkname entersyscall runtime.entersyscall
func entersyscall()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()

var (
	lock          = (*uint32)(unsafe.Add(scheduler(), schedLock))
	gcWaiting     = (*uint32)(unsafe.Add(scheduler(), schedGCWaiting))
	stopWait      = (*int32)(unsafe.Add(scheduler(), schedStopWait))
	safePointWait = (*int32)(unsafe.Add(scheduler(), schedSafePointWait))
)

//go:nosplit
func locked() bool { return atomic.LoadUint32(lock)&1 != 0 }

//go:nosplit
func stopping() bool { return atomic.LoadUint32(gcWaiting) != 0 }

// scanned says that somebody waits for the calling goroutine to stand still, to look at its stack.
//
//go:nosplit
func scanned() bool {
	return atomic.LoadUint32((*uint32)(unsafe.Add(goroutine(), gPreempt)))&preemptStop != 0
}
