package eal

import (
	"fmt"
	"path/filepath"
)

// SocketOf returns the NUMA socket of a CPU, 0 on machines that have but one.
func SocketOf(cpu int) int { return socketOf("/sys/devices/system/cpu", cpu) }

// socketOf looks for the directory's link that is named after the socket: cpu3/node1.
func socketOf(dir string, cpu int) int {
	links, _ := filepath.Glob(filepath.Join(dir, fmt.Sprintf("cpu%d", cpu), "node[0-9]*"))
	socket := 0
	if len(links) > 0 {
		fmt.Sscanf(filepath.Base(links[0]), "node%d", &socket)
	}
	return socket
}
