package eal

/*
#include <rte_lcore.h>

static unsigned int cleat_lcore_id(void) { return rte_lcore_id(); }
*/
import "C"

import (
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// pinned holds the thread ids of all Threads: KeepOff lets them be.
var pinned sync.Map

// Thread runs f on a thread of its own that is pinned to a CPU and registered with DPDK as an lcore,
// so that mempools give it a cache. name ("cleat-worker-3", at most 15 bytes) is what ps and top show.
// It returns when f is about to run, or an error if it cannot; done is closed when f has returned. f
// must not unlock the thread, which ends then.
//
// A worker that polls never lets go of what the Go scheduler calls a P: every Thread adds one to
// GOMAXPROCS, and takes it away at its end, so that the rest of the program keeps its own. The first one adds
// another: when the world has been stopped, the runtime wakes a thread to look for work, and that is the P
// it takes, so that there is one for each worker that comes back (package steady).
func Thread(name string, cpu int, f func()) (done <-chan struct{}, err error) {
	started, ended := make(chan error), make(chan struct{})
	onOwnThread(func() {
		defer close(ended)
		tid := unix.Gettid()
		pinned.Store(tid, true)
		defer pinned.Delete(tid)
		if err := enlist(name, cpu); err != nil {
			started <- err
			return
		}
		defer C.rte_thread_unregister()
		addThreads(1)
		defer addThreads(-1)
		started <- nil
		f()
	})
	if err := <-started; err != nil {
		return nil, fmt.Errorf("eal: thread %s on CPU %d: %w", name, cpu, err)
	}
	return ended, nil
}

// LcoreID is DPDK's number for the calling thread, -1 if it is no lcore: that of Init's thread is the main
// lcore's, Threads get what is free. It is not the number of the CPU.
func LcoreID() int {
	if id := C.cleat_lcore_id(); id != C.LCORE_ID_ANY {
		return int(id)
	}
	return -1
}

// onOwnThread runs f on a locked thread that ends with it, and its affinity and name too. That is never
// the process's first thread, which does not end and whose name is the process's.
func onOwnThread(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f()
			return
		}
		locked := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(locked)
			f()
		}()
		<-locked // until then the first thread is taken, by this goroutine
		runtime.UnlockOSThread()
	}()
}

// enlist names, pins and registers the calling thread. DPDK reads the thread's affinity to know its
// NUMA socket, so that comes before.
func enlist(name string, cpu int) error {
	var only unix.CPUSet
	only.Set(cpu)
	if err := unix.SchedSetaffinity(0, &only); err != nil {
		return fmt.Errorf("sched_setaffinity: %w", err)
	}
	if err := setThreadName(name); err != nil {
		return fmt.Errorf("prctl PR_SET_NAME: %w", err)
	}
	return Try("rte_thread_register", func() int { return int(C.rte_thread_register()) })
}

// procs guards GOMAXPROCS, and counts the threads in it.
var procs struct {
	sync.Mutex
	threads int
}

// addThreads changes GOMAXPROCS for n more threads. Setting it also stops the runtime from following the affinity of
// whichever thread it asks, which would leave pinned workers too few.
func addThreads(n int) {
	procs.Lock()
	defer procs.Unlock()
	before := procs.threads
	procs.threads += n
	if before == 0 || procs.threads == 0 {
		n *= 2
	}
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n)
}
