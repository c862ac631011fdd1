package eal

/*
#cgo pkg-config: libdpdk
#include <stdlib.h>
#include <rte_eal.h>
#include "log.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// running holds what Cleanup has to undo; nil: the EAL does not run.
var (
	lock    sync.Mutex
	running *logPipe
)

// Init starts the EAL with the given EAL arguments ("-l", "0", "--in-memory", …), without a program
// name. A process can do it once. The calling thread's affinity, which DPDK changes, is put back, so
// that threads made later do not all share the main lcore.
//
// Errors: the library is not the one that was compiled against; help was asked for; an *Error with
// what DPDK said against the arguments.
func Init(args []string) error {
	lock.Lock()
	defer lock.Unlock()
	if running != nil {
		return errors.New("eal: Init called twice: the EAL already runs")
	}
	if err := checkVersion(compiled, linked()); err != nil {
		return err
	}
	if err := checkArgs(args); err != nil {
		return err
	}
	log, err := openLog()
	if err != nil {
		return err
	}
	if err := initEAL(args); err != nil {
		log.close()
		removeRuntimeDir(C.GoString(C.rte_eal_get_runtime_dir()))
		return err
	}
	running = log
	return nil
}

// checkArgs refuses what would make DPDK print a page on stdout and end the process.
func checkArgs(args []string) error {
	for _, a := range args {
		if a == "-h" || len(a) > 3 && strings.HasPrefix("--help", a) {
			return fmt.Errorf("eal: argument %q: ends the program; the EAL's arguments are listed by dpdk-testpmd %s", a, a)
		}
	}
	return nil
}

func initEAL(args []string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var affinity unix.CPUSet
	if err := unix.SchedGetaffinity(0, &affinity); err != nil {
		return fmt.Errorf("eal: sched_getaffinity: %w", err)
	}
	defer unix.SchedSetaffinity(0, &affinity)
	// DPDK keeps pointers into argv: it is never freed.
	argv := append([]string{filepath.Base(os.Args[0])}, args...)
	cargv := (**C.char)(C.calloc(C.size_t(len(argv)+1), C.size_t(pointerSize)))
	fillArgv(cargv, argv)
	return Try("rte_eal_init", func() int { return int(C.cleat_eal_init(C.int(len(argv)), cargv)) })
}

// Cleanup stops the EAL: it gives back memory and devices, and removes what DPDK left in its
// run-time directory. Ports are closed and threads have returned before it; Zones and pools are
// invalid after it. The process cannot Init again.
func Cleanup() error {
	lock.Lock()
	defer lock.Unlock()
	if running == nil {
		return errors.New("eal: Cleanup: the EAL does not run")
	}
	dir := C.GoString(C.rte_eal_get_runtime_dir())
	err := Try("rte_eal_cleanup", func() int { return int(C.rte_eal_cleanup()) })
	running.close()
	running = nil
	removeRuntimeDir(dir)
	return err
}
