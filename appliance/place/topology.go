// Package place chooses the CPUs that forward: those that the configuration names, or what the machine's topology suggests.
// It reads a file tree and computes; it starts nothing.
package place

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Nowhere is the NUMA socket of a port that is on none in particular: a virtual device, or a NIC in a machine with one socket.
const Nowhere = -1

// CPU is one that the process may use.
type CPU struct {
	ID     int // the kernel's number
	Core   int // the lowest number of a CPU on its physical core: SMT siblings have the same
	Socket int // NUMA
}

// Topology is the CPUs that the process may use, by number.
type Topology []CPU

// Read tells the topology of the allowed CPUs, in rising order, from what sysfs (/sys) says. A CPU of which that says nothing counts as a core of its
// own on socket 0.
func Read(sys fs.FS, allowed []int) Topology {
	t := make(Topology, len(allowed))
	for i, id := range allowed {
		t[i] = CPU{ID: id, Core: id, Socket: socketOf(sys, id)}
		siblings, err := fs.ReadFile(sys, fmt.Sprintf("devices/system/cpu/cpu%d/topology/thread_siblings_list", id))
		if err == nil {
			t[i].Core = leading(string(siblings), id)
		}
	}
	return t
}

// socketOf looks for the directory's entry that is named after the socket: cpu3/node1.
func socketOf(sys fs.FS, cpu int) int {
	links, _ := fs.Glob(sys, fmt.Sprintf("devices/system/cpu/cpu%d/node[0-9]*", cpu))
	if len(links) == 0 {
		return 0
	}
	return leading(links[0][strings.LastIndex(links[0], "node")+len("node"):], 0)
}

// leading returns the number that text begins with ("4" of "4,36" and of "4-5\n"), otherwise if there is none.
func leading(text string, otherwise int) int {
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(text)
	}
	n, err := strconv.Atoi(text[:end])
	if err != nil {
		return otherwise
	}
	return n
}

// SocketOf returns the NUMA socket of a port, Nowhere if it is on none: device is its PCI address, iface the kernel interface that a virtual
// device is on, "" if it is on none.
func SocketOf(sys fs.FS, device, iface string) int {
	name := "bus/pci/devices/" + device + "/numa_node"
	if iface != "" {
		name = "class/net/" + iface + "/device/numa_node"
	}
	text, err := fs.ReadFile(sys, name)
	if err != nil {
		return Nowhere
	}
	return leading(string(text), Nowhere) // the kernel says -1 itself
}
