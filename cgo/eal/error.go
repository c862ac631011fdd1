package eal

/*
#include <rte_errno.h>
#include "log.h"

// rte_errno is a macro around a thread's variable.
static int cleat_rte_errno(void) { return rte_errno; }
static void cleat_set_rte_errno(int e) { rte_errno = e; }
*/
import "C"

import (
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// Error is a DPDK call that failed, in DPDK's own words.
type Error struct {
	// Call is what was called: "rte_eal_init".
	Call string
	// Errno is its reason; DPDK's own ones lie above the system's (rte_errno.h).
	Errno syscall.Errno
	// Reason is rte_strerror(Errno).
	Reason string
	// Log is what DPDK logged as errors during the call, a line an element.
	Log []string
}

// Error says it in one line.
func (e *Error) Error() string {
	text := e.Call + ": " + e.Reason
	if len(e.Log) > 0 {
		text += ": " + strings.Join(e.Log, "; ")
	}
	return text
}

// Unwrap makes errors.Is(err, syscall.ENOMEM) and its like work.
func (e *Error) Unwrap() error { return e.Errno }

// Try runs f, which makes the named DPDK call and returns its result, and turns a negative one into
// an *Error with what DPDK logged meanwhile. -1 stands for rte_errno, as in most of DPDK, anything
// below for the error number itself. f runs on a locked thread, for rte_errno is the thread's.
func Try(call string, f func() int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	C.cleat_errors_begin()
	C.cleat_set_rte_errno(0)
	rc := f()
	log := C.GoString(C.cleat_errors_end())
	if rc >= 0 {
		return nil
	}
	errno := -rc
	if own := int(C.cleat_rte_errno()); rc == -1 && own > 0 {
		errno = own
	}
	return &Error{call, syscall.Errno(errno), C.GoString(C.rte_strerror(C.int(errno))), errorLines(log)}
}

// errorLines splits what was logged; DPDK says some things twice, on stderr and in its log.
func errorLines(log string) []string {
	var lines []string
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(strings.Replace(line, "EAL: FATAL: ", "EAL: ", 1))
		if line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}
