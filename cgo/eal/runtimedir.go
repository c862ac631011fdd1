package eal

import (
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// removeRuntimeDir removes what DPDK leaves in the run-time directory of this file prefix: its
// telemetry socket, which it unlinks in an exit handler that a Go program does not run. The directory,
// and DPDK's own above it, go too when nothing is left in them: other processes may be using either.
func removeRuntimeDir(dir string) {
	if dir == "" {
		return
	}
	sockets, _ := filepath.Glob(filepath.Join(dir, "dpdk_telemetry.v2*"))
	for _, path := range sockets {
		if listener(path) == os.Getpid() {
			os.Remove(path)
		}
	}
	if os.Remove(dir) == nil {
		os.Remove(filepath.Dir(dir))
	}
}

// listener is the process that listens on a packet socket, 0 if none does.
func listener(path string) int {
	conn, err := net.Dial("unixpacket", path)
	if err != nil {
		return 0
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0
	}
	pid := 0
	raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid = int(cred.Pid)
		}
	})
	return pid
}
