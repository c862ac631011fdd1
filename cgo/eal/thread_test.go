package eal_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"cleat/cgo/eal"
)

// ownCPUs lists the CPUs the calling thread may use.
func ownCPUs(t *testing.T, tid int) []int {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(tid, &set); err != nil {
		t.Fatal(err)
	}
	var cpus []int
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

func TestInitLeavesAffinityAlone(t *testing.T) {
	var all, main unix.CPUSet
	for cpu := range runtime.NumCPU() {
		all.Set(cpu)
	}
	if err := unix.SchedGetaffinity(os.Getpid(), &main); err != nil {
		t.Fatal(err)
	}
	if main.Count() != runtime.NumCPU() {
		t.Errorf("the first thread may use %d CPUs, the process started with %d", main.Count(), runtime.NumCPU())
	}
}

func TestThread(t *testing.T) {
	cpu := ownCPUs(t, 0)[0]
	procs := runtime.GOMAXPROCS(0)
	var cpus []int
	var name string
	lcore, tid, during := -1, 0, 0
	done, err := eal.Thread("cleat-worker-3", cpu, func() {
		cpus = ownCPUs(t, 0)
		tid, lcore, during = unix.Gettid(), eal.LcoreID(), runtime.GOMAXPROCS(0)
		comm, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/comm", tid))
		name = strings.TrimSpace(string(comm))
	})
	if err != nil {
		t.Fatal(err)
	}
	<-done
	if len(cpus) != 1 || cpus[0] != cpu {
		t.Errorf("the thread may use CPUs %v, want only %d", cpus, cpu)
	}
	if name != "cleat-worker-3" {
		t.Errorf("the thread is called %q", name)
	}
	if lcore < 0 {
		t.Error("the thread is not an lcore")
	}
	if tid == os.Getpid() {
		t.Error("the thread is the process's first")
	}
	if during != procs+2 || runtime.GOMAXPROCS(0) != procs {
		t.Errorf("GOMAXPROCS was %d, then %d, then %d", procs, during, runtime.GOMAXPROCS(0))
	}
	if eal.LcoreID() == lcore {
		t.Error("the lcore id outlived its thread")
	}
}

func TestThreadErrors(t *testing.T) {
	ran := false
	if _, err := eal.Thread("x", 1000, func() { ran = true }); err == nil || ran {
		t.Errorf("CPU 1000: err %v, ran %v", err, ran)
	}
}

func TestThreadsManyTimes(t *testing.T) {
	cpu := ownCPUs(t, 0)[0]
	for range 200 { // more than there are lcore ids: they must come back
		done, err := eal.Thread("x", cpu, func() {})
		if err != nil {
			t.Fatal(err)
		}
		<-done
	}
}

func TestKeepOff(t *testing.T) {
	cpus := ownCPUs(t, 0)
	if len(cpus) < 2 {
		t.Skip("needs two CPUs")
	}
	restoreAffinities(t)
	mine := cpus[len(cpus)-1]
	stop := make(chan struct{})
	var workerCPUs []int
	done, err := eal.Thread("worker", mine, func() {
		<-stop
		workerCPUs = ownCPUs(t, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := eal.KeepOff([]int{mine}); err != nil {
		t.Fatal(err)
	}
	on := 0
	for _, tid := range threadIDs(t) {
		var set unix.CPUSet
		if unix.SchedGetaffinity(tid, &set) == nil && set.IsSet(mine) {
			on++
		}
	}
	close(stop)
	<-done
	if on != 1 {
		t.Errorf("%d threads may run on the worker's CPU, want the worker alone", on)
	}
	if len(workerCPUs) != 1 || workerCPUs[0] != mine {
		t.Errorf("the worker was moved to %v", workerCPUs)
	}
}

func TestKeepOffAll(t *testing.T) {
	before := ownCPUs(t, 0)
	err := eal.KeepOff(before)
	if err == nil || !strings.Contains(err.Error(), "none is left") {
		t.Errorf("KeepOff of all CPUs: %v", err)
	}
	if after := ownCPUs(t, 0); len(after) != len(before) {
		t.Errorf("it moved the thread all the same: %v", after)
	}
}

// restoreAffinities gives every thread its CPUs back when the test is over.
func restoreAffinities(t *testing.T) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, tid := range threadIDs(t) {
			unix.SchedSetaffinity(tid, &all)
		}
	})
}

func threadIDs(t *testing.T) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	tids := make([]int, len(entries))
	for i, e := range entries {
		fmt.Sscan(e.Name(), &tids[i])
	}
	return tids
}
