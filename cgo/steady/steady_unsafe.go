//go:build go1.26 && !go1.27 && linux && (amd64 || arm64)

package steady

import (
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// running is how many goroutines are in Run.
var running atomic.Int32

// stand is how many looks a goroutine that is to be scanned stands still for, about 2 µs. Who scans tries again and again; if the kernel has
// taken its CPU away, it will be there in a later turn.
const stand = 2000

// spin is how many looks a goroutine that is stopped takes before it lets others have its CPU, about 50 µs: who stops it may need that very one.
const spin = 50000

// Run has f run without being stopped but in Pause. The goroutine is locked to its thread. f must not block in any other way, and a panic in it
// ends the program.
func Run(f func()) {
	hold(unix.SIG_BLOCK)
	defer hold(unix.SIG_UNBLOCK)
	running.Add(1)
	defer running.Add(-1)
	procPin()
	f()
	procUnpin()
}

// hold keeps the signal by which the runtime asks goroutines to yield from the calling thread: it would cost a turn some microseconds to no effect.
func hold(how int) {
	var set unix.Sigset_t
	set.Val[0] = 1 << (unix.SIGURG - 1)
	_ = unix.PthreadSigmask(how, &set, nil) // cannot fail: the arguments are right
}

// Pause lets the runtime have its way with the calling goroutine if it wants to, and sleeps.
func Pause(sleep time.Duration) {
	stop := stopping() && atomic.LoadInt32(stopWait) <= running.Load()
	if sleep > 0 || stop || atomic.LoadInt32(safePointWait) != 0 || scanned() {
		t := syscall.NsecToTimespec(int64(sleep))
		yield(&t)
	}
}

// yield must not call what may need more stack, in the state of a system call.
//
//go:nosplit
func yield(sleep *syscall.Timespec) {
	entersyscall()
	if sleep.Sec|sleep.Nsec != 0 {
		syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(sleep)), 0, 0) // if a signal ends it early, so be it
	}
	for i := 0; i < stand && scanned(); i++ {
	}
	if stopping() {
		for i := 0; stopping(); i++ { // without PAUSE, which in a virtual machine may end its time slice
			if i > spin {
				syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
			}
		}
		for i := 0; i < spin && locked(); i++ { // by whoever has started the world: exitsyscall would go to sleep over it
		}
	}
	exitsyscall()
}
