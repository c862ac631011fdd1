package eal

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// KeepOff moves every thread of the process that is not a Thread off the given CPUs. Threads made
// later inherit that. It is an error, and changes nothing, if no other CPU is left that the process
// may use: then workers share theirs with everything else.
func KeepOff(cpus []int) error {
	rest, err := restOf(cpus)
	if err != nil {
		return err
	}
	// A thread may be born between the listing and the move of its parent: until a pass moves none.
	for {
		moved, err := keepOffOnce(cpus, rest)
		if err != nil || moved == 0 {
			return err
		}
	}
}

// restOf returns the CPUs the process may use, less those given. The union over its threads is what
// it may use: some are pinned to a CPU of their own.
func restOf(cpus []int) (unix.CPUSet, error) {
	var rest unix.CPUSet
	tids, err := threads()
	if err != nil {
		return rest, err
	}
	for _, tid := range tids {
		var own unix.CPUSet
		if unix.SchedGetaffinity(tid, &own) != nil {
			continue // it ended
		}
		for i := range rest {
			rest[i] |= own[i]
		}
	}
	for _, cpu := range cpus {
		rest.Clear(cpu)
	}
	if rest.Count() == 0 {
		return rest, fmt.Errorf("eal: all CPUs of the process are workers' %v: none is left for its other threads", cpus)
	}
	return rest, nil
}

// keepOffOnce moves the threads there are and returns how many it had to move. One that may use
// only CPUs of workers gets the rest.
func keepOffOnce(cpus []int, rest unix.CPUSet) (moved int, err error) {
	tids, err := threads()
	if err != nil {
		return 0, err
	}
	for _, tid := range tids {
		if _, ok := pinned.Load(tid); ok {
			continue
		}
		var own unix.CPUSet
		if unix.SchedGetaffinity(tid, &own) != nil {
			continue
		}
		less := own
		for _, cpu := range cpus {
			less.Clear(cpu)
		}
		if less == own {
			continue
		}
		if less.Count() == 0 {
			less = rest
		}
		if err := unix.SchedSetaffinity(tid, &less); err != nil && !errors.Is(err, unix.ESRCH) {
			return moved, fmt.Errorf("eal: moving thread %d off CPUs %v: %w", tid, cpus, err)
		}
		moved++
	}
	return moved, nil
}

// threads lists the process's thread ids.
func threads() ([]int, error) {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, fmt.Errorf("eal: listing threads: %w", err)
	}
	var tids []int
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil {
			tids = append(tids, tid)
		}
	}
	return tids, nil
}
