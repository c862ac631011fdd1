package eal

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// setThreadName names the calling thread; the kernel keeps the first 15 bytes.
func setThreadName(name string) error {
	text, err := unix.BytePtrFromString(name)
	if err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(text)), 0, 0, 0)
}
