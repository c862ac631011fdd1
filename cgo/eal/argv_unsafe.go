package eal

import "C"

import "unsafe"

const pointerSize = unsafe.Sizeof(uintptr(0))

// fillArgv copies args to C memory, which the caller owns, and stores their addresses in argv.
func fillArgv(argv **C.char, args []string) {
	for i, p := 0, unsafe.Slice(argv, len(args)); i < len(args); i++ {
		p[i] = C.CString(args[i])
	}
}
