// Package bed is what measurements lie on: DPDK, ports that make packets without end, a thread of its own on one CPU, and the
// reading of that thread's clock.
package bed

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"cleat/cgo/eal"
)

// Options say where to measure.
type Options struct {
	CPU       int      // of the measured thread
	Hugepages string   // auto, require, off: see eal.MemoryArgs
	Memory    int      // MiB for packets and tables
	PCI       []string // addresses of the devices to use; none: no PCI device is looked at
}

// Bed is a running EAL.
type Bed struct {
	CPU       int
	Hugepages bool     // packets and tables lie in hugepages
	Drivers   []string // of the ports made so far, each once
	ports     int      // made so far
	cpus      []int    // that this process may use, the measured one first
}

// errRoot explains what is needed, and what works without.
var errRoot = errors.New("must be run as root, as DPDK's ports and hugepages demand (sudo cleat-perf …); cleat-perf pcap works without")

// Start starts the EAL. A process can do it once.
func Start(o Options) (*Bed, error) {
	if os.Geteuid() != 0 {
		return nil, errRoot
	}
	cpus, err := usable()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(cpus, o.CPU) {
		return nil, fmt.Errorf("CPU %d: is not there, or this process may not use it", o.CPU)
	}
	others := slices.DeleteFunc(cpus, func(cpu int) bool { return cpu == o.CPU })
	b := &Bed{CPU: o.CPU, cpus: append([]int{o.CPU}, others...)}
	if err := b.startEAL(o); err != nil {
		return nil, err
	}
	return b, nil
}

func (b *Bed) startEAL(o Options) error {
	memory, err := eal.MemoryArgs(o.Hugepages, o.Memory)
	if err != nil {
		return err
	}
	b.Hugepages = slices.Contains(memory, "--in-memory")
	eal.SetLog(func(string) {}) // what goes wrong comes back as an error
	args := append(memory, "--no-telemetry", "--file-prefix", fmt.Sprintf("cleat-perf-%d", os.Getpid()), "--lcores", fmt.Sprintf("0@%d", b.CPU))
	for _, address := range o.PCI {
		args = append(args, "--allow", address)
	}
	if len(o.PCI) == 0 {
		args = append(args, "--no-pci")
	}
	return eal.Init(args)
}

// usable are the CPUs that this process may use, in rising order.
func usable() (cpus []int, err error) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return nil, err
	}
	for cpu := range len(allowed) * 64 {
		if allowed.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// FirstCPU is the first CPU that this process may use.
func FirstCPU() int {
	cpus, err := usable()
	if err != nil {
		return 0
	}
	return cpus[0]
}

// LastCPU is the last CPU that this process may use: the one that is asked for least.
func LastCPU() int {
	cpus, err := usable()
	if err != nil {
		return 0
	}
	return cpus[len(cpus)-1]
}

// Close stops the EAL. Ports are closed and threads have ended by then.
func (b *Bed) Close() error { return eal.Cleanup() }

// Thread runs f on the measured CPU, all other threads kept off it where there is another, and waits until it is done.
func (b *Bed) Thread(f func()) (done <-chan struct{}, err error) {
	all, err := b.Threads([]func(){f})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// Threads is Thread for several at a time, each on a CPU of its own, the measured one first. If one cannot be started, it is for the caller to
// end those that were: they are returned with the error. Where no CPU is left for all other threads, those go first.
func (b *Bed) Threads(fs []func()) (all []<-chan struct{}, err error) {
	if len(fs) > len(b.cpus) {
		return nil, fmt.Errorf("%d CPUs are needed, and this process may use %d", len(fs), len(b.cpus))
	}
	for i, f := range fs {
		run := f
		if len(fs) == len(b.cpus) {
			run = func() { stepBack(); f() }
		}
		done, err := eal.Thread("cleat-perf", b.cpus[i], run)
		if err != nil {
			return all, err
		}
		all = append(all, done)
	}
	_ = eal.KeepOff(b.cpus[:len(fs)]) // with no CPU left there is no other place; the readings are of CPU time
	return all, nil
}

// stepBack gives the calling thread, if it has a real-time priority, a lower one than the rest of the process has: it would never let go of its CPU.
func stepBack() {
	a, err := unix.SchedGetAttr(0, 0)
	if err == nil && a.Priority > 1 {
		a.Priority--
		_ = unix.SchedSetAttr(0, a, 0) // a lower one is always granted
	}
}
