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
	Hugepages bool // packets and tables lie in hugepages
	ports     int  // made so far
}

// errRoot explains what is needed, and what works without.
var errRoot = errors.New("must be run as root, as DPDK's ports and hugepages demand (sudo cleat-perf …); cleat-perf pcap works without")

// Start starts the EAL. A process can do it once.
func Start(o Options) (*Bed, error) {
	if os.Geteuid() != 0 {
		return nil, errRoot
	}
	if err := checkCPU(o.CPU); err != nil {
		return nil, err
	}
	b := &Bed{CPU: o.CPU}
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

func checkCPU(cpu int) error {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return err
	}
	if !allowed.IsSet(cpu) {
		return fmt.Errorf("CPU %d: is not there, or this process may not use it", cpu)
	}
	return nil
}

// LastCPU is the last CPU that this process may use: the one that is asked for least.
func LastCPU() (last int) {
	var allowed unix.CPUSet
	if unix.SchedGetaffinity(0, &allowed) == nil {
		for cpu := range len(allowed) * 64 {
			if allowed.IsSet(cpu) {
				last = cpu
			}
		}
	}
	return last
}

// Close stops the EAL. Ports are closed and threads have ended by then.
func (b *Bed) Close() error { return eal.Cleanup() }

// Thread runs f on the measured CPU, all other threads kept off it where there is another, and waits until it is done.
func (b *Bed) Thread(f func()) (done <-chan struct{}, err error) {
	if done, err = eal.Thread("cleat-perf", b.CPU, f); err != nil {
		return nil, err
	}
	_ = eal.KeepOff([]int{b.CPU}) // with a single CPU there is no other place; the readings are of CPU time
	return done, nil
}
